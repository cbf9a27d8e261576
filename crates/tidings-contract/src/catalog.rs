//! A set of messages that agree with each other.

mod agreement;
mod error;
mod service;

use std::collections::BTreeMap;

use serde_json::Value;

use self::agreement::Agreement;
use self::error::MAX_NAME;
pub use self::error::{CatalogError, Part};
use crate::canonical;
use crate::contract::Contract;
use crate::definition;
use crate::descriptor::{Descriptor, template_of};
use crate::difference;
use crate::service::{DurableConsumer, Service};

/// An ordered set of descriptors: one for each name and version.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    messages: BTreeMap<(String, u32), Descriptor>,
    streams: BTreeMap<String, Value>,
    /// Made of the messages and streams, in the order in which they were added.
    agreement: Agreement,
    services: BTreeMap<String, Service>,
    /// The durable consumers of the services, by stream and name.
    consumers: BTreeMap<(String, String), DurableConsumer>,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        let Self { messages, streams, agreement: _, services, consumers } = self;
        (messages, streams) == (&other.messages, &other.streams)
            && (services, consumers) == (&other.services, &other.consumers)
    }
}

impl Catalog {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// The catalog of these messages.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn of(descriptors: impl IntoIterator<Item = Descriptor>) -> Result<Self, CatalogError> {
        let mut catalog = Self::new();
        catalog.extend(descriptors)?;
        Ok(catalog)
    }

    /// Adds a message; one that is there already is there once.
    ///
    /// # Errors
    /// [`CatalogError`], if it is not well-formed or does not agree with the messages that are
    /// there. The catalog is then as it was.
    pub fn add(&mut self, mut descriptor: Descriptor) -> Result<(), CatalogError> {
        check_itself(&descriptor)?;
        // What was not made of a type may be in any form.
        descriptor = descriptor.canonical();
        let stream = descriptor.stream.clone().zip(descriptor.stream_config.take());
        if let Some((name, config)) = &stream {
            self.check_stream(name, config)?;
        }
        let key = (descriptor.name.clone(), descriptor.version);
        if let Some(present) = self.messages.get(&key) {
            check_same(present, &descriptor)?;
        } else {
            if !self.agreement.admit(&descriptor, &self.messages) {
                let mut all = self.messages.values().chain([&descriptor]);
                let error = all.find_map(|other| agreement::disagreement(other, &descriptor));
                if let Some(error) = error {
                    return Err(error);
                }
            }
            self.messages.insert(key, descriptor);
        }
        if let Some((name, config)) = stream {
            self.insert_stream(name, config);
        }
        Ok(())
    }

    /// Adds a stream by its name and its configuration, as NATS's JSON; one that is there already
    /// is there once. Events bring their streams with them.
    ///
    /// # Errors
    /// [`CatalogError`], if its name can't be a file's, or it is there with another configuration.
    pub fn add_stream(
        &mut self,
        name: impl Into<String>,
        config: Value,
    ) -> Result<(), CatalogError> {
        let name = name.into();
        self.check_stream(&name, &config)?;
        self.insert_stream(name, config);
        Ok(())
    }

    fn insert_stream(&mut self, name: String, config: Value) {
        self.agreement.add_stream(&name);
        self.streams.insert(name, canonical::data(config));
    }

    fn check_stream(&self, name: &str, config: &Value) -> Result<(), CatalogError> {
        if !is_path_safe(name) || name.contains('.') {
            return Err(CatalogError::StreamName { stream: name.to_owned() });
        }
        if let Some(other) = self.agreement.stream_in_other_case(name) {
            let (first, second) = (other.to_owned(), name.to_owned());
            return Err(CatalogError::Case { first, second });
        }
        if !canonical::is_shallow(config) {
            return Err(CatalogError::Deep { what: format!("the stream `{name}`") });
        }
        let config = canonical::data(config.clone());
        match self.streams.get(name) {
            Some(present) if *present != config => {
                let [present, config] = [present, &config].map(canonical::text);
                let difference = difference::excerpt(&present, &config);
                Err(CatalogError::StreamClash { stream: name.to_owned(), difference })
            }
            _ => Ok(()),
        }
    }

    /// The streams of its events by name, with the configuration of each as NATS's JSON.
    pub fn streams(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.streams.iter().map(|(name, config)| (name.as_str(), config))
    }

    /// Adds messages, in order.
    ///
    /// # Errors
    /// As [`add`](Self::add), for the first that can't be added; those before it stay.
    pub fn extend(
        &mut self,
        descriptors: impl IntoIterator<Item = Descriptor>,
    ) -> Result<(), CatalogError> {
        descriptors.into_iter().try_for_each(|descriptor| self.add(descriptor))
    }

    /// Adds all that another catalog has: messages, streams and services.
    ///
    /// # Errors
    /// As [`add`](Self::add), [`add_stream`](Self::add_stream) and [`add_service`](Self::add_service), for
    /// the first that can't be added; those before it stay.
    pub fn merge(&mut self, other: Self) -> Result<(), CatalogError> {
        self.extend(other.messages.into_values())?;
        other.streams.into_iter().try_for_each(|(name, config)| self.add_stream(name, config))?;
        other.services.into_values().try_for_each(|service| self.add_service(service))
    }

    /// Messages of the catalog, ordered by name and version.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Descriptor> {
        self.messages.values()
    }

    /// The message of this name and version.
    pub fn get(&self, name: &str, version: u32) -> Option<&Descriptor> {
        self.messages.get(&(name.to_owned(), version))
    }

    /// The versions of the message of this name, lowest first.
    pub fn versions(&self, name: &str) -> impl DoubleEndedIterator<Item = &Descriptor> {
        let range = (name.to_owned(), 0)..=(name.to_owned(), u32::MAX);
        self.messages.range(range).map(|(_, message)| message)
    }

    /// The message of this tag, such as `orders.created.v1`.
    fn of_tag(&self, tag: &str) -> Option<&Descriptor> {
        let (name, version) = tag.rsplit_once(".v")?;
        self.get(name, version.parse().ok()?).filter(|message| message.tag() == tag)
    }

    /// The tags of the older messages that are upcast to one, the nearest first.
    pub fn upcast_to<'a>(&'a self, message: &'a Descriptor) -> impl Iterator<Item = &'a str> {
        let older = |tag: &&'a str| self.of_tag(tag)?.upcasts.as_deref();
        // A chain is no longer than all of it, whatever a file says.
        std::iter::successors(message.upcasts.as_deref(), older).take(self.len())
    }

    /// Number of messages in the catalog.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Returns `true` if the catalog has no message.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// Checks what needs no other message beside it.
