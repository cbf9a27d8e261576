//! The messages of the scenarios.

use tidings::StreamConfig;
use tidings::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Token)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Region {
    Eu,
    Us,
}

/// Stream of the parcels.
#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"), duplicate_window = "2m", allow_message_ttl)]
pub(crate) struct Parcels;

/// A stream's event, known again by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{region}.sent", stream = Parcels)]
pub(crate) struct Sent {
    #[event(id)]
    pub(crate) number: u64,
    pub(crate) region: Region,
    pub(crate) note: String,
}

impl Sent {
    pub(crate) fn new(number: u64, region: Region) -> Self {
        Self { number, region, note: format!("parcel {number}") }
    }
}

pub(crate) fn sent(number: u64) -> Sent {
    Sent::new(number, Region::Eu)
}

/// A stream's event without id fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{region}.seen", stream = Parcels)]
pub(crate) struct Seen {
    pub(crate) number: u64,
    pub(crate) region: Region,
}

/// Either kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "parcels.any", stream = Parcels)]
pub(crate) enum ParcelEvent {
    Sent(Sent),
    Seen(Seen),
}

/// An event that no stream keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "lamps.{room}.switched")]
pub(crate) struct Switched {
    pub(crate) room: String,
    pub(crate) number: u64,
}

pub(crate) fn switched(number: u64) -> Switched {
    Switched { room: "hall".into(), number }
}

/// [`Switched`] with borrowed text, for publishing only.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema, Event)]
#[event(subject = "lamps.{room}.switched")]
pub(crate) struct SwitchedRef<'a> {
    pub(crate) room: &'a str,
    pub(crate) number: u64,
}

/// An event over any detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "details.added")]
pub(crate) struct Added<T> {
    pub(crate) detail: T,
}

/// Two events of one subject, told apart by their header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "doors.moved", name = "doors.opened", version = 2, tagged)]
pub(crate) struct Opened {
    pub(crate) door: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "doors.moved", name = "doors.closed", tagged)]
pub(crate) struct Closed {
    pub(crate) door: String,
}

/// The first version of [`Opened`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "doors.moved", name = "doors.opened", version = 1, tagged)]
pub(crate) struct OpenedV1 {
    pub(crate) door: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Event)]
pub(crate) enum DoorEvent {
    Opened(Opened),
    Closed(Closed),
}

/// Payload that anybody may write on the subject of [`Switched`] and [`Sent`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "lamps.{room}.switched")]
pub(crate) struct NotSwitched {
    pub(crate) room: String,
    pub(crate) nonsense: bool,
}

/// Payload that anybody may write on the subject of [`Sent`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{region}.sent", name = "parcels.other", stream = Parcels)]
pub(crate) struct NotSent {
    pub(crate) region: Region,
    pub(crate) nonsense: bool,
}

/// A request with a declared error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", reply = Stock, error = OutOfStock)]
pub(crate) struct Check {
    pub(crate) quantity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Stock {
    pub(crate) available: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("only {available} left")]
pub(crate) struct OutOfStock {
    pub(crate) available: u32,
}

/// A request on the subject of [`Check`] that its handler can't read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", name = "stock.garbled", reply = Stock)]
pub(crate) struct GarbledCheck {
    pub(crate) nonsense: String,
}

/// A request on the subject of [`Check`] by who expects another reply.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", name = "stock.misread", reply = u32)]
pub(crate) struct MisreadCheck {
    pub(crate) quantity: u32,
}

/// A stream that keeps all that is asked of the stock.
pub(crate) async fn audit(bus: &Bus, change: impl FnOnce(&mut StreamConfig)) {
    let mut config = StreamConfig::new("AUDIT", ["stock.>"]);
    change(&mut config);
    let plan = bus.plan_stream(&config).await.unwrap().allow_data_loss();
    bus.apply(plan).await.unwrap();
}

/// A request that declares no error, with a token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "echo.{room}.say", reply = String)]
pub(crate) struct Echo {
    pub(crate) room: String,
    pub(crate) text: String,
}

/// A request whose reply can be read from any object.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.tally", reply = Tallied)]
pub(crate) struct Tally {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tallied {
    pub(crate) total: Option<u32>,
}

/// A request whose reply has the fields of a stream's confirmation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "places.locate", reply = Located)]
pub(crate) struct Locate {
    pub(crate) number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Located {
    pub(crate) stream: String,
    pub(crate) seq: u64,
}

/// A request on a subject that a stream keeps.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "parcels.find", reply = String)]
pub(crate) struct Find {
    pub(crate) number: u64,
}
