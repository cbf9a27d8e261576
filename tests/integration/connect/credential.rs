//! Credentials: passwords, tokens, keys; by options and in URLs.

use nkeys::KeyPair;
use tidings::{Bus, BusBuilder, ConnectError};
use tidings_tests::{Server, eventually};

use super::{Rung, carries, everything, fails};
use crate::{SOON, soon};

const PASSWORD: &str = "p@ss:w/rd%?#";
/// [`PASSWORD`] as it stands in a URL.
const ENCODED: &str = "p%40ss%3Aw%2Frd%25%3F%23";

/// The server's URL with what stands before the `@`.
fn url(server: &Server, credentials: &str) -> String {
    server.url().replace("://", &format!("://{credentials}@"))
}

async fn password_server() -> Server {
    Server::with_config(&format!("authorization {{ user: ann, password: {PASSWORD:?} }}")).await
}

async fn token_server() -> Server {
    Server::with_config("authorization { token: t0p-s3cret }").await
}

async fn connects(builder: BusBuilder) {
    carries(&soon(builder.connect()).await.expect("a connection")).await;
}

async fn is_refused(builder: BusBuilder, server: &Server, secrets: &[&str]) {
    let error = fails(builder, secrets).await;
    let url = server.url();
    assert!(
        matches!(&error, ConnectError::Refused { servers, .. } if *servers == url),
        "{error:?}"
    );
    assert!(error.to_string().contains(&url), "{error}");
    assert!(everything(&error).to_lowercase().contains("authorization"), "the cause: {error:?}");
}

#[tokio::test]
async fn a_password_opens_and_a_wrong_one_is_refused() {
    let server = password_server().await;
    let to = || Bus::builder().server(server.url());
    connects(to().user_and_password("ann", PASSWORD)).await;
    connects(Bus::builder().server(url(&server, &format!("ann:{ENCODED}")))).await;
    // The same by both ways is no contradiction.
    let both = Bus::builder().server(url(&server, &format!("ann:{ENCODED}")));
    connects(both.user_and_password("ann", PASSWORD)).await;

    is_refused(to(), &server, &[]).await;
    is_refused(to().user_and_password("ann", "wr0ng"), &server, &["wr0ng"]).await;
    is_refused(Bus::builder().server(url(&server, "ann:wr0ng")), &server, &["wr0ng"]).await;
    is_refused(to().token("wr0ng"), &server, &["wr0ng"]).await;
}

#[tokio::test]
async fn a_token_opens_and_a_wrong_one_is_refused() {
    let server = token_server().await;
    connects(Bus::builder().server(server.url()).token("t0p-s3cret")).await;
    connects(Bus::builder().server(url(&server, "t0p-s3cret"))).await;
    is_refused(Bus::builder().server(server.url()).token("wr0ng"), &server, &["wr0ng"]).await;
    is_refused(Bus::builder().server(url(&server, "wr0ng")), &server, &["wr0ng"]).await;
}

#[tokio::test]
async fn two_different_credentials_are_a_mistake() {
    let server = password_server().await;
    let secrets = ["s3cret", "0ther"];
    for builder in [
        Bus::builder().server(url(&server, "ann:s3cret")).token("0ther"),
        Bus::builder().servers([url(&server, "ann:s3cret"), url(&server, "ann:0ther")]),
    ] {
        let error = fails(builder, &secrets).await;
        assert!(matches!(error, ConnectError::TwoCredentials { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_opens_and_another_is_refused() {
    let key = KeyPair::new_user();
    let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
    let server = Server::with_config(&config).await;
    let to = || Bus::builder().server(server.url());
    connects(to().nkey(key.seed().unwrap())).await;
    let other = KeyPair::new_user().seed().unwrap();
    is_refused(to().nkey(&other), &server, &[&other]).await;
    // What is no key at all never reaches the server.
    let error = fails(to().nkey("SUn0key"), &["SUn0key"]).await;
    assert!(matches!(error, ConnectError::Credentials { .. }), "{error:?}");
}

#[tokio::test]
async fn credentials_that_cant_be_read_name_their_file() {
    let to = || Bus::builder().server("nats://127.0.0.1:1");
    let error = fails(to().credentials_file("no/such/file.creds"), &[]).await;
    assert!(everything(&error).contains("no/such/file.creds"), "{error:?}");
    let error = fails(to().credentials("SUs3cret"), &["SUs3cret"]).await;
    assert!(matches!(error, ConnectError::Credentials { .. }), "{error:?}");
}

/// Credentials that opened the first connection open those that follow.
#[tokio::test]
async fn credentials_are_used_again_after_a_restart() {
    let mut server = password_server().await;
    let builder = Bus::builder().server(url(&server, &format!("ann:{ENCODED}")));
    let bus = soon(builder.connect()).await.unwrap();
    assert!(!format!("{bus:?}").contains("p@ss"), "{bus:?}");
    let mut bells = bus.subscribe::<Rung>().await.unwrap();
    server.restart().await;
    let heard = async {
        loop {
            let rung = bells.next().await.unwrap().unwrap();
            if rung.bell == "after" {
                return;
            }
        }
    };
    let ringing = eventually(SOON, "the bus is back", || async {
        bus.flush().await.map_err(|error| error.to_string())
    });
    ringing.await;
    bus.publish(&Rung { bell: "after".into() }).await.unwrap();
    soon(heard).await;
}
