//! Limits: what a server, an account or a stream does not allow is said by name, at once, and never
//! by a connection that is closed.

mod payload;
mod round_trip;

use tidings::prelude::*;
use tidings::{ProvisionError, PublishError};
use tidings_tests::Server;
use tokio::time::Instant;

use crate::{SOON, soon};

/// Full with three, and then it takes no more; nothing larger than 1000 bytes with headers.
#[derive(EventStream)]
#[stream(
    name = "SHELF",
    subjects("shelf.>"),
    max_messages = 3,
    max_message_size = 1000,
    discard = "new"
)]
struct Shelf;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shelf.put", stream = Shelf)]
struct Put {
    #[event(id)]
    number: u32,
    what: String,
}

fn put(number: u32) -> Put {
    Put { number, what: "a book".into() }
}

async fn connect(server: &Server) -> Bus {
    Bus::connect(server.url()).await.unwrap()
}

#[tokio::test]
async fn a_server_without_jetstream_says_so() {
    let server = Server::without_jetstream().await;
    let builder = Bus::builder().server(server.url()).publish_timeout(SOON / 20);
    let bus = builder.connect().await.unwrap();
    let error = soon(bus.provision::<Shelf>()).await.unwrap_err();
    assert!(matches!(&error, ProvisionError::NoJetStream { stream } if stream == "SHELF"));
    assert!(error.to_string().contains("-js"), "the way out: {error}");
    // It may be a server that has just lost those that keep streams: until the time is up.
    let error = soon(bus.publish(&put(1))).await.unwrap_err();
    assert!(matches!(error, PublishError::NoStream { stream: "SHELF", .. }), "{error:?}");
    let handler = |_: Put, _: Context| async { Ok(()) };
    let error = Registry::new("shop").handle::<Put>(handler).start(&bus).await.unwrap_err();
    assert!(error.to_string().contains("JetStream"), "{error}");
}

#[tokio::test]
async fn an_account_without_jetstream_says_so() {
    let config = "accounts { SHOP { users: [ { user: ann, password: pw } ] } }";
    let server = Server::with_config(config).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let bus = builder.connect().await.unwrap();
    let error = soon(bus.provision::<Shelf>()).await.unwrap_err();
    assert!(matches!(error, ProvisionError::NoJetStream { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stream_with_other_subjects_is_no_such_stream() {
    let server = Server::start().await;
    let context = async_nats::jetstream::new(server.client().await);
    let config = async_nats::jetstream::stream::Config {
        name: "SHELF".to_owned(),
        subjects: vec!["shelf.take".to_owned(), "board.>".to_owned()],
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let bus = connect(&server).await;
    match bus.provision::<Shelf>().await.unwrap_err() {
        ProvisionError::Subjects { stream, missing, found } => {
            assert_eq!((stream.as_str(), missing.as_str()), ("SHELF", "shelf.>"));
            assert_eq!(found, ["shelf.take", "board.>"]);
        }
        other => panic!("{other:?}"),
    }
    let begun = Instant::now();
    let error = bus.publish(&put(1)).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("shelf.put") && message.contains("SHELF"), "{message}");
    assert!(matches!(error, PublishError::NoStream { .. }), "{error:?}");
    assert!(begun.elapsed() < SOON / 4, "at once, the stream being there: {:?}", begun.elapsed());
    let left = context.get_stream("SHELF").await.unwrap().cached_info().config.subjects.clone();
    assert_eq!(left, ["shelf.take", "board.>"], "it is left as it is");
}

#[tokio::test]
async fn a_subject_that_another_stream_keeps_is_refused_with_its_code() {
    #[derive(EventStream)]
    #[stream(name = "OTHER", subjects("shelf.put"))]
    struct Other;
    let server = Server::start().await;
    let bus = connect(&server).await;
    bus.provision::<Other>().await.unwrap();
    let error = bus.provision::<Shelf>().await.unwrap_err();
    let ProvisionError::Refused { stream, code, description } = &error else { panic!("{error:?}") };
    assert_eq!((stream.as_str(), *code), ("SHELF", 10_065));
    assert!(description.contains("overlap"), "{description}");
}

#[tokio::test]
async fn a_full_stream_refuses_at_once() {
    let server = Server::start().await;
    let bus = connect(&server).await;
    bus.provision::<Shelf>().await.unwrap();
    for number in 1..=3 {
        bus.publish(&put(number)).await.unwrap();
    }
    let begun = Instant::now();
    match bus.publish(&put(4)).await.unwrap_err() {
        PublishError::Refused { subject, stream, code, description } => {
            assert_eq!((subject.as_str(), stream, code), ("shelf.put", "SHELF", 10_077));
            assert_eq!(description, "maximum messages exceeded");
        }
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < SOON / 4, "{:?}", begun.elapsed());
    // One that it has is no new one.
    assert!(bus.publish(&put(3)).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_message_that_is_too_large_for_the_stream_is_refused() {
    let server = Server::start().await;
    let bus = connect(&server).await;
    bus.provision::<Shelf>().await.unwrap();
    let heavy = Put { number: 1, what: "x".repeat(1000) };
    match bus.publish(&heavy).await.unwrap_err() {
        PublishError::Refused { stream, code, description, .. } => {
            assert_eq!((stream, code), ("SHELF", 10_054));
            assert!(description.contains("size"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    bus.publish(&put(1)).await.unwrap();
}
