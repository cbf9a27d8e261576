//! An empty payload, as programs in other languages send it for a message without fields.

use tidings::ReceiveError;
use tidings::prelude::*;
use tidings_tests::Server;

use crate::soon;

#[derive(EventStream)]
#[stream(name = "BELLS", subjects("bells.>"))]
struct Bells;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bells.rang", stream = Bells)]
struct Rang;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bells.hung", stream = Bells)]
struct Hung {
    tower: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "bells.ask", reply = u32)]
struct Ask {}

#[tokio::test]
async fn an_empty_payload_is_a_message_without_fields() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    bus.provision::<Bells>().await.unwrap();
    let mut live = bus.subscribe::<Rang>().await.unwrap();

    let stream = async_nats::jetstream::new(client);
    for subject in ["bells.rang", "bells.hung"] {
        stream.publish(subject, "".into()).await.unwrap().await.unwrap();
    }
    soon(live.next()).await.unwrap().unwrap();
    let mut replayed = bus.replay::<Rang>(DeliverFrom::Beginning).await.unwrap();
    soon(replayed.next()).await.unwrap().unwrap();
    // One with fields is none.
    let mut replayed = bus.replay::<Hung>(DeliverFrom::Beginning).await.unwrap();
    let error = soon(replayed.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ReceiveError::Decode { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_request_is_answered() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let registry = Registry::new("tower").handle::<Ask>(|_: Ask, _: Context| async { Ok(12) });
    let running = registry.start(&bus).await.unwrap();
    let answer = soon(client.request("bells.ask", "".into())).await.unwrap();
    assert_eq!(&answer.payload[..], b"12");
    assert_eq!(running.shutdown().await[0].handled, 1);
}
