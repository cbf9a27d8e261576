//! Numbers of a schema, compared without rounding where both are integers.

use std::cmp::Ordering;

use serde_json::Number;

use super::node::Bound;

/// The number as an integer, if it is one.
pub(crate) fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
        let float = number.as_f64()?;
        // Every whole double up to 2^53 is an integer of its own.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i128)
    })
}

/// The first integer within a bound that lies in this direction, 1 or -1, from it.
pub(crate) fn whole(bound: &Bound, inwards: i128) -> Option<i128> {
    if let Some(value) = integer(&bound.value) {
        return Some(if bound.exclusive { value + inwards } else { value });
    }
    let value = bound.value.as_f64()?;
    let near = if inwards > 0 { value.ceil() } else { value.floor() };
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
    (near.abs() <= 9_007_199_254_740_992.0).then_some(near as i128)
}

/// Compares two numbers.
pub(crate) fn compare(one: &Number, other: &Number) -> Ordering {
    if let (Some(one), Some(other)) = (integer(one), integer(other)) {
        return one.cmp(&other);
    }
    let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    float(one).total_cmp(&float(other))
}

/// Returns `true` if `number` is a multiple of `of`.
pub(crate) fn is_multiple(number: &Number, of: &Number) -> bool {
    if let (Some(number), Some(of)) = (integer(number), integer(of)) {
        return of != 0 && number % of == 0;
    }
    // Decimal steps such as 0.01 have no exact double: as they are written they are exact.
    if let Some((number, of)) = decimals(number, of) {
        return of != 0 && number % of == 0;
    }
    let (Some(number), Some(of)) = (number.as_f64(), of.as_f64()) else { return false };
    if number % of == 0.0 {
        return true;
    }
    let times = number / of;
    (times - times.round()).abs() <= f64::EPSILON * times.abs().max(1.0) * 4.0
}

/// The number of which each is a multiple that is one of all of these, where they are integers; none of none.
pub(crate) fn common(steps: &[&Number]) -> Option<Number> {
    let mut all: i128 = if steps.is_empty() { return None } else { 1 };
    for step in steps {
        let step = integer(step).filter(|step| *step != 0)?.checked_abs()?;
        let (mut one, mut other) = (all, step);
        while other != 0 {
            (one, other) = (other, one % other);
        }
        all = (all / one).checked_mul(step)?;
    }
    u64::try_from(all).ok().map(Number::from)
}

/// Two numbers in the smallest decimal unit that either of them has, where these are integers that can be
/// counted.
fn decimals(one: &Number, other: &Number) -> Option<(i128, i128)> {
    let [(one, small), (other, smaller)] = [decimal(one)?, decimal(other)?];
    let digits = small.max(smaller);
    let in_unit = |number: i128, has: u32| number.checked_mul(10_i128.checked_pow(digits - has)?);
    Some((in_unit(one, small)?, in_unit(other, smaller)?))
}

/// The digits of a number, and how many of them stand behind the point.
fn decimal(number: &Number) -> Option<(i128, u32)> {
    let text = number.to_string();
    let (whole, broken) = text.split_once('.').unwrap_or((&text, ""));
    let broken = broken.trim_end_matches('0');
    Some((format!("{whole}{broken}").parse().ok()?, u32::try_from(broken.len()).ok()?))
}

/// The least and the largest number of a numeric format, such as `uint32`: the widths of Rust's own.
///
/// JSON Schema asks for no more than an integer where it has a format.
pub fn range(format: &str) -> Option<(Number, Number)> {
    let signed = |least: i64, most: i64| (Number::from(least), Number::from(most));
    let unsigned = |most: u64| (Number::from(0_u8), Number::from(most));
    Some(match format {
        "int8" => signed(i8::MIN.into(), i8::MAX.into()),
        "int16" => signed(i16::MIN.into(), i16::MAX.into()),
        "int32" => signed(i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => signed(i64::MIN, i64::MAX),
        "uint8" => unsigned(u8::MAX.into()),
        "uint16" => unsigned(u16::MAX.into()),
        "uint32" => unsigned(u32::MAX.into()),
        "uint64" | "uint" => unsigned(u64::MAX),
        _ => return None,
    })
}
