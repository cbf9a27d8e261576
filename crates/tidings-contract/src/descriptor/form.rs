//! Message as its file has it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Descriptor;
use crate::contract::Contract;

/// A message as its file has it, its keys in order.
#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    Whole(&'a Descriptor),
    /// Descriptor without its descriptions.
    Undescribed(&'a Descriptor),
}

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Self::Whole(message) | Self::Undescribed(message)) = *self;
        let mut map = serializer.serialize_map(None)?;
        if let (Self::Whole(_), Some(description)) = (self, message.description()) {
            map.serialize_entry("description", description)?;
        }
        self.part(&mut map, "error", message.error.as_ref())?;
        map.serialize_entry("filter", &message.filter())?;
        if !message.id.is_empty() {
            map.serialize_entry("id", &message.id)?;
        }
        map.serialize_entry("kind", &message.kind)?;
        if let Some(large) = &message.large {
            map.serialize_entry("large", large)?;
        }
        map.serialize_entry("name", &message.name)?;
        self.part(&mut map, "payload", message.payload.as_ref())?;
        self.part(&mut map, "reply", message.reply.as_ref())?;
        if let Some(stream) = &message.stream {
            map.serialize_entry("stream", stream)?;
        }
        map.serialize_entry("subject", &message.subject)?;
        if message.tagged {
            map.serialize_entry("tagged", &true)?;
        }
        map.serialize_entry("tokens", &message.tokens())?;
        if let Some(older) = &message.upcasts {
            map.serialize_entry("upcasts", older)?;
        }
        map.serialize_entry("version", &message.version)?;
        map.end()
    }
}

impl Form<'_> {
    fn part<M: SerializeMap>(
        self,
        map: &mut M,
        name: &str,
        contract: Option<&Contract>,
    ) -> Result<(), M::Error> {
        match (self, contract) {
            (_, None) => Ok(()),
            (Self::Whole(_), Some(contract)) => map.serialize_entry(name, &contract.schemas()),
            (Self::Undescribed(_), Some(contract)) => {
                map.serialize_entry(name, &contract.undescribed())
            }
        }
    }
}
