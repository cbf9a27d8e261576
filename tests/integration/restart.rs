//! A server that is killed, stands still or loses its connections: what the bus promises holds.

mod ack;
mod atomic;
mod bucket;
mod cumulative;
mod flow;
mod ingest;
mod outage;
mod request;
mod store;

use tidings::prelude::*;

/// Stream of the parcels.
#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"), duplicate_window = "2m")]
struct Parcels;

/// A stream's event, known again by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.sent", stream = Parcels)]
struct Sent {
    #[event(id)]
    number: u32,
}

/// An event that no stream keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "lamps.switched")]
struct Switched {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", reply = u32)]
struct Check {
    number: u32,
}

/// Number of messages that the stream holds, as a plain client sees it.
async fn stored(client: &async_nats::Client) -> u64 {
    let context = async_nats::jetstream::new(client.clone());
    let mut stream = context.get_stream("PARCELS").await.expect("the stream");
    stream.info().await.expect("its state").state.messages
}
