//! Services as `catalog.json` has them, read with a pointer to what is wrong.

use serde_json::{Map, Value};

use super::{
    AckPolicy, DeliverPolicy, DurableConsumer, Handled, MessageVersion, Service, Store, StoreKind,
};
use crate::descriptor::Kind;

/// A value that is not what stands there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unexpected {
    /// JSON pointer to it, or to what lacks it.
    pub(crate) pointer: String,
    /// Text that says what is expected there.
    pub(crate) expected: &'static str,
}

type Found<T> = Result<T, Unexpected>;

/// The services of a list. Keys that are not known are passed over.
pub(crate) fn read(services: &Value, pointer: &str) -> Found<Vec<Service>> {
    Place { value: services, pointer: pointer.to_owned() }.list(service)
}

fn service(place: &Place<'_>) -> Found<Service> {
    let members = place.object()?;
    Ok(Service {
        name: members.needed("name", Place::text)?,
        version: members.optional("version", Place::text)?,
        description: members.optional("description", Place::text)?,
        handles: members.list("handles", handled)?.into_iter().collect(),
        publishes: members.list("publishes", message)?.into_iter().collect(),
        asks: members.list("asks", message)?.into_iter().collect(),
        stores: members.list("stores", store)?.into_iter().collect(),
    })
}

fn message(place: &Place<'_>) -> Found<MessageVersion> {
    let members = place.object()?;
    Ok(MessageVersion {
        message: members.needed("message", Place::text)?,
        version: members.needed("version", version)?,
    })
}

fn store(place: &Place<'_>) -> Found<Store> {
    let members = place.object()?;
    let kind = members
        .needed("kind", |place| place.one_of(StoreKind::ALL, "`bucket` or `object_store`"))?;
    Ok(Store::new(kind, members.needed("name", Place::text)?))
}

fn version(place: &Place<'_>) -> Found<u32> {
    let version = place.value.as_u64().and_then(|version| u32::try_from(version).ok());
    version.filter(|version| *version > 0).ok_or_else(|| place.unexpected("a version from 1"))
}

fn handled(place: &Place<'_>) -> Found<Handled> {
    let members = place.object()?;
    Ok(Handled {
        of: message(place)?,
        kind: members.needed("kind", |place| {
            let known = [Kind::Event, Kind::Request];
            place.one_of(known, "`event` or `request`")
        })?,
        filter: members.needed("filter", Place::text)?,
        consumer: members.optional("consumer", consumer)?,
        queue_group: members.optional("queue_group", Place::text)?,
    })
}

fn consumer(place: &Place<'_>) -> Found<DurableConsumer> {
    let members = place.object()?;
    let defaults = DurableConsumer::new(
        members.needed("name", Place::text)?,
        members.needed("stream", Place::text)?,
    );
    let ack_policy = members
        .optional("ack_policy", |place| place.one_of(AckPolicy::ALL, "`explicit` or `all`"))?;
    let deliver_policy = members.optional("deliver_policy", |place| {
        let expected = "`all`, `by_start_sequence`, `by_start_time`, `last_per_subject` or `new`";
        place.one_of(DeliverPolicy::ALL, expected)
    })?;
    Ok(DurableConsumer {
        deliver_policy: deliver_policy.unwrap_or(defaults.deliver_policy),
        ack_policy: ack_policy.unwrap_or(defaults.ack_policy),
        ack_wait_ms: members
            .optional("ack_wait_ms", Place::number)?
            .unwrap_or(defaults.ack_wait_ms),
        attempts: members.optional("attempts", Place::number)?,
        backoff_ms: members.list("backoff_ms", Place::number)?,
        dead_letters: members.optional("dead_letters", Place::text)?,
        max_ack_pending: members.optional("max_ack_pending", Place::number)?,
        max_deliver: members.optional("max_deliver", Place::number)?,
        ..defaults
    })
}

/// A value, and where it stands.
struct Place<'a> {
    value: &'a Value,
    pointer: String,
}

impl<'a> Place<'a> {
    fn unexpected(&self, expected: &'static str) -> Unexpected {
        Unexpected { pointer: self.pointer.clone(), expected }
    }

    fn object(&self) -> Found<Members<'_>> {
        let of = self.value.as_object().ok_or_else(|| self.unexpected("an object"))?;
        Ok(Members { of, pointer: &self.pointer })
    }

    fn list<T>(&self, each: impl Fn(&Place<'a>) -> Found<T>) -> Found<Vec<T>> {
        let list = self.value.as_array().ok_or_else(|| self.unexpected("a list"))?;
        let places = list.iter().enumerate();
        places
            .map(|(at, value)| each(&Place { value, pointer: format!("{}/{at}", self.pointer) }))
            .collect()
    }

    fn text(&self) -> Found<String> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.unexpected("a text"))
    }

    fn number(&self) -> Found<u64> {
        self.value.as_u64().ok_or_else(|| self.unexpected("a whole number from 0"))
    }

    fn one_of<T: ToString>(
        &self,
        known: impl IntoIterator<Item = T>,
        expected: &'static str,
    ) -> Found<T> {
        let text = self.value.as_str();
        let mut known = known.into_iter();
        known.find(|one| Some(&*one.to_string()) == text).ok_or_else(|| self.unexpected(expected))
    }
}

/// An object's members, and where it stands.
struct Members<'a> {
    of: &'a Map<String, Value>,
    pointer: &'a str,
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<Place<'a>> {
        let pointer = || format!("{}/{name}", self.pointer);
        self.of.get(name).map(|value| Place { value, pointer: pointer() })
    }

    fn needed<T>(&self, name: &'static str, read: impl FnOnce(&Place<'a>) -> Found<T>) -> Found<T> {
        let place = self.get(name);
        let missing =
            || Unexpected { pointer: format!("{}/{name}", self.pointer), expected: "a value" };
        read(&place.ok_or_else(missing)?)
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Place<'a>) -> Found<T>,
    ) -> Found<Option<T>> {
        self.get(name).map(|place| read(&place)).transpose()
    }

    /// A list, which is empty where there is none.
    fn list<T>(&self, name: &str, each: impl Fn(&Place<'a>) -> Found<T>) -> Found<Vec<T>> {
        self.get(name).map_or(Ok(Vec::new()), |place| place.list(each))
    }
}
