//! Values as people write them: durations with units, lists with commas, and secrets that nothing shows.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// A password, a token, a seed: a text that `Debug` does not show. It can't be written with serde.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        /// Error of a value that is no text: serde's own would show it.
        fn no_text<E: de::Error>() -> Result<Secret, E> {
            Err(E::custom("a secret is a text: write it between quotes"))
        }

        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret(text.to_owned()))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
                no_text()
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
                no_text()
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
                no_text()
            }

            fn visit_i128<E: de::Error>(self, _: i128) -> Result<Secret, E> {
                no_text()
            }

            fn visit_u128<E: de::Error>(self, _: u128) -> Result<Secret, E> {
                no_text()
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
                no_text()
            }

            fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Secret, E> {
                no_text()
            }
        }

        // Asked for a text alone, a format would show what else there is in an error of its own.
        deserializer.deserialize_any(Text)
    }
}

/// A duration: `"5s"`, `"500ms"`, `"1m 30s"`.
pub(super) struct Time(Duration);

impl From<Time> for Duration {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with a unit, such as \"5s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                humantime::parse_duration(text).map(Time).map_err(|error| {
                    E::custom(format!(
                        "{text:?} is no duration ({error}): write one such as \"5s\" or \"500ms\""
                    ))
                })
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Time, E> {
                Err(E::custom(format!(
                    "a duration has a unit: write \"{number}s\" or \"{number}ms\""
                )))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Time, E> {
                self.visit_u64(number.unsigned_abs())
            }
        }

        // Asked for a text alone, a format would show what else there is in an error of its own.
        deserializer.deserialize_any(Text)
    }
}

/// A list of texts, or one text with commas between them.
pub(super) struct List(Vec<String>);

impl From<List> for Vec<String> {
    fn from(list: List) -> Self {
        list.0
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<List, E> {
                Ok(List(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<List, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = texts.next_element()? {
                    list.push(text);
                }
                Ok(List(list))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}
