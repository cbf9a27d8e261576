//! The server's `max_payload`.

use tidings::prelude::*;
use tidings::{PublishError, RequestError};
use tidings_tests::{Server, eventually};

use super::{Put, Shelf, connect};
use crate::{SOON, soon};

const LIMIT: usize = 700;
const CONFIG: &str = "max_payload: 700";

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.taken")]
struct Note {
    text: String,
}

/// Asks for a reply of this length.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "notes.repeat", reply = String)]
struct Repeat {
    text: String,
    times: usize,
}

/// A note that has this size on the wire.
fn note(size: usize) -> Note {
    Note { text: "x".repeat(size - r#"{"text":""}"#.len()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_limit_is_known_and_named() {
    let server = Server::with_config(CONFIG).await;
    let bus = connect(&server).await;
    assert_eq!(bus.max_payload(), LIMIT);
    let mut notes = bus.subscribe::<Note>().await.unwrap();
    bus.publish(&note(LIMIT)).await.unwrap();
    assert_eq!(soon(notes.next()).await.unwrap().unwrap().into_event(), note(LIMIT));

    let error = bus.publish(&note(LIMIT + 1)).await.unwrap_err();
    let said = error.to_string();
    assert!(["notes.taken", "701", "700", "max_payload"].iter().all(|part| said.contains(part)));
    assert!(matches!(error, PublishError::TooLarge { size: 701, limit: LIMIT, .. }), "{error:?}");
    // Headers count as well.
    let full = note(LIMIT);
    let error = bus.message(&full).header("tenant", "acme").publish().await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: LIMIT, .. }), "{error:?}");

    bus.provision::<Shelf>().await.unwrap();
    let heavy = Put { number: 1, what: "x".repeat(LIMIT) };
    let error = bus.publish(&heavy).await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: LIMIT, .. }), "{error:?}");

    let ask = Repeat { text: "x".repeat(LIMIT), times: 1 };
    let error = bus.request(&ask).await.unwrap_err();
    assert!(matches!(error, RequestError::TooLarge { limit: LIMIT, .. }), "{error:?}");
    // None of this has cost the connection.
    let connections = server.monitor("/varz").await["total_connections"].clone();
    bus.publish(&note(LIMIT)).await.unwrap();
    soon(notes.next()).await.unwrap().unwrap();
    assert_eq!(server.monitor("/varz").await["total_connections"], connections);
}

/// The largest that fits with its headers is taken, one byte more is not: both sides count alike.
#[tokio::test]
async fn headers_are_counted_as_the_server_counts_them() {
    let server = Server::with_config(CONFIG).await;
    let bus = connect(&server).await;
    let mut notes = bus.subscribe::<Note>().await.unwrap();
    // `NATS/1.0\r\n`, `tenant: acme\r\n` as the client writes it, and an empty line.
    let headers = "NATS/1.0\r\ntenant: acme\r\n\r\n".len();
    let fits = note(LIMIT - headers);
    bus.message(&fits).header("tenant", "acme").publish().await.unwrap();
    assert_eq!(soon(notes.next()).await.unwrap().unwrap().headers().get("tenant"), Some("acme"));
    let over = note(LIMIT - headers + 1);
    match bus.message(&over).header("tenant", "acme").publish().await.unwrap_err() {
        PublishError::TooLarge { size, limit, .. } => assert_eq!((size, limit), (701, 700)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_too_large_is_an_error_reply() {
    let server = Server::with_config(CONFIG).await;
    let bus = connect(&server).await;
    let repeat = |ask: Repeat, _: Context| async move { Ok(ask.text.repeat(ask.times)) };
    let registry = Registry::new("notes").handle::<Repeat>(repeat);
    let running = registry.start(&connect(&server).await).await.unwrap();
    assert_eq!(bus.request(&Repeat { text: "ab".into(), times: 2 }).await.unwrap(), "abab");
    let ask = Repeat { text: "x".into(), times: LIMIT };
    match soon(bus.request(&ask)).await.unwrap_err() {
        RequestError::Service { code: 500, description, .. } => {
            assert!(description.contains("702") && description.contains("700"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    running.shutdown().await;
}

/// A limit that is lowered while clients are connected costs the first one over it the connection,
/// which is made again, and then it is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_changes_is_known_after_one_reconnect() {
    let server = Server::start().await;
    let bus = connect(&server).await;
    assert_eq!(bus.max_payload(), 1024 * 1024);
    server.reload(CONFIG);
    eventually(SOON, "the server has read it", || async {
        server.monitor("/varz").await["max_payload"] == LIMIT
    })
    .await;
    bus.publish(&note(LIMIT + 1)).await.unwrap();
    eventually(SOON, "the new limit is known", || async { bus.max_payload() == LIMIT }).await;
    let error = bus.publish(&note(LIMIT + 1)).await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: LIMIT, .. }), "{error:?}");
    soon(bus.flush()).await.unwrap();
}
