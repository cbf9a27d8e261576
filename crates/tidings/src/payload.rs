//! A payload is JSON, and so text.

mod path;

use std::iter::empty;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// Reads a value from its JSON. An empty payload is a value without fields, such as a unit struct.
///
/// Whether it is text is looked at once, and not anew for each string
/// that is in it, which takes a sixth of the time.
///
/// # Errors
/// What is no JSON, no text, or another value.
#[inline]
pub(crate) fn read<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(payload) {
        Ok("") => read_empty(),
        Ok(text) => serde_json::from_str(text),
        Err(_) => Err(no_text(payload)),
    }
}

/// Reads a message's payload, as `read` does. One that `WAS_WRITTEN` just now is known to be text:
/// optimized, it has a reader of its own, so that the reader of handlers stands in one place only and
/// is inlined there.
///
/// # Errors
/// As `read`.
#[inline]
pub fn read_payload<'de, T: Deserialize<'de>, const WAS_WRITTEN: bool>(
    payload: &'de [u8],
) -> Result<T, serde_json::Error> {
    if WAS_WRITTEN && !cfg!(debug_assertions) {
        return serde_json::from_slice(payload);
    }
    read(payload)
}

/// Path to the payload's value that the error is about, if it tells.
pub(crate) fn path_of(payload: &[u8], error: &serde_json::Error) -> Option<String> {
    path::path(std::str::from_utf8(payload).ok()?, error.line(), error.column())
}

/// Error of a payload that is no text, with the position.
#[cold]
fn no_text(payload: &[u8]) -> serde_json::Error {
    match serde_json::from_slice::<serde_json::Value>(payload) {
        Err(error) => error,
        Ok(_) => serde_json::Error::custom("it is not UTF-8"),
    }
}

/// A value without fields; for any other one the error of JSON that ends before it begins.
#[cold]
fn read_empty<'de, T: Deserialize<'de>>() -> Result<T, serde_json::Error> {
    // Not read as a `T`: its reader would then stand in two places, and be inlined in neither.
    T::deserialize(Empty).map_err(|_| match serde_json::from_str::<IgnoredAny>("") {
        Err(error) => error,
        Ok(_) => serde_json::Error::custom("it is empty"),
    })
}

/// No bytes, as which a value without fields may be written.
struct Empty;

impl<'de> Deserializer<'de> for Empty {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("there is nothing to read it from"))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match len {
            0 => visitor.visit_seq(SeqDeserializer::new(empty::<()>())),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match fields {
            [] => visitor.visit_map(MapDeserializer::new(empty::<((), ())>())),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        seq tuple map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Named {
        name: String,
    }

    #[test]
    fn text_is_read() {
        let named: Named = read("{\"name\":\"Zoë\",\"more\":\"\u{1f4e6}\"}".as_bytes()).unwrap();
        assert_eq!(named.name, "Zoë");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for payload in [&b"{\"name\":\"Zo\xeb\"}"[..], b"{\"name\":\"Zoe\",\n\"more\":\"\xeb\"}"] {
            let error = read::<Named>(payload).unwrap_err();
            let line = if payload.contains(&b'\n') { 2 } else { 1 };
            assert_eq!((error.is_syntax(), error.line()), (true, line), "{error}");
        }
    }

    #[test]
    fn an_empty_payload_is_a_value_without_fields_and_no_other() {
        #[derive(Debug, Deserialize)]
        struct Unit;
        #[derive(Debug, Deserialize)]
        struct Braces {}
        #[derive(Debug, Deserialize)]
        struct Parentheses();
        #[derive(Debug, Deserialize)]
        struct Wrapped(Unit);
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Skipping {
            #[serde(skip)]
            left: u8,
        }
        #[derive(Debug, Deserialize)]
        struct Optional {
            #[serde(default)]
            note: Option<String>,
        }
        #[derive(Debug, Deserialize)]
        enum Choice {
            One,
        }

        read::<()>(b"").unwrap();
        let Unit = read(b"").unwrap();
        let Braces {} = read(b"").unwrap();
        let Parentheses() = read(b"").unwrap();
        let Wrapped(Unit) = read(b"").unwrap();
        assert_eq!(read::<Skipping>(b"").unwrap().left, 0);
        let errors = [
            read::<Named>(b"").unwrap_err(),
            read::<Optional>(b"").map(|optional| optional.note).unwrap_err(),
            read::<Choice>(b"").map(|Choice::One| ()).unwrap_err(),
            read::<Option<Unit>>(b"").unwrap_err(),
            read::<serde_json::Value>(b"").unwrap_err(),
            read::<Unit>(b" ").unwrap_err(),
        ];
        assert!(errors.iter().all(serde_json::Error::is_eof), "{errors:?}");
    }
}
