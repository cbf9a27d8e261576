//! Instances about some that are valid: each value of them left out, and put in another one's place.

use serde_json::{Value, json};

/// The instances themselves, and those that differ from one in one place.
pub(crate) fn around(instances: &[Value]) -> Vec<Value> {
    let mut all = instances.to_vec();
    for instance in instances {
        let mut pointers = Vec::new();
        collect(instance, "", &mut pointers);
        for pointer in pointers {
            for other in others() {
                all.extend(with(instance, &pointer, |value| *value = other));
            }
            all.extend(without(instance, &pointer));
            all.extend(with(instance, &pointer, |value| {
                if let Value::Object(members) = value {
                    members.insert("one more".to_owned(), json!(1));
                }
            }));
        }
    }
    all
}

fn others() -> [Value; 14] {
    [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(300),
        json!(70_000),
        json!(5_000_000_000_u64),
        json!(1.5),
        json!(""),
        json!("eu"),
        json!("x"),
        json!([]),
        json!([1, "x"]),
        json!({}),
    ]
}

fn collect(value: &Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, &format!("{at}/{name}"), pointers);
            }
        }
        Value::Array(elements) => {
            for (position, value) in elements.iter().enumerate() {
                collect(value, &format!("{at}/{position}"), pointers);
            }
        }
        _ => {}
    }
}

fn with(instance: &Value, pointer: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
    let mut changed = instance.clone();
    change(changed.pointer_mut(pointer)?);
    Some(changed)
}

fn without(instance: &Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let mut changed = instance.clone();
    match changed.pointer_mut(parent)? {
        Value::Object(members) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(elements) => {
            elements.remove(name.parse().ok()?);
        }
        _ => return None,
    }
    Some(changed)
}
