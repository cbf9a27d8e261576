//! Fields that can be bound to a token, and the values that a filter takes for them.

use std::borrow::Cow;
use std::sync::Arc;

use tidings::prelude::*;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "{tenant}.shop.{shard}.{type}.{at_home}.{id}.changed")]
struct Changed {
    tenant: String,
    shard: u64,
    r#type: char,
    at_home: bool,
    id: Uuid,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "texts.{cow}.{boxed}.{shared}")]
struct Texts {
    cow: Cow<'static, str>,
    boxed: Box<str>,
    #[serde(with = "shared")]
    #[schemars(with = "String")]
    shared: Arc<str>,
}

mod shared {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(from).map(Arc::from)
    }
}

/// Tokens of one type, and of a type that is neither `Debug` nor `Clone`.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "same.{one}.{other}.{bare}")]
struct Same {
    one: u8,
    other: u8,
    bare: Bare,
}

#[derive(Serialize, Deserialize, JsonSchema, Token)]
struct Bare(u8);

/// Reader of a token of three letters, and of no other text.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Code([u8; 3]);

impl Token for Code {
    type Owned = Self;

    fn append_to(&self, subject: &mut String) {
        subject.extend(self.0.map(char::from));
    }

    fn parse(token: &str) -> Option<Self> {
        Some(Self([token.as_bytes()[0], token.as_bytes()[1], token.as_bytes()[2]]))
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "coded.{code}.{number}")]
struct Coded {
    code: Code,
    number: u8,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "numbered.{number}.{other}")]
struct Numbered {
    number: u8,
    other: u8,
}

#[derive(Event)]
enum Any {
    Coded(Coded),
    Numbered(Numbered),
}

fn one_of_many() {
    // Only what may be a token of it is read as one.
    assert!(Any::parse_subject("numbered.1.2").is_ok());
    assert!(Any::parse_subject("coded.xyz.7").is_ok());
    // Whose shape it has says what is wrong with it.
    let error = Any::parse_subject("numbered.1.x").err().unwrap();
    assert!(error.to_string().contains("no value for field `other`"), "{error}");
    let error = Any::parse_subject("x.to.x").err().unwrap();
    assert!(error.to_string().contains("of any variant of `Any`"), "{error}");
}

fn main() {
    one_of_many();
    assert_eq!(Same::parse_subject("same.1.2.3").unwrap().other, 2);
    let changed =
        Changed { tenant: "acme".into(), shard: 7, r#type: 'x', at_home: true, id: Uuid::nil() };
    let subject = changed.subject().unwrap();
    let text = "acme.shop.7.x.true.00000000-0000-0000-0000-000000000000.changed";
    assert_eq!(subject.as_str(), text);
    let tokens = Changed::parse_subject(text).unwrap();
    assert_eq!(tokens.tenant, changed.tenant);
    assert_eq!(tokens.shard, changed.shard);
    assert_eq!(tokens.r#type, changed.r#type);
    assert_eq!(tokens.at_home, changed.at_home);
    assert_eq!(tokens.id, changed.id);

    // A literal is an integer of the field's type; text is any text.
    let owned = String::from("acme");
    for filter in [
        Changed::filter().shard(7).tenant("acme"),
        Changed::filter().shard(&7).tenant(owned.clone()),
        Changed::filter().shard(changed.shard).tenant(&owned),
        Changed::filter().shard(7).tenant(Cow::Borrowed("acme")),
        Changed::filter().tenant("other").shard(7).tenant(owned.as_str()),
    ] {
        assert_eq!(filter.subjects().unwrap()[0].as_str(), "acme.shop.7.*.*.*.changed");
    }
    let filter = Changed::filter().r#type('y').at_home(false).id(Uuid::nil());
    assert_eq!(
        filter.clone().subjects().unwrap()[0].as_str(),
        "*.shop.*.y.false.00000000-0000-0000-0000-000000000000.changed"
    );
    assert!(format!("{filter:?}").starts_with("ChangedFilter("));

    let refused = Changed::filter().tenant("a.b").subjects().unwrap_err();
    assert_eq!(refused.field, "tenant");
    let refused = Changed { tenant: "$SYS".into(), ..changed }.subject().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "field `tenant` can't be a token of \
         `{tenant}.shop.{shard}.{type}.{at_home}.{id}.changed`: \"$SYS\" is reserved for the \
         server: no subject begins with `$` or `_INBOX`"
    );

    let filter = Texts::filter().cow("a").boxed("b").shared("c");
    assert_eq!(filter.subjects().unwrap()[0].as_str(), "texts.a.b.c");
}