pub(crate) fn check_itself(descriptor: &Descriptor) -> Result<(), CatalogError> {
    let Descriptor { name, version, subject, ambiguity, .. } = descriptor;
    if !is_path_safe(name) {
        return Err(CatalogError::Name { name: name.clone() });
    }
    if *version == 0 {
        return Err(CatalogError::Version { name: name.clone() });
    }
    if template_of(subject).1.is_err() {
        let (message, template) = (descriptor.tag(), subject.clone());
        return Err(CatalogError::Subject { message, template });
    }
    if let Some((part, _)) = descriptor.contracts().find(|(_, contract)| !contract.is_shallow()) {
        return Err(CatalogError::Deep { what: format!("the {part} of `{}`", descriptor.tag()) });
    }
    match ambiguity.clone() {
        None => Ok(()),
        Some(definition::Ambiguity { first, second }) => {
            let message = descriptor.tag();
            Err(CatalogError::AmbiguousDefinition { message, first, second })
        }
    }
}

/// Returns `true` if a file can have this name on every system, and lies where it is put.
fn is_path_safe(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= MAX_NAME && name.split('.').all(is_word)
}

fn check_same(present: &Descriptor, added: &Descriptor) -> Result<(), CatalogError> {
    let redeclared = |part, one: &str, other: &str| {
        let (message, difference) = (added.tag(), difference::excerpt(one, other));
        Err(CatalogError::Redeclared { message, part, difference })
    };
    let of_stream = |message: &Descriptor| message.stream.clone().unwrap_or("none".to_owned());
    let of_contract = |contract: &Option<Contract>| {
        contract.as_ref().map(|contract| format!("{:#}", contract.to_value())).unwrap_or_default()
    };

    if present.kind != added.kind {
        return redeclared(Part::Kind, &present.kind.to_string(), &added.kind.to_string());
    }
    if present.subject != added.subject {
        return redeclared(Part::Subject, &present.subject, &added.subject);
    }
    if present.stream != added.stream {
        return redeclared(Part::Stream, &of_stream(present), &of_stream(added));
    }
    if present.tagged != added.tagged {
        return redeclared(Part::Tagged, &present.tagged.to_string(), &added.tagged.to_string());
    }
    if present.upcasts != added.upcasts {
        let older = |message: &Descriptor| message.upcasts.clone().unwrap_or("none".to_owned());
        return redeclared(Part::Upcasts, &older(present), &older(added));
    }
    if present.id != added.id {
        return redeclared(Part::Id, &present.id.join(", "), &added.id.join(", "));
    }
    if present.large != added.large {
        let store = |message: &Descriptor| {
            message.large.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        return redeclared(Part::Large, &store(present), &store(added));
    }
    for (part, one, other) in [
        (Part::Payload, &present.payload, &added.payload),
        (Part::Reply, &present.reply, &added.reply),
        (Part::Error, &present.error, &added.error),
    ] {
        if one != other {
            return redeclared(part, &of_contract(one), &of_contract(other));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
