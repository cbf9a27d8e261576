//! A message type's promise as data.

use schemars::JsonSchema;
use tidings_contract::{Descriptor, LargePayload};

use crate::message::{Declaration, Event, Message};

/// A type with a JSON Schema: every one that derives `JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no JSON Schema: it does not derive `JsonSchema`",
    label = "`JsonSchema` is missing",
    note = "derive it beside `Serialize` and `Deserialize`: `#[derive(Serialize, Deserialize, JsonSchema, …)]`; it is in `tidings::prelude` and needs `schemars` among the dependencies",
    note = "a type of another crate has it by a feature of `schemars`, or gets it with `#[schemars(with = \"…\")]` on the field"
)]
pub trait Described: JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> Described for T {}

/// Descriptors of an event.
pub fn describe_event<E: Event + Described>() -> Vec<Descriptor> {
    let declarations = E::DECLARATIONS.iter();
    declarations.map(|declaration| event(declaration).payload::<E>()).collect()
}

/// Descriptors of a request that is answered with an `R`.
pub fn describe_request<Q: Message + Described, R: Described>() -> Vec<Descriptor> {
    let declarations = Q::DECLARATIONS.iter();
    declarations.map(|declaration| request(declaration).payload::<Q>().reply::<R>()).collect()
}

/// Descriptors of a request that declares the error `E`.
pub fn describe_fallible_request<Q, R, E>() -> Vec<Descriptor>
where
    Q: Message + Described,
    R: Described,
    E: Described,
{
    describe_request::<Q, R>().into_iter().map(Descriptor::error::<E>).collect()
}

fn event(declaration: &Declaration) -> Descriptor {
    let Declaration { name, version, template, .. } = *declaration;
    let mut descriptor =
        Descriptor::event(name, version, template).id(declaration.id.iter().copied());
    if let Some(stream) = &declaration.stream {
        descriptor = descriptor.stream(stream.name).stream_config((stream.config)().to_value());
        if let (Some(over), Some(store)) = (declaration.large, stream.large_store) {
            let large = LargePayload::new(store.name);
            descriptor = descriptor.large(if over == u64::MAX { large } else { large.over(over) });
        }
    }
    if declaration.tagged { descriptor.tagged() } else { descriptor }
}

fn request(declaration: &Declaration) -> Descriptor {
    Descriptor::request(declaration.name, declaration.version, declaration.template)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use tidings_contract::LargePayload;
    use tidings_derive::{Event, EventStream};

    use crate::message::Message as _;

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "lamps.{room}.sold", crate = "crate")]
    #[serde(rename_all = "camelCase")]
    struct Sold {
        #[event(id)]
        order_id: u32,
        #[event(id)]
        #[serde(rename = "n")]
        number: u32,
        #[event(id)]
        room: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "lamps.lost", id = "(order_id, format!(\"{lamp_number}\"))", crate = "crate")]
    struct Lost {
        #[serde(rename(serialize = "order", deserialize = "order"))]
        order_id: u32,
        lamp_number: u32,
    }

    #[derive(EventStream)]
    #[stream(name = "SCANS", subjects("scans.>"), large_store(name = "scans"), crate = "crate")]
    struct Scans;

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "scans.taken", stream = Scans, large, crate = "crate")]
    struct Taken;

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "scans.kept", stream = Scans, large(over = "256KiB"), crate = "crate")]
    struct Kept;

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "scans.lost", stream = Scans, crate = "crate")]
    struct NotLarge;

    #[test]
    fn what_may_be_large_says_where_and_from_which_size() {
        let large = |mut all: Vec<tidings_contract::Descriptor>| all.remove(0).large;
        assert_eq!(large(Taken::descriptors()), Some(LargePayload::new("scans")));
        let kept = LargePayload::new("scans").over(256 * 1024);
        assert_eq!(large(Kept::descriptors()), Some(kept));
        assert_eq!(large(NotLarge::descriptors()), None);
        assert_eq!(large(Sold::descriptors()), None);
    }

    #[test]
    fn what_identifies_an_event_is_called_as_its_payload_calls_it() {
        let ids = |mut all: Vec<tidings_contract::Descriptor>| all.remove(0).id;
        assert_eq!(ids(Sold::descriptors()), ["orderId", "n", "room"]);
        assert_eq!(ids(Lost::descriptors()), ["order", "lamp_number"]);
        for descriptor in Sold::descriptors().into_iter().chain(Lost::descriptors()) {
            let properties = &descriptor.payload.as_ref().unwrap().read()["properties"];
            assert!(descriptor.id.iter().all(|name| properties.get(name).is_some()));
        }
    }
}
