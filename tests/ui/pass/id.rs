//! Identity of an event: fields, or expressions over them.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.b")]
struct Fields {
    #[event(id)]
    id: String,
    #[event(id)]
    name: u8,
    other: u8,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.b", id = "id")]
struct Text {
    id: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.b", id = (id, name.len(), format!("{}-{}", self.name, subject)))]
struct Bare {
    id: u32,
    name: String,
    subject: u8,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.b", id = "(id.0, &id.1[..2])")]
struct Parts {
    id: (u32, String),
    // Names that generated code might use itself.
    parser: u8,
    payload: u8,
    parts: u8,
    result: u8,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.{key}", id = key * 2)]
struct Newtype(u32);

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "a.b", id = r#"format!("{order}-{region:>width$}-{{width}}")"#)]
struct Shown {
    order: u8,
    region: String,
    width: usize,
}

fn main() {
    let fields = Fields { id: "a/b c".into(), name: 7, other: 0 };
    assert_eq!(fields.message_id().as_deref(), Some("a.b/a%2Fb%20c/7"));
    assert_eq!(Text { id: "ü".into() }.message_id().as_deref(), Some("a.b/%C3%BC"));
    let bare = Bare { id: 1, name: "xyz".into(), subject: 5 };
    assert_eq!(bare.message_id().as_deref(), Some("a.b/1/3/xyz-5"));
    let parts = Parts { id: (1, "xyz".into()), parser: 0, payload: 0, parts: 0, result: 0 };
    assert_eq!(parts.message_id().as_deref(), Some("a.b/1/xy"));
    assert_eq!(Newtype(4).message_id().as_deref(), Some("a/8"));
    let shown = Shown { order: 1, region: "eu".into(), width: 3 };
    assert_eq!(shown.message_id().as_deref(), Some("a.b/1-%20eu-{width}"));
}
