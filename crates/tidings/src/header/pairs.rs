//! Headers in the form of serde: pairs of a name and a value, in their order.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::map::Headers;
use super::name::is_sendable;

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut headers = Self::new();
        for (name, value) in Vec::<(String, String)>::deserialize(deserializer)? {
            if !is_sendable((&name, &value)) {
                return Err(D::Error::custom(format_args!("header {name:?} can't be sent")));
            }
            headers.push(name, value);
        }
        Ok(headers)
    }
}
