//! Connecting: to whom, as whom, how safely; and what an error says, and never says.

mod certificate;
mod credential;
mod env;
mod inbox;
mod operator;
mod tls;
mod way;

use std::net::TcpListener as StdListener;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{BusBuilder, ConnectError};
use tidings_tests::{Server, unique};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::{everything, soon};

/// A bell rang.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bells.rung")]
struct Rung {
    bell: String,
}

/// Asserts that what is published there is received there.
async fn carries(bus: &Bus) {
    let mut bells = soon(bus.subscribe::<Rung>()).await.expect("a subscription");
    let bell = unique("bell");
    bus.publish(&Rung { bell: bell.clone() }).await.expect("published");
    let rung = soon(bells.next()).await.expect("a message").expect("a bell");
    assert_eq!(rung.bell, bell);
}

/// Connecting fails, and nothing that is said holds a secret.
async fn fails(builder: BusBuilder, secrets: &[&str]) -> ConnectError {
    let debug = format!("{builder:?} {builder:#?}");
    let error = soon(builder.connect()).await.expect_err("no connection");
    for text in [debug, everything(&error)] {
        let told = secrets.iter().find(|secret| text.contains(*secret));
        assert!(told.is_none(), "{told:?} is told by {text}");
    }
    error
}

#[tokio::test]
async fn an_address_that_is_none_is_named_without_its_credentials() {
    for (address, shown) in [
        ("127.0.0.1:http", "127.0.0.1:http"),
        ("nats://al:s3cret@127.0.0.1:x", "nats://127.0.0.1:x"),
        ("nats://s3cret@127.0.0.1:99999", "nats://127.0.0.1:99999"),
        ("ftp://al:s3cret@127.0.0.1", "ftp://127.0.0.1"),
        // What a password must not hold unencoded tears the URL; it is kept all the same.
        ("nats://al:s3cret/s3cret@127.0.0.1", "nats://127.0.0.1"),
        ("nats://al:s3cret?s3cret@127.0.0.1", "nats://127.0.0.1"),
        ("nats://al:s3cret#s3cret@127.0.0.1", "nats://127.0.0.1"),
        ("nats://al:s3cret@s3cret@:x", "nats://:x"),
        // A comma ends an address, and a password that has one may not be cut there.
        ("nats://al:s3cret,s3cret@127.0.0.1", "…"),
        ("nats://127.0.0.1:4222,al:s3cret@127.0.0.1", "…"),
        ("nats://127.0.0.1?password=s3cret@", "nats://"),
    ] {
        let error = fails(Bus::builder().server(address), &["s3cret"]).await;
        assert!(error.to_string().contains("nats://host:port"), "the way out: {error}");
        match error {
            ConnectError::Address { address, .. } => assert_eq!(address, shown),
            other => panic!("{address}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_inbox_prefix_that_is_no_subject_is_named() {
    for prefix in ["", "a b", "a.", ".a", "_INBOX.*", "a..b"] {
        let error = fails(Bus::builder().server(closed_port()).inbox_prefix(prefix), &[]).await;
        let named = matches!(&error, ConnectError::InboxPrefix { prefix: p, .. } if p == prefix);
        assert!(named, "{prefix:?}: {error:?}");
    }
}

#[tokio::test]
async fn no_address_says_how_to_give_one() {
    for builder in [Bus::builder(), Bus::builder().server(""), Bus::builder().servers(["", " "])] {
        let error = fails(builder, &[]).await;
        assert!(matches!(error, ConnectError::NoServer), "{error:?}");
    }
}

/// A port that nobody listens on.
fn closed_port() -> String {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    format!("nats://{}", listener.local_addr().unwrap())
}

/// A port that accepts and says nothing, for as long as the listener lives.
async fn silent_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn a_closed_port_is_an_error_at_once_that_names_it() {
    let url = closed_port();
    let begun = Instant::now();
    let error = fails(Bus::builder().server(&url), &[]).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "not after the timeout");
    assert!(
        matches!(&error, ConnectError::Unreachable { servers, .. } if *servers == url),
        "{error:?}"
    );
    assert!(error.to_string().contains(&url), "{error}");
    assert!(error.to_string().contains("refused"), "the cause is told: {error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_an_error_after_the_timeout() {
    let (_listener, url) = silent_port().await;
    let (begun, limit) = (Instant::now(), Duration::from_millis(300));
    let error = fails(Bus::builder().server(&url).connect_timeout(limit), &[]).await;
    let took = begun.elapsed();
    assert!((limit..limit * 5).contains(&took), "{took:?}");
    match &error {
        ConnectError::Timeout { servers, waited } => {
            assert_eq!((servers, *waited), (&url, limit));
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn several_servers_are_all_named() {
    let (one, (_listener, other)) = (closed_port(), silent_port().await);
    let builder = Bus::builder().servers([&one, &other]);
    let error = fails(builder.connect_timeout(Duration::from_millis(300)), &[]).await.to_string();
    assert!(error.contains(&one) && error.contains(&other), "{error}");
}

/// Lists of which one server lives, in whichever order they are tried: the dead ones must not use up all the
/// time.
#[tokio::test]
async fn one_server_that_lives_is_enough() {
    let server = Server::start().await;
    let (_listener, silent) = silent_port().await;
    for _ in 0..6 {
        let urls = [closed_port(), silent.clone(), server.url()];
        let builder = Bus::builder().servers(urls).connect_timeout(Duration::from_millis(1500));
        carries(&soon(builder.connect()).await.expect("the last one lives")).await;
    }
    let urls = format!("{}, {}", closed_port(), server.url());
    carries(&soon(Bus::connect(urls)).await.expect("separated by commas")).await;
}
