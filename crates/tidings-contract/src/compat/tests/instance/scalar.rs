//! Numbers and texts.

use serde_json::{Value, json};

use super::{Chance, Keywords, counts};
use crate::compat::range;

/// The tightest limits that are said.
fn limits(of: &[&Keywords]) -> (f64, f64) {
    let each = |keyword: &str| -> Vec<f64> {
        of.iter().filter_map(|one| one.get(keyword)?.as_f64()).collect()
    };
    let least = each("minimum").into_iter().chain(each("exclusiveMinimum"));
    let most = each("maximum").into_iter().chain(each("exclusiveMaximum"));
    (least.fold(f64::MIN, f64::max), most.fold(f64::MAX, f64::min))
}

#[expect(clippy::cast_possible_truncation, reason = "limits of an integer stand within i128")]
pub(super) fn integer(of: &[&Keywords], chance: &mut Chance) -> Option<Value> {
    let (mut least, mut most) = (i128::from(i64::MIN), i128::from(u64::MAX));
    for (low, high) in of.iter().filter_map(|one| range(one.get("format")?.as_str()?)) {
        let whole = |number: &serde_json::Number| number.to_string().parse::<i128>().unwrap();
        (least, most) = (least.max(whole(&low)), most.min(whole(&high)));
    }
    let (low, high) = limits(of);
    least = least.max(low.ceil() as i128);
    most = most.min(high.floor() as i128);
    let steps = of.iter().filter_map(|one| one.get("multipleOf")?.as_i64());
    let step = steps.fold(1, |all, step| all * i128::from(step.max(1)));
    let near = [least, least + 1, 0, 1, 2, 7, most - 1, most, i128::midpoint(least, most)];
    let value = chance.of(&near).div_euclid(step) * step;
    let value = if value < least { value + step } else { value };
    (least..=most).contains(&value).then(|| {
        i64::try_from(value)
            .map_or_else(|_| json!(u64::try_from(value).unwrap()), |value| json!(value))
    })
}

pub(super) fn number(of: &[&Keywords], chance: &mut Chance) -> Value {
    let (least, most) = limits(of);
    let (least, most) = (least.max(-1e9), most.min(1e9));
    let middle = f64::midpoint(least, most);
    let step = of.iter().find_map(|one| one.get("multipleOf")?.as_f64()).unwrap_or(0.25);
    json!(*chance.of(&[
        least,
        most,
        middle,
        least + 0.25,
        most - 0.25,
        0.5,
        1.5,
        (middle / step).round() * step,
        step * 3.0,
    ]))
}

pub(super) fn text(of: &[&Keywords], chance: &mut Chance) -> Option<Value> {
    let known = of.iter().find_map(|one| {
        Some(match one.get("format")?.as_str()? {
            "uuid" => "0191b3a0-7c1e-7b3a-9c5d-2f4e6a8b0c1d",
            "date-time" => "2026-01-31T12:30:00Z",
            "date" => "2026-01-31",
            "ip" | "ipv4" => "192.0.2.1",
            _ => return None,
        })
    });
    if let Some(text) = known {
        return Some(json!(text));
    }
    let least = counts(of, "minLength").max().unwrap_or(0);
    let most = counts(of, "maxLength").min().unwrap_or(least + 4);
    let letters = ["a", "Z", "9", " ", "é"];
    let length = least + chance.below(most.checked_sub(least)? + 1);
    if of.iter().any(|one| one.contains_key("pattern")) {
        // All of the patterns that are made here ask for letters of one sort.
        return Some(json!("x".repeat(length)));
    }
    if chance.one_in(4) {
        return Some(json!(*chance.of(&["a", "b", "c", "x", "v0", "v1"])));
    }
    Some(Value::String((0..length).map(|_| *chance.of(&letters)).collect()))
}
