//! Times and sizes as people write them.

const SECOND: u64 = 1_000_000_000;

/// Units of time in nanoseconds.
const TIMES: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 604_800 * SECOND),
];

/// Units of size in bytes.
const SIZES: [(&str, u64); 10] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// The nanoseconds of `1h30m`.
pub(crate) fn duration(text: &str) -> Result<u64, String> {
    let parts = parts(text).filter(|parts| !parts.is_empty());
    let units = parts.and_then(|parts| {
        parts
            .into_iter()
            .map(|(number, unit)| Some((number, TIMES.iter().find(|(name, _)| *name == unit)?.1)))
            .collect::<Option<Vec<_>>>()
    });
    // From the largest unit to the smallest, each at most once: `30m1h` is a slip.
    let Some(units) = units.filter(|units| units.is_sorted_by(|a, b| a.1 > b.1)) else {
        return Err(format!(
            "{text:?} is no time: write a number and a unit (w, d, h, m, s, ms, us, ns), as in \
             \"7d\", \"500ms\" or \"1h30m\""
        ));
    };
    units
        .into_iter()
        .try_fold(0u64, |sum, (number, unit)| sum.checked_add(number.checked_mul(unit)?))
        // The server keeps times in an i64.
        .filter(|sum| i64::try_from(*sum).is_ok())
        .ok_or_else(|| format!("{text:?} is too long: the longest time is about 292 years"))
}

/// The bytes of `10MiB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let unit = match parts(text).as_deref() {
        Some(&[(number, unit)]) => {
            SIZES.iter().find(|(name, _)| *name == unit).map(|(_, size)| (number, *size))
        }
        _ => None,
    };
    let Some((number, unit)) = unit else {
        return Err(format!(
            "{text:?} is no size: write a number and a unit (B, KB, MB, GB, TB, KiB, MiB, GiB, \
             TiB), as in \"10MB\" or \"1GiB\", or a plain number of bytes"
        ));
    };
    number
        .checked_mul(unit)
        .filter(|size| i64::try_from(*size).is_ok())
        .ok_or_else(|| format!("{text:?} is too much: the largest size is about 8 EiB"))
}

/// Numbers and the letters that follow each; `None` if the text is anything else.
fn parts(text: &str) -> Option<Vec<(u64, &str)>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return None;
        }
        parts.push((number.parse().ok()?, unit));
        rest = after;
    }
    Some(parts)
}

/// The seconds from 1970 to `2025-01-31T12:00:00Z`.
pub(crate) fn time(text: &str) -> Result<u64, String> {
    seconds_since_1970(text).ok_or_else(|| {
        format!(
            "{text:?} is no time: write it in UTC and from 1970 on, as in \"2025-01-31T12:00:00Z\""
        )
    })
}

fn seconds_since_1970(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let length = |month| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = year >= 1970
        && (1..=12).contains(&month)
        && (1..=length(month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(length).sum();
    Some((((years + months + day - 1) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Three numbers of these lengths with separators between.
fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanoseconds) in [
            ("0s", 0),
            ("7ns", 7),
            ("3us", 3_000),
            ("500ms", 500_000_000),
            ("2m", 120 * SECOND),
            ("1h30m", 5_400 * SECOND),
            ("7d", 7 * 86_400 * SECOND),
            ("2w1d", 15 * 86_400 * SECOND),
            ("1m500ms", 60 * SECOND + 500_000_000),
        ] {
            assert_eq!(duration(text), Ok(nanoseconds), "{text}");
        }
        for text in ["", "7", "d", "7 d", "7days", "-7d", "1.5h", "30m1h", "1h1h", "7D", "1h30"] {
            let error = duration(text).unwrap_err();
            assert!(error.contains("is no time"), "{text}: {error}");
        }
        assert!(duration("300000d").unwrap_err().contains("is too long"));
        assert!(duration("99999999999999999999s").is_err());
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("10kB", 10_000),
            ("10MB", 10_000_000),
            ("1KiB", 1024),
            ("1MiB", 1 << 20),
            ("10GiB", 10 << 30),
            ("2TiB", 2 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "10", "MB", "10 MB", "10mb", "1Gi", "1GiB1MiB", "1.5GB"] {
            let error = size(text).unwrap_err();
            assert!(error.contains("is no size"), "{text}: {error}");
        }
        assert!(size("9000000TiB").unwrap_err().contains("is too much"));
    }

    #[test]
    fn times() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("2025-01-31T12:00:00Z", 1_738_324_800),
        ] {
            assert_eq!(time(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "2025-01-31",
            "2025-01-31T12:00:00",
            "2025-01-31T12:00:00+01:00",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "1969-12-31T23:59:59Z",
            "25-01-01T00:00:00Z",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
