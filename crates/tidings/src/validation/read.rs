//! A payload's values, read into one list.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Number};

use super::json::{Extent, Slot};

/// Name of the only member as which a number comes that `serde_json` keeps as text, where a program
/// has its feature `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";
/// Minimum number of bytes that a value takes, about: the list hardly ever grows.
const BYTES_PER_SLOT: usize = 8;

/// Reads a payload's values.
pub(super) fn read(payload: &str) -> Result<Vec<Slot<'_>>, serde_json::Error> {
    let mut slots = Vec::with_capacity(payload.len() / BYTES_PER_SLOT + 1);
    let mut deserializer = Deserializer::from_str(payload);
    Reader(&mut slots).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(slots)
}

/// The number that `serde_json` gives as an object, its text the only member.
fn kept_as_text(object: &[Slot<'_>]) -> Option<Number> {
    let [Slot::Object(_), Slot::Text(name), Slot::Text(text)] = object else { return None };
    if name == NUMBER { text.parse().ok() } else { None }
}

/// Appends what is read to the list.
struct Reader<'s, 'a>(&'s mut Vec<Slot<'a>>);

impl<'a> Reader<'_, 'a> {
    /// Appends a list or an object, and what it holds.
    fn append<E>(
        self,
        container: fn(Extent) -> Slot<'a>,
        mut held: impl FnMut(&mut Vec<Slot<'a>>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Self(slots) = self;
        let (place, mut len) = (slots.len(), 0);
        slots.push(Slot::Null);
        while held(slots)? {
            len += 1;
        }
        let extent = Extent { slots: slots.len() - place, len };
        if let Some(slot) = slots.get_mut(place) {
            *slot = container(extent);
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Reader<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Reader<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(Slot::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push(Slot::Boolean(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.push(Slot::Number(value.into()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push(Slot::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        // JSON has no number that is not finite.
        self.0.push(Number::from_f64(value).map_or(Slot::Null, Slot::Number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<(), E> {
        self.0.push(Slot::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.push(Slot::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        self.append(Slot::Array, |slots| Ok(elements.next_element_seed(Reader(slots))?.is_some()))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(slots) = self;
        let place = slots.len();
        Reader(slots).append(Slot::Object, |slots| {
            if members.next_key_seed(Reader(slots))?.is_none() {
                return Ok(false);
            }
            members.next_value_seed(Reader(slots))?;
            Ok(true)
        })?;
        if let Some(number) = kept_as_text(slots.get(place..).unwrap_or_default()) {
            slots.truncate(place);
            slots.push(Slot::Number(number));
        }
        Ok(())
    }
}
