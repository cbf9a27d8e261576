//! A token is written as serde writes it.

use std::fmt::Debug;

use tidings::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Token)]
enum Plain {
    Eu,
    UsEast1,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Token)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE", deny_unknown_fields)]
enum Renamed {
    UsEast,
    #[serde(rename = "eu")]
    EuWest,
    #[serde(rename(serialize = "asia", deserialize = "asia"), alias = "apac")]
    AsiaPacific,
    r#Self_,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Token)]
#[serde(rename_all(serialize = "snake_case", deserialize = "snake_case"))]
enum Both {
    OneTwo,
    // The names of generated associated types and of the prelude.
    Owned,
    Some,
    None,
    Ok,
}

/// A token without serde: the attribute is known nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Token)]
#[serde(rename_all = "camelCase")]
enum Alone {
    OneTwo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Token)]
struct CustomerId(String);

#[derive(Debug, Clone, PartialEq, Serialize, Token)]
struct Borrowed<'a>(&'a str);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Token)]
struct Id<T>(T);

fn text(token: &impl Token) -> String {
    let mut text = String::new();
    token.append_to(&mut text);
    text
}

fn as_serde<T>(values: &[T])
where
    T: Token<Owned = T> + Serialize + Debug + PartialEq,
{
    for value in values {
        let written = serde_json::to_value(value).unwrap();
        assert_eq!(written.as_str(), Some(text(value).as_str()));
        assert_eq!(T::parse(&text(value)).as_ref(), Some(value));
    }
    assert_eq!(T::parse("no-such-token"), None);
}

fn main() {
    as_serde(&[Plain::Eu, Plain::UsEast1]);
    as_serde(&[Renamed::UsEast, Renamed::EuWest, Renamed::AsiaPacific, Renamed::Self_]);
    as_serde(&[Both::OneTwo, Both::Owned, Both::Some, Both::None, Both::Ok]);
    assert_eq!(text(&Renamed::UsEast), "US-EAST");
    assert_eq!(text(&Alone::OneTwo), "oneTwo");
    assert_eq!(Renamed::parse("apac"), None);

    assert_eq!(text(&CustomerId("c1".into())), "c1");
    assert_eq!(CustomerId::parse("c1"), Some(CustomerId("c1".into())));
    assert_eq!(text(&Borrowed("b")), "b");
    assert_eq!(Borrowed::parse("b"), Some("b".to_owned()));
    assert_eq!(Id::<u64>::parse("7"), Some(Id(7)));
    assert_eq!(Id::<u64>::parse("+7"), None);
    assert_eq!(text(&Id(Plain::Eu)), "Eu");
}
