//! Markers that a server writes itself where it deleted something, where only a server shows it.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::{Config, Republish};

use tidings::prelude::*;
use tidings::{DeadLetterError, DeadLetterFilter};
use tidings_tests::{Server, eventually};

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "PARKED", subjects("parked.>"))]
struct Garage;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parked.{number}", stream = Garage)]
struct Parked {
    number: u64,
}

/// An event that a stream hands on of what it stores.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "seen.parked.{number}")]
struct Seen {
    number: u64,
}

/// A letter that an earlier version made of a marker is not put back.
#[tokio::test]
async fn a_letter_of_a_marker_is_not_put_back() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Garage>().await.unwrap();
    let reject = |_: Parked, _: Context| async { Err::<(), _>(Failure::reject("full")) };
    let running = Registry::new("garage").handle::<Parked>(reject).start(&bus).await.unwrap();
    bus.publish(&Parked { number: 1 }).await.unwrap();
    let letters = bus.dead_letters("garage");
    eventually(SOON, "a letter", || async {
        let count = letters.count(DeadLetterFilter::all()).await.unwrap_or(0);
        if count == 1 { Ok(()) } else { Err(count) }
    })
    .await;
    running.shutdown().await;

    // The same letter, of a marker.
    let jetstream = async_nats::jetstream::new(server.client().await);
    let stream = jetstream.get_stream(letters.stream()).await.unwrap();
    let info = stream.get_info().await.unwrap();
    let letter = stream.get_raw_message(info.state.last_sequence).await.unwrap();
    let mut headers = HeaderMap::new();
    for (name, values) in letter.headers.iter() {
        if name.to_string() != "Nats-Msg-Id" {
            headers.append(name.clone(), values[0].clone());
        }
    }
    headers.append("Tidings-Dl-Original-Nats-Marker-Reason", "MaxAge");
    let publish = jetstream.publish_with_headers(letter.subject.clone(), headers, "".into());
    publish.await.unwrap().await.unwrap();

    let report = letters.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (1, 1), "{report:?}");
    assert!(matches!(report.errors[..], [DeadLetterError::Marker { .. }]), "{report:?}");
    assert_eq!(bus.stream::<Garage>().state().await.unwrap().last_sequence, 2);
}

/// A marker that is handed on is no event either.
#[tokio::test]
async fn a_marker_that_is_published_again_is_heard_by_nobody() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(server.client().await);
    let config = Config {
        name: "PARKED".into(),
        subjects: vec!["parked.>".into()],
        allow_message_ttl: true,
        subject_delete_marker_ttl: Some(Duration::from_secs(60)),
        max_messages_per_subject: 1,
        republish: Some(Republish {
            source: "parked.*".into(),
            destination: "seen.parked.{{wildcard(1)}}".into(),
            headers_only: false,
        }),
        ..Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let mut seen = bus.subscribe::<Seen>().await.unwrap();
    let mut headers = HeaderMap::new();
    headers.append("Nats-TTL", "1");
    let payload = r#"{"number":1}"#;
    let publish = jetstream.publish_with_headers("parked.1", headers, payload.into());
    publish.await.unwrap().await.unwrap();
    assert_eq!(soon(seen.next()).await.unwrap().unwrap().number, 1);
    eventually(SOON, "the marker", || async {
        let last = bus.stream::<Garage>().state().await.unwrap().last_sequence;
        if last == 2 { Ok(()) } else { Err(last) }
    })
    .await;
    bus.publish(&Parked { number: 2 }).await.unwrap();
    assert_eq!(soon(seen.next()).await.unwrap().unwrap().number, 2);
}
