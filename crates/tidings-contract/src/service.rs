//! Services: which messages a program handles, publishes and asks for, and how.

mod consumer;
mod read;
mod store;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::descriptor::Kind;
use crate::fingerprint::Fingerprint;

pub use consumer::{AckPolicy, DeliverPolicy, DurableConsumer};
pub(crate) use read::{Unexpected, read};
pub use store::{Store, StoreKind};

/// A program's part in a set of messages: which it handles, publishes and asks for, and which stores it uses.
///
/// Its lists are ordered and hold nothing twice, so that a service is the same in whatever order it was
/// described.
///
/// ```
/// use tidings_contract::{Catalog, Descriptor, Handled, Kind, Service};
///
/// # fn main() -> Result<(), tidings_contract::CatalogError> {
/// let billing = Service::new("billing")
///     .version("1.2.0")
///     .handles(Handled::new(Kind::Event, "orders.created", 1, "orders.*.created"))
///     .publishes("billing.invoiced", 1)
///     .asks("inventory.check", 1);
/// let mut catalog = Catalog::of([Descriptor::event("orders.created", 1, "orders.{region}.created")])?;
/// catalog.add_service(billing)?;
/// assert_eq!(catalog.services().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// The name: ASCII letters, digits, `-` and `_`.
    pub name: String,
    /// The version of the program, such as `1.2.0`.
    pub version: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// The messages that it handles: events, and requests, which it answers.
    pub handles: BTreeSet<Handled>,
    /// The events that it publishes.
    pub publishes: BTreeSet<MessageVersion>,
    /// The requests that it asks.
    pub asks: BTreeSet<MessageVersion>,
    /// The buckets and object stores that it uses.
    pub stores: BTreeSet<Store>,
}

/// Name and version of a message, which need not be in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct MessageVersion {
    /// The wire name, such as `orders.created`.
    pub message: String,
    /// The version of its contract, from 1.
    pub version: u32,
}

/// A message that a service handles, and how it reaches the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Handled {
    /// The message.
    pub of: MessageVersion,
    /// Event or request.
    pub kind: Kind,
    /// The filter of its subjects, such as `orders.*.created`.
    pub filter: String,
    /// The durable consumer that delivers it; `None` where no stream does.
    pub consumer: Option<DurableConsumer>,
    /// The queue group in which the instances share it, where no stream delivers it.
    pub queue_group: Option<String>,
}

impl Service {
    /// A service of this name that does nothing yet.
    ///
    /// Nothing is checked before it is added to a [`Catalog`](crate::Catalog).
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            description: None,
            handles: BTreeSet::new(),
            publishes: BTreeSet::new(),
            asks: BTreeSet::new(),
            stores: BTreeSet::new(),
        }
    }

    /// Sets the version of the program, such as `1.2.0`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets a sentence about it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds a message that it handles.
    #[must_use]
    pub fn handles(mut self, handled: Handled) -> Self {
        self.handles.insert(handled);
        self
    }

    /// Adds an event that it publishes.
    #[must_use]
    pub fn publishes(mut self, message: impl Into<String>, version: u32) -> Self {
        self.publishes.insert(MessageVersion::new(message, version));
        self
    }

    /// Adds a request that it asks.
    #[must_use]
    pub fn asks(mut self, message: impl Into<String>, version: u32) -> Self {
        self.asks.insert(MessageVersion::new(message, version));
        self
    }

    /// Adds a bucket or an object store that it uses.
    #[must_use]
    pub fn uses(mut self, store: Store) -> Self {
        self.stores.insert(store);
        self
    }

    /// Durable consumers of the service, one for each message that they deliver.
    pub(crate) fn consumers(&self) -> impl Iterator<Item = &DurableConsumer> {
        self.handles.iter().filter_map(|handled| handled.consumer.as_ref())
    }

    /// Messages that the service names.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &MessageVersion> {
        let handled = self.handles.iter().map(|handled| &handled.of);
        handled.chain(&self.publishes).chain(&self.asks)
    }

    pub(crate) fn to_value(&self) -> Value {
        let list = |messages: &BTreeSet<MessageVersion>| -> Vec<Value> {
            messages.iter().map(MessageVersion::to_value).collect()
        };
        let mut value = json!({
            "name": self.name,
            "handles": self.handles.iter().map(Handled::to_value).collect::<Vec<_>>(),
            "publishes": list(&self.publishes),
            "asks": list(&self.asks),
        });
        for (key, text) in [("version", &self.version), ("description", &self.description)] {
            if let Some(text) = text {
                value[key] = text.as_str().into();
            }
        }
        // Folders that were written before services had any say nothing of them.
        if !self.stores.is_empty() {
            value["stores"] = self.stores.iter().map(Store::to_value).collect();
        }
        value
    }

    /// The fingerprint of all that it says.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&crate::canonical::text(&crate::canonical::data(self.to_value())))
    }
}

impl MessageVersion {
    /// The message of this name and version.
    pub fn new(message: impl Into<String>, version: u32) -> Self {
        Self { message: message.into(), version }
    }

    /// `<name>.v<version>`, such as `orders.created.v1`.
    pub fn tag(&self) -> String {
        format!("{}.v{}", self.message, self.version)
    }

    fn to_value(&self) -> Value {
        json!({ "message": self.message, "version": self.version })
    }
}

impl Handled {
    /// A message of this kind, name, version and filter, which neither a durable consumer nor a queue
    /// group brings.
    pub fn new(
        kind: Kind,
        message: impl Into<String>,
        version: u32,
        filter: impl Into<String>,
    ) -> Self {
        Self {
            of: MessageVersion::new(message, version),
            kind,
            filter: filter.into(),
            consumer: None,
            queue_group: None,
        }
    }

    /// Sets the durable consumer that delivers it.
    #[must_use]
    pub fn consumer(mut self, consumer: DurableConsumer) -> Self {
        self.consumer = Some(consumer);
        self
    }

    /// Sets the queue group in which the service's instances share it.
    #[must_use]
    pub fn queue_group(mut self, group: impl Into<String>) -> Self {
        self.queue_group = Some(group.into());
        self
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut value = self.of.to_value();
        value["kind"] = self.kind.to_string().into();
        value["filter"] = self.filter.as_str().into();
        if let Some(consumer) = &self.consumer {
            value["consumer"] = consumer.to_value();
        }
        if let Some(group) = &self.queue_group {
            value["queue_group"] = group.as_str().into();
        }
        value
    }
}

#[cfg(test)]
mod tests;
