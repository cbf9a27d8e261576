//! A time of day as NATS writes it.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// As RFC 3339; `None` for a time before the year 0 or after 9999, which that can't hold.
pub(crate) fn write(at: SystemTime) -> Option<String> {
    let nanos = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).ok()?,
        Err(before) => i128::try_from(before.duration().as_nanos()).ok()?.checked_neg()?,
    };
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

/// Reads what NATS has written; `None` for what is no such time.
pub(crate) fn read(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for nanos in [0, 1, 1_700_000_000_123_456_789] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
            assert_eq!(read(&write(at).unwrap()), Some(at));
        }
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn a_time_that_has_no_text_is_none() {
        let year = Duration::from_secs(31_556_952);
        let at = |years| SystemTime::UNIX_EPOCH + year * years;
        assert_eq!(write(at(0)).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert!(write(at(8029)).is_some());
        assert_eq!(write(at(8031)), None);
        assert_eq!(write(at(100_000)), None);
        assert!(write(SystemTime::UNIX_EPOCH - year * 1969).is_some());
        assert_eq!(write(SystemTime::UNIX_EPOCH - year * 1972), None);
    }
}
