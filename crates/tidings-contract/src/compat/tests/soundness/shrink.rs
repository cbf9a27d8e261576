//! The smallest pair that still has a fault, so that a failure can be read.

use serde_json::Value;

/// Takes away what can be taken away while `is_fault` holds.
pub(super) fn shrink(
    mut writer: Value,
    mut reader: Value,
    is_fault: impl Fn(&Value, &Value) -> bool,
) -> (Value, Value) {
    for _ in 0..8 {
        let before = (writer.clone(), reader.clone());
        writer = smaller(&writer, &|writer| is_fault(writer, &reader));
        reader = smaller(&reader, &|reader| is_fault(&writer, reader));
        if before == (writer.clone(), reader.clone()) {
            break;
        }
    }
    (writer, reader)
}

fn smaller(value: &Value, holds: &dyn Fn(&Value) -> bool) -> Value {
    let mut best = value.clone();
    let keys: Vec<String> = match value {
        Value::Object(members) => members.keys().cloned().collect(),
        Value::Array(elements) => (0..elements.len()).rev().map(|at| at.to_string()).collect(),
        _ => return best,
    };
    for key in keys {
        let mut without = best.clone();
        match &mut without {
            Value::Object(members) => drop(members.remove(&key)),
            Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
            _ => {}
        }
        if holds(&without) {
            best = without;
            continue;
        }
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let Some(inner) = best.pointer(&pointer).cloned() else { continue };
        let with = |inner: &Value| {
            let mut whole = best.clone();
            if let Some(place) = whole.pointer_mut(&pointer) {
                *place = inner.clone();
            }
            whole
        };
        let replaced = if inner.is_object() && holds(&with(&Value::Bool(true))) {
            Value::Bool(true)
        } else {
            smaller(&inner, &|inner| holds(&with(inner)))
        };
        best = with(&replaced);
    }
    best
}
