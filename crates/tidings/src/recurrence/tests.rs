//! Tests of when recurrences come.

use super::*;
use crate::timestamp;

fn next(text: &str, zone: Option<&str>, after: &str) -> Vec<String> {
    let recurrence = Recurrence::read(text, zone).unwrap();
    let mut at = timestamp::read(after).unwrap();
    let mut times = Vec::new();
    for _ in 0..3 {
        at = recurrence.next_after(at).unwrap();
        times.push(timestamp::write(at).unwrap());
    }
    times
}

#[test]
fn intervals_begin_at_a_whole_second() {
    let times = next("@every 1m30s", None, "2026-01-01T00:00:00.4Z");
    assert_eq!(times, ["2026-01-01T00:01:30Z", "2026-01-01T00:03:00Z", "2026-01-01T00:04:30Z"]);
    assert_eq!(next("@every 2s", None, "2026-01-01T00:00:00.6Z")[0], "2026-01-01T00:00:03Z");
    let every = Recurrence::every(Duration::from_millis(1500)).unwrap();
    assert_eq!(every.to_string().parse::<Recurrence>().unwrap(), every);
}

#[test]
fn patterns_of_cron() {
    let after = "2026-11-28T09:59:59Z";
    let first = |text| next(text, None, after)[0].clone();
    assert_eq!(first("* * * * * *"), "2026-11-28T10:00:00Z");
    assert_eq!(first("*/15 * * * * *"), "2026-11-28T10:00:00Z");
    assert_eq!(first("5,7 10-20/5 9 * * *"), "2026-11-29T09:10:05Z");
    // The 29th of November 2026 is a Sunday.
    assert_eq!(first("0 0 0 * * SUN"), "2026-11-29T00:00:00Z");
    assert_eq!(first("0 0 0 * dec mon-fri"), "2026-12-01T00:00:00Z");
    // Either day is enough where both say something.
    assert_eq!(first("0 0 0 15 * sun"), "2026-11-29T00:00:00Z");
    assert_eq!(first("0 0 0 29 2 ?"), "2028-02-29T00:00:00Z");
    assert_eq!(next("@hourly", None, after)[2], "2026-11-28T12:00:00Z");
    assert_eq!(first("@daily"), "2026-11-29T00:00:00Z");
    assert_eq!(first("@weekly"), "2026-11-29T00:00:00Z");
    assert_eq!(first("@monthly"), "2026-12-01T00:00:00Z");
    assert_eq!(first("@yearly"), "2027-01-01T00:00:00Z");
    assert_eq!(first("0/20 59 9 * * *"), "2026-11-29T09:59:00Z");
}

#[test]
fn time_zones_and_changes_of_clocks() {
    let berlin = Some("Europe/Berlin");
    let mornings = next("0 30 8 * * *", berlin, "2026-03-28T00:00:00Z");
    assert_eq!(mornings, ["2026-03-28T07:30:00Z", "2026-03-29T06:30:00Z", "2026-03-30T06:30:00Z"]);
    // Clocks go from 2:00 to 3:00 on the 29th of March, and there is no 2:30.
    let nights = next("0 30 2 * * *", berlin, "2026-03-28T12:00:00Z");
    assert_eq!(nights[0], "2026-03-30T00:30:00Z");
    // They go from 3:00 to 2:00 on the 25th of October, and there are two.
    let nights = next("0 30 2 * * *", berlin, "2026-10-24T12:00:00Z");
    assert_eq!(nights, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]);
    assert_eq!(next("@daily", berlin, "2026-07-01T00:00:00Z")[0], "2026-07-01T22:00:00Z");
}

#[test]
fn what_is_no_recurrence() {
    let fault = |text: &str| text.parse::<Recurrence>().unwrap_err();
    for text in [
        "",
        "soon",
        "* * * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "5-3 * * * * *",
        "*/0 * * * * *",
        "1/2/3 * * * * *",
        "1-2-3 * * * * *",
        "x * * * * *",
        "* * * L * *",
        "-1 * * * * *",
        "@every",
        "@every ",
        "@every soon",
        "@every -5m",
        "@fortnightly",
        "* * * * * mon-",
        "é * * * * *",
    ] {
        assert!(matches!(fault(text), RecurrenceError::Pattern { .. }), "{text:?}");
    }
    for text in ["0 0 0 30 2 *", ", * * * * *"] {
        assert!(matches!(fault(text), RecurrenceError::Never { .. }), "{text:?}");
    }
    for text in ["@every 500ms", "@every 0", "@every 3000000h"] {
        assert!(matches!(fault(text), RecurrenceError::Interval { .. }), "{text:?}");
    }
    let daily = || Recurrence::cron("@daily").unwrap();
    for zone in ["", "Mars/Olympus", "europe/berlin", "+02:00", "CEST", "../etc/passwd"] {
        let error = daily().in_time_zone(zone).unwrap_err();
        assert!(matches!(error, RecurrenceError::TimeZone { .. }), "{zone:?}: {error}");
    }
    let error = Recurrence::every(SHORTEST).unwrap().in_time_zone("UTC").unwrap_err();
    assert!(matches!(error, RecurrenceError::IntervalZone { .. }));
}
