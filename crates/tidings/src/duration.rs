//! Durations as NATS writes them in headers: Go's, such as `1h30m` or `1.5s`.

use std::time::Duration;

/// Reads a duration that is not negative.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number =
            rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (value, tail) = rest.split_at(number);
        let unit =
            tail.len() - tail.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.').len();
        let (unit, tail) = tail.split_at(unit);
        total = total.checked_add(scaled(value, unit_nanos(unit)?)?)?;
        rest = tail;
    }
    Some(total)
}

/// Writes a duration's whole seconds.
#[cfg(feature = "memory")]
pub(crate) fn whole_seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `value`, which may have a fraction, times a unit.
fn scaled(value: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        nanos = nanos.checked_add(u64::from(digit.to_digit(10)?) * place)?;
    }
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_writes() {
        let ms = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(ms("1h30m"), Some(5_400_000));
        assert_eq!(ms("1.5s"), Some(1_500));
        assert_eq!(ms(".5s"), Some(500));
        assert_eq!(ms("250ms"), Some(250));
        assert_eq!(ms("1m0.25s"), Some(60_250));
        assert_eq!(parse("3us"), Some(Duration::from_micros(3)));
        assert_eq!(ms("0"), Some(0));
        for seconds in [1, 59, 60, 3600, 3725] {
            let time = Duration::from_secs(seconds);
            assert_eq!(parse(&whole_seconds(time)), Some(time));
        }
        assert_eq!(whole_seconds(Duration::from_millis(60_900)), "1m0s");
        assert_eq!(whole_seconds(Duration::from_secs(3600)), "1h0m0s");
        for wrong in ["", "5", "s", "1x", "-1s", ".s", "1..2s", "1 s", "9999999999999h"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
