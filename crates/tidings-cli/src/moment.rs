//! A moment, as people write it: a time, or how long ago.

use std::time::SystemTime;

use humantime::parse_duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads `2026-08-21T14:50:11Z`, or how long ago it was: `90s`, `30m`, `2h`, `7d`, `1h 30m`.
pub(crate) fn read(text: &str) -> Result<SystemTime, String> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time.into());
    }
    let ago = parse_duration(text).ok().and_then(|ago| SystemTime::now().checked_sub(ago));
    ago.ok_or_else(|| {
        "give a time such as 2026-08-21T14:50:11Z, or how long ago, such as 2h".into()
    })
}

/// A time in UTC, as RFC 3339.
pub(crate) fn write(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    // A time that the form can't hold is shown as it is.
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_and_how_long_ago() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(read("2023-11-14T22:13:20Z"), Ok(time));
        assert_eq!(write(time), "2023-11-14T22:13:20Z");
        let before = read("2h").unwrap();
        let hours = SystemTime::now().duration_since(before).unwrap();
        assert!((7200..7260).contains(&hours.as_secs()), "{hours:?}");
        assert!(read("1h 30m").unwrap() > before);
        for wrong in ["", "h", "2", "2x", "-1s", "é", "yesterday", "99999999999999999999d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
