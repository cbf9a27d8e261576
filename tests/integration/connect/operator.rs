//! `.creds` files, on a server whose accounts are signed by an operator.

use std::fs;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tidings::{Bus, BusBuilder, ConnectError};
use tidings_tests::Server;

use super::{carries, fails};
use crate::soon;

/// A JWT as NATS signs them (ADR-14).
fn token(issuer: &KeyPair, subject: &KeyPair, name: &str, nats: Value) -> String {
    token_until(issuer, subject, name, nats, None)
}

/// Token that expires at a time, in seconds since 1970.
fn token_until(
    issuer: &KeyPair,
    subject: &KeyPair,
    name: &str,
    mut nats: Value,
    expires: Option<u64>,
) -> String {
    nats["version"] = json!(2);
    let mut claims = json!({
        "jti": name,
        "iat": SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs(),
        "iss": issuer.public_key(),
        "sub": subject.public_key(),
        "name": name,
        "nats": nats,
    });
    if let Some(expires) = expires {
        claims["exp"] = json!(expires);
    }
    let encoded = |json: Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    let head = encoded(json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let signed = format!("{head}.{}", encoded(claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn account(operator: &KeyPair, account: &KeyPair, name: &str) -> String {
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1,
    });
    token(operator, account, name, json!({ "type": "account", "limits": limits }))
}

/// A user of the account: his JWT and his seed.
pub(super) fn user(account: &KeyPair) -> (String, String) {
    user_until(account, None)
}

/// User whose JWT expires.
pub(super) fn user_until(account: &KeyPair, expires: Option<u64>) -> (String, String) {
    let key = KeyPair::new_user();
    let limits = json!({ "type": "user", "subs": -1, "data": -1, "payload": -1 });
    (token_until(account, &key, "ann", limits, expires), key.seed().unwrap())
}

/// Credentials file as `nsc` writes it.
pub(super) fn creds(jwt: &str, seed: &str) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         ************************* IMPORTANT *************************\n\
         NKEY Seed printed below can be used to sign and prove identity.\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// A server, and the account whose users it knows.
pub(super) async fn server() -> (Server, KeyPair) {
    let (operator, system, shop) =
        (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\n\
         resolver_preload: {{ {}: {}, {}: {} }}",
        token(&operator, &operator, "operator", json!({ "type": "operator" })),
        system.public_key(),
        system.public_key(),
        account(&operator, &system, "SYS"),
        shop.public_key(),
        account(&operator, &shop, "SHOP"),
    );
    (Server::with_config(&config).await, shop)
}

/// A server, and the JWT and the seed of a user whom it knows.
pub(super) async fn with_user() -> (Server, String, String) {
    let (server, shop) = server().await;
    let (jwt, seed) = user(&shop);
    (server, jwt, seed)
}

#[tokio::test]
async fn credentials_open_as_text_as_a_file_and_in_parts() {
    let (server, jwt, seed) = with_user().await;
    let file = server.directory().join("ann.creds");
    fs::write(&file, creds(&jwt, &seed)).unwrap();
    let to = || Bus::builder().server(server.url());
    for builder in
        [to().credentials(creds(&jwt, &seed)), to().credentials_file(&file), to().jwt(&jwt, &seed)]
    {
        carries(&soon(builder.connect()).await.expect("a connection")).await;
    }
}

#[tokio::test]
async fn credentials_of_others_are_refused() {
    let (server, shop) = server().await;
    let to = || Bus::builder().server(server.url());
    let (jwt, seed) = user(&shop);
    let (_, other_seed) = user(&shop);
    let (foreign, foreign_seed) = user(&KeyPair::new_account());
    let refused = async |builder: BusBuilder, secrets: &[&str]| {
        let error = fails(builder, secrets).await;
        assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    };
    refused(to(), &[]).await;
    // Another's seed, and an account that the operator has not signed.
    refused(to().jwt(&jwt, &other_seed), &[&jwt, &other_seed]).await;
    refused(to().jwt(&foreign, &foreign_seed), &[&foreign, &foreign_seed]).await;
    // A seed that is none is not even shown to the server.
    let error = fails(to().jwt(&jwt, "SUn0key"), &[&jwt, &seed, "SUn0key"]).await;
    assert!(matches!(error, ConnectError::Credentials { .. }), "{error:?}");
}
