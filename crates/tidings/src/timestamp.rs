//! A time of day as NATS writes it.

use std::time::SystemTime;

use jiff::Timestamp;

/// Writes a time as RFC 3339; `None` for one before the year 0 or after 9999, which that can't
/// hold.
pub(crate) fn write(at: SystemTime) -> Option<String> {
    let text = Timestamp::try_from(at).ok()?.to_string();
    // A year before 0 has a sign.
    text.starts_with(|first: char| first.is_ascii_digit()).then_some(text)
}

/// Reads what NATS has written; `None` for what is no such time.
pub(crate) fn read(text: &str) -> Option<SystemTime> {
    let time = is_rfc3339(text.as_bytes()).then(|| text.parse::<Timestamp>().ok())??;
    SystemTime::try_from(time).ok()
}

/// Returns `true` for the form that Go writes: jiff takes others of ISO 8601 as well.
fn is_rfc3339(text: &[u8]) -> bool {
    let Some((moment, rest)) = text.split_at_checked(b"0000-00-00T00:00:00".len()) else {
        return false;
    };
    let zone = match rest.strip_prefix(b".") {
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &rest[digits..]
        }
        None => rest,
    };
    has_form(moment, b"0000-00-00T00:00:00")
        && (zone == b"Z" || has_form(zone, b"+00:00") || has_form(zone, b"-00:00"))
}

/// Returns `true` if it is the form, with any digits for its zeros.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let is_like = |(byte, like): (&u8, &u8)| match like {
        b'0' => byte.is_ascii_digit(),
        like => byte == like,
    };
    text.len() == form.len() && text.iter().zip(form).all(is_like)
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
            "2026-01-01t00:00:00Z",
            "20260101T000000Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00,5Z",
            "2026-01-01T00:00:00+01",
            "2026-01-01T00:00:00Z[UTC]",
            "-002026-01-01T00:00:00Z",
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
