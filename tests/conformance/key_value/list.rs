//! Lists: the keys that a bucket has, all that it keeps of one, and many at once.

use std::future::IntoFuture as _;

use tidings::prelude::*;
use tidings::{Change, GetError, RemovalReason, WatchError};

use super::{Session, key, session};
use crate::support::env::{Env, soon};

scenarios! {
    every_bus:
        keys_that_have_a_value,
        keys_of_a_filter,
        keys_of_another_program_are_told_and_the_list_goes_on,
        the_history_of_a_key,
        many_keys_in_their_order,
        whatever_a_bucket_is_asked_can_be_asked_in_a_task,
        more_keys_than_one_question_has;
}

async fn keys_that_have_a_value(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let mut none = sessions.keys().await.unwrap();
    assert!(soon(none.next()).await.is_none());
    for user in 1..=300 {
        sessions.put(&session("acme", user, &["lamp"])).await.unwrap();
    }
    sessions.delete(&key("acme", 7)).await.unwrap();
    sessions.purge(&key("acme", 8)).await.unwrap();
    let mut keys = sessions.keys().await.unwrap();
    let mut found = Vec::new();
    while let Some(key) = soon(keys.next()).await {
        found.push(key.unwrap().user);
    }
    found.sort_unstable();
    let expected: Vec<u64> = (1..=300).filter(|user| ![7, 8].contains(user)).collect();
    assert_eq!(found, expected);
}

async fn keys_of_a_filter(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for (tenant, user) in [("acme", 1), ("other", 2), ("acme", 3)] {
        sessions.put(&session(tenant, user, &[])).await.unwrap();
    }
    let mut keys = sessions.keys_of(Session::key_filter().tenant("acme")).await.unwrap();
    assert_eq!(soon(keys.next()).await.unwrap().unwrap(), key("acme", 1));
    assert_eq!(soon(keys.next()).await.unwrap().unwrap(), key("acme", 3));
    assert!(soon(keys.next()).await.is_none());
}

async fn keys_of_another_program_are_told_and_the_list_goes_on(env: Env) {
    let bus = env.bus_with::<Session>().await;
    bus.bucket::<u32>("sessions").put("not-ours", &1).await.unwrap();
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 1, &[])).await.unwrap();
    let mut keys = sessions.keys().await.unwrap();
    let first = soon(keys.next()).await.unwrap();
    assert!(matches!(first, Err(WatchError::Entry(_))), "{first:?}");
    assert_eq!(soon(keys.next()).await.unwrap().unwrap(), key("acme", 1));
    assert!(soon(keys.next()).await.is_none());
}

async fn the_history_of_a_key(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    assert_eq!(sessions.history(&key("acme", 7)).await.unwrap(), []);
    for item in ["a", "b", "c", "d"] {
        sessions.put(&session("acme", 7, &[item])).await.unwrap();
        sessions.put(&session("acme", 8, &[item])).await.unwrap();
    }
    sessions.delete(&key("acme", 7)).await.unwrap();
    sessions.put(&session("acme", 7, &["e"])).await.unwrap();
    let history = sessions.history(&key("acme", 7)).await.unwrap();
    let carts: Vec<_> = history
        .iter()
        .map(|change| match change {
            Change::Put(entry) => entry.value.cart.join("+"),
            Change::Removed(removal) => {
                assert_eq!(removal.reason, RemovalReason::Deleted);
                "deleted".to_owned()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // As many as the bucket keeps.
    assert_eq!(carts, ["b", "c", "d", "deleted", "e"]);
    assert!(history.is_sorted_by_key(Change::revision));
}

async fn many_keys_in_their_order(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for user in [1, 2, 3] {
        sessions.put(&session("acme", user, &[])).await.unwrap();
    }
    sessions.delete(&key("acme", 2)).await.unwrap();
    let asked = [3, 9, 1, 2, 3].map(|user| key("acme", user));
    let found = sessions.get_many(&asked).await.unwrap();
    let users: Vec<_> = found.iter().map(|e| e.as_ref().map(|e| e.value.user)).collect();
    assert_eq!(users, [Some(3), None, Some(1), None, Some(3)]);
    let none = [8, 9].map(|user| key("acme", user));
    assert_eq!(sessions.get_many(&none).await.unwrap(), [None, None]);
    assert_eq!(sessions.get_many(&none[..0]).await.unwrap(), []);
    let text = bus.bucket::<Session>("sessions");
    assert!(text.get_many(["acme.1"]).await.unwrap()[0].is_some());
    assert!(matches!(text.get_many(["a b"]).await, Err(GetError::Key(_))));
    let missing = bus.bucket::<Session>("nowhere").get_many(["a"]).await;
    assert!(matches!(missing, Err(GetError::NoBucket { .. })), "{missing:?}");
}

async fn more_keys_than_one_question_has(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let cart = "x".repeat(200);
    let puts = (0..1500).map(|user| sessions.put(&session("acme", user, &[&cart])).into_future());
    futures_util::future::try_join_all(puts).await.unwrap();
    let asked: Vec<_> = (0..3000).map(|user| key("acme", user)).collect();
    let found = sessions.get_many(&asked).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 1500);
    assert!(found[..1500].iter().all(Option::is_some));
}

/// Futures of a bucket can each be sent to another thread.
async fn whatever_a_bucket_is_asked_can_be_asked_in_a_task(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let asked = tokio::spawn(async move {
        let sessions = bus.key_value::<Session>();
        sessions.create(&session("acme", 1, &[])).await.unwrap();
        sessions.put(&session("acme", 2, &["lamp"])).await.unwrap();
        sessions.update_with(&key("acme", 1), |old| old.unwrap()).await.unwrap();
        let many = sessions.get_many((1..=3).map(|user| key("acme", user))).await.unwrap();
        let mut keys = sessions.keys().await.unwrap();
        let history = sessions.history(&key("acme", 1)).await.unwrap();
        let mut watch = sessions.watch().await.unwrap();
        let first = (keys.next().await, watch.next().await);
        assert!(matches!(first, (Some(Ok(_)), Some(Ok(_)))), "{first:?}");
        assert_eq!(history.len(), 2);
        sessions.delete(&key("acme", 1)).await.unwrap();
        sessions.purge(&key("acme", 2)).await.unwrap();
        (many.iter().flatten().count(), sessions.get(&key("acme", 2)).await.unwrap())
    });
    assert_eq!(soon(asked).await.unwrap(), (2, None));
}
