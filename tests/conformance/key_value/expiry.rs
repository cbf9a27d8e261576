//! Values that live for a time.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Change, PutError, RemovalReason};
use tidings_tests::eventually;

use super::{Code, EXPIRED, Session, code, code_key, session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        a_value_expires_after_its_time,
        nothing_older_comes_back,
        a_time_to_live_that_can_not_be_is_refused;
}

async fn a_value_expires_after_its_time(env: Env) {
    let bus = env.bus_with::<Code>().await;
    let codes = bus.key_value::<Code>();
    codes.create(&code("short", 1)).ttl(Duration::from_secs(1)).await.unwrap();
    codes.create(&code("long", 1)).ttl(Duration::from_secs(3600)).await.unwrap();
    codes.put(&code("endless", 1)).await.unwrap();
    assert!(codes.get(&code_key("short")).await.unwrap().is_some());
    eventually(EXPIRED, "an expired value", || async {
        codes.get(&code_key("short")).await.unwrap().is_none()
    })
    .await;
    if let Some(last) = codes.last(&code_key("short")).await.unwrap() {
        let is_expired = |r: &tidings::Removal<_>| r.reason == RemovalReason::Expired;
        assert!(matches!(&last, Change::Removed(r) if is_expired(r)), "{last:?}");
    }
    assert!(codes.get(&code_key("long")).await.unwrap().is_some());
    assert!(codes.get(&code_key("endless")).await.unwrap().is_some());
    // It can be made again.
    codes.create(&code("short", 2)).await.unwrap();
}

/// A bucket that keeps several values, of which each may expire.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "prices", key = "{item}", history = 5, limit_markers = "1s")]
struct Price {
    item: String,
    cents: u64,
}

async fn nothing_older_comes_back(env: Env) {
    let bus = env.bus_with::<Price>().await;
    let prices = bus.key_value::<Price>();
    let (price, lamp) =
        (|cents| Price { item: "lamp".into(), cents }, PriceKey { item: "lamp".into() });
    prices.put(&price(1)).await.unwrap();
    prices.put(&price(2)).await.unwrap();
    prices.put(&price(3)).ttl(Duration::from_secs(1)).await.unwrap();
    assert_eq!(prices.get(&lamp).await.unwrap().unwrap().cents, 3);
    eventually(EXPIRED, "an expired price", || async {
        prices.get(&lamp).await.unwrap().is_none()
    })
    .await;
}

/// A bucket that keeps several values, and whose markers stay for a minute.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "tokens", key = "{token}", history = 3, limit_markers = "1m")]
struct Token {
    token: String,
}

async fn a_time_to_live_that_can_not_be_is_refused(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let error = sessions.put(&session("acme", 7, &[])).ttl(Duration::from_secs(5)).await;
    assert!(matches!(error, Err(PutError::TtlDisabled { .. })), "{error:?}");
    bus.provision::<Code>().await.unwrap();
    let codes = bus.key_value::<Code>();
    for ttl in [Duration::ZERO, Duration::from_millis(1500), Duration::from_millis(500)] {
        let error = codes.create(&code("x", 1)).ttl(ttl).await;
        assert!(matches!(error, Err(PutError::Ttl { .. })), "{error:?}");
    }
    // Which a server would lengthen.
    bus.provision::<Token>().await.unwrap();
    let tokens = bus.key_value::<Token>();
    let token = Token { token: "x".into() };
    let error = tokens.put(&token).ttl(Duration::from_secs(2)).await.unwrap_err();
    let minute = Duration::from_secs(60);
    assert!(
        matches!(&error, PutError::TtlBelowMarkers { bucket, markers, .. } if bucket == "tokens" && *markers == minute),
        "{error:?}"
    );
    tokens.put(&token).ttl(minute).await.unwrap();
    assert_eq!(codes.get(&code_key("x")).await.unwrap(), None);
}
