//! A time of day as NATS writes it.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Writes a time as RFC 3339; `None` for one before the year 0 or after 9999, which that can't
/// hold.
pub(crate) fn write(at: SystemTime) -> Option<String> {
    let nanos = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).ok()?,
        Err(before) => i128::try_from(before.duration().as_nanos()).ok()?.checked_neg()?,
    };
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

/// Reads what NATS has written; `None` for what is no such time.
pub(crate) fn read(text: &str) -> Option<SystemTime> {
    // `time` takes any separator between date and time; Go's RFC 3339 is one with a `T`.
    let is_separated = text.as_bytes().get(10) == Some(&b'T');
    is_separated.then(|| OffsetDateTime::parse(text, &Rfc3339).ok())?.map(SystemTime::from)
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
        let known = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_millis(seconds));
        assert_eq!(read("2000-02-29T00:00:00Z"), known(951_782_400_000));
        assert_eq!(read("2026-08-21T14:50:11+01:00"), known(1_787_320_211_000));
        assert_eq!(read("2026-08-21T13:50:11.25Z"), known(1_787_320_211_250));
    }

    #[test]
    fn what_is_no_time() {
        for wrong in [
            "",
            "soon",
            "2026-08-21",
            "2026-08-21T14:50:11",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Zz",
            "+026-01-01T00:00:00Z",
            "2026-01-01 00:00:00Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
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
