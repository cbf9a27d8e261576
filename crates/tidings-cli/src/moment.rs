//! A moment, as people write it: a time, or how long ago.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads `2026-08-21T14:50:11Z`, or how long ago it was: `90s`, `30m`, `2h`, `7d`.
pub(crate) fn read(text: &str) -> Result<SystemTime, String> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time.into());
    }
    let ago = ago(text).and_then(|ago| SystemTime::now().checked_sub(ago));
    ago.ok_or_else(|| {
        "give a time such as 2026-08-21T14:50:11Z, or how long ago, such as 2h".into()
    })
}

fn ago(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

/// A time in UTC, as RFC 3339.
pub(crate) fn write(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    // A time that the form can't hold is shown as it is.
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_how_long_ago() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(read("2023-11-14T22:13:20Z"), Ok(time));
        assert_eq!(write(time), "2023-11-14T22:13:20Z");
        let before = read("2h").unwrap();
        let hours = SystemTime::now().duration_since(before).unwrap();
        assert!((7200..7260).contains(&hours.as_secs()), "{hours:?}");
        for wrong in ["", "h", "2", "2w", "-1s", "é", "yesterday", "99999999999999999999d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
