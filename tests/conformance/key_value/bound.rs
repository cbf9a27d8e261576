//! Bounds of a bucket: long keys, many of them, a list that is cut, and a change that panics.

use std::future::IntoFuture as _;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tidings::{GetError, KeyError, PutError, TokenError, WatchError, WatchEvent};

use super::{Session, code, key, session};
use crate::support::env::{Env, soon};

scenarios! {
    every_bus:
        a_key_of_a_thousand_tokens,
        a_key_that_is_too_long,
        ten_thousand_keys_and_the_same_ones_again,
        a_list_of_a_closed_bus_says_that_it_is_cut,
        a_change_that_panics_leaves_the_value;
}

/// The bucket's keys as text, whatever its type declares.
async fn text(env: &Env) -> tidings::KeyValue<u32, tidings::TextKeys> {
    env.bus_with::<Session>().await.bucket::<u32>("sessions")
}

async fn a_key_of_a_thousand_tokens(env: Env) {
    let text = text(&env).await;
    let long = ["a"; 1000].join(".");
    text.put(&long, &1).await.unwrap();
    text.update_with(&long, |old| old.unwrap_or_default() + 1).await.unwrap();
    assert_eq!(text.get(&long).await.unwrap(), Some(2));
    assert_eq!(text.history(&long).await.unwrap().len(), 2);
    assert_eq!(text.get_many([&long, "a"]).await.unwrap().iter().flatten().count(), 1);
    let filter = ["*"; 1000].join(".");
    let mut keys = text.keys_of(&*filter).await.unwrap();
    assert_eq!(soon(keys.next()).await.unwrap().unwrap(), long);
    assert!(soon(keys.next()).await.is_none());
    let mut changes = text.watch_of(&*long).await.unwrap();
    let told = soon(changes.next()).await.unwrap().unwrap();
    assert!(matches!(&told, WatchEvent::Put(entry) if entry.key == long), "{told:?}");
    text.purge(&long).await.unwrap();
    assert_eq!(text.get(&long).await.unwrap(), None);
}

async fn a_key_that_is_too_long(env: Env) {
    let text = text(&env).await;
    let is_named = |error: &KeyError| matches!(error, KeyError::Text { problem: TokenError::TooLong, key } if key.len() == 64);
    let long = "x".repeat(10_000);
    let error = text.put(&long, &1).await.unwrap_err();
    assert!(matches!(&error, PutError::Key(error) if is_named(error)), "{error:?}");
    let asked = [
        text.get(&long).await.map(drop),
        text.history(&long).await.map(drop),
        text.get_many([&*long]).await.map(drop),
        text.watch_of(&*long).await.map(drop),
        text.keys_of(&*long).await.map(drop),
    ];
    for asked in asked {
        let error = asked.unwrap_err();
        assert!(matches!(&error, GetError::Key(error) if is_named(error)), "{error:?}");
    }
    // A field of a type is named with its template.
    let codes = env.bus_with::<super::Code>().await.key_value::<super::Code>();
    let error = codes.put(&code(&long, 1)).await.unwrap_err().to_string();
    assert!(error.len() < 300 && error.contains("field `code`"), "{error}");
    assert!(error.contains("longer than 2048 bytes"), "{error}");
}

async fn ten_thousand_keys_and_the_same_ones_again(env: Env) {
    let text = text(&env).await;
    for first in (0..10_000).step_by(500) {
        let puts = (first..first + 500).map(|n| text.put(&format!("n.{n}"), &n).into_future());
        futures_util::future::try_join_all(puts).await.unwrap();
    }
    let asked: Vec<String> = (0..20_000_u32).map(|n| format!("n.{}", n * 7 % 10_007)).collect();
    let found = text.get_many(asked.iter().map(String::as_str)).await.unwrap();
    for (place, (key, entry)) in asked.iter().zip(&found).enumerate() {
        let number: u32 = key[2..].parse().unwrap();
        let expected = (number < 10_000).then_some(number);
        assert_eq!(entry.as_ref().map(|entry| entry.value), expected, "{place}");
    }
}

/// A list that ends with an error was not all of it; what ends without one was.
async fn a_list_of_a_closed_bus_says_that_it_is_cut(env: Env) {
    const KEYS: u64 = 1000;
    env.bus_with::<Session>().await;
    let bus = env.another_bus().await;
    let sessions = bus.key_value::<Session>();
    let all: Vec<_> = (0..KEYS).map(|user| session("acme", user, &[])).collect();
    let puts = all.iter().map(|session| sessions.put(session).into_future());
    futures_util::future::try_join_all(puts).await.unwrap();
    let mut keys = sessions.keys().await.unwrap();
    soon(keys.next()).await.unwrap().unwrap();
    bus.close().await.unwrap();
    let mut listed = 1;
    while let Some(next) = soon(keys.next()).await {
        match next {
            Ok(_) => listed += 1,
            Err(WatchError::Closed { bucket }) => {
                assert_eq!(bucket, "sessions");
                assert!(listed < KEYS && soon(keys.next()).await.is_none());
                return;
            }
            Err(WatchError::Connection(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(listed, KEYS);
}

async fn a_change_that_panics_leaves_the_value(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    let of = key("acme", 7);
    let change = sessions.update_with(&of, |_| panic!("no idea"));
    assert!(AssertUnwindSafe(change).catch_unwind().await.is_err());
    assert_eq!(sessions.get(&of).await.unwrap(), Some(session("acme", 7, &["lamp"])));
    sessions.update_with(&of, |old| old.unwrap()).await.unwrap();
}
