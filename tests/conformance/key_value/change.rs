//! Changes that say what they are a change of.

use std::future::IntoFuture as _;

use futures_util::FutureExt as _;
use tidings::{PutError, UpdateError};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::{Session, key, session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        creating_what_is_there_is_refused,
        what_was_removed_can_be_created,
        an_update_of_another_revision_is_a_conflict,
        a_delete_of_another_revision_is_a_conflict,
        a_changed_value_keeps_its_key,
        a_value_that_never_stands_still_is_given_up;
    also_on_threads:
        one_of_many_creates,
        changes_of_many_are_all_made;
}

async fn creating_what_is_there_is_refused(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    assert_eq!(sessions.create(&session("acme", 7, &[])).await.unwrap(), 1);
    let error = sessions.create(&session("acme", 7, &["lamp"])).await.unwrap_err();
    let PutError::Exists { bucket, key: found, revision } = error else { panic!("{error:?}") };
    assert_eq!((bucket.as_str(), found.as_str(), revision), ("sessions", "acme.7", 1));
    assert_eq!(sessions.get(&key("acme", 7)).await.unwrap(), Some(session("acme", 7, &[])));
}

async fn what_was_removed_can_be_created(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    sessions.delete(&key("acme", 7)).await.unwrap();
    assert_eq!(sessions.create(&session("acme", 7, &["lamp"])).await.unwrap(), 3);
    sessions.purge(&key("acme", 7)).await.unwrap();
    assert_eq!(sessions.create(&session("acme", 7, &["desk"])).await.unwrap(), 5);
    assert!(sessions.create(&session("acme", 7, &[])).await.is_err());
}

async fn an_update_of_another_revision_is_a_conflict(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let first = sessions.put(&session("acme", 7, &[])).await.unwrap();
    let second = sessions.update(&session("acme", 7, &["lamp"]), first).await.unwrap();
    let error = sessions.update(&session("acme", 7, &["desk"]), first).await.unwrap_err();
    let PutError::Conflict { key: of, expected, .. } = &error else { panic!("{error:?}") };
    assert_eq!((of.as_str(), *expected), ("acme.7", first));
    assert!(error.to_string().contains(&second.to_string()), "{error}");
    // Revision 0 is of a key that never had a value.
    let error = sessions.put(&session("acme", 7, &["desk"])).at(0).await.unwrap_err();
    assert!(matches!(error, PutError::Conflict { expected: 0, .. }), "{error:?}");
    assert!(
        error.to_string().contains("`acme.7` in bucket `sessions` has or had a value"),
        "{error}"
    );
    // Of a key that is absent there is no revision.
    assert!(matches!(
        sessions.update(&session("acme", 9, &[]), 5).await,
        Err(PutError::Conflict { .. })
    ));
    // What another key does is no conflict.
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    sessions.update(&session("acme", 7, &["desk"]), second).await.unwrap();
}

async fn a_delete_of_another_revision_is_a_conflict(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let first = sessions.put(&session("acme", 7, &[])).await.unwrap();
    let second = sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    let delete = sessions.delete(&key("acme", 7)).at(first).await;
    assert!(matches!(delete, Err(PutError::Conflict { .. })), "{delete:?}");
    let purge = sessions.purge(&key("acme", 7)).at(first).await;
    assert!(matches!(purge, Err(PutError::Conflict { .. })), "{purge:?}");
    sessions.delete(&key("acme", 7)).at(second).await.unwrap();
}

async fn a_changed_value_keeps_its_key(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let error = sessions.update_with(&key("acme", 7), |_| session("acme", 8, &[])).await;
    let Err(UpdateError::OtherKey { key: of, found, .. }) = error else { panic!("{error:?}") };
    assert_eq!((of.as_str(), found.as_str()), ("acme.7", "acme.8"));
}

async fn one_of_many_creates(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let creates = (0..20).map(|_| {
        let sessions = bus.key_value::<Session>();
        tokio::spawn(async move { sessions.create(&session("acme", 7, &[])).await })
    });
    let mut done = 0;
    for create in creates.collect::<Vec<_>>() {
        match create.await.unwrap() {
            Ok(_) => done += 1,
            Err(PutError::Exists { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(done, 1);
}

async fn changes_of_many_are_all_made(env: Env) {
    const TASKS: u64 = 6;
    const EACH: usize = 10;
    let bus = env.bus_with::<Session>().await;
    let changes = (0..TASKS).map(|task| {
        let sessions = bus.key_value::<Session>();
        tokio::spawn(async move {
            for _ in 0..EACH {
                let add = |old: Option<Session>| {
                    let mut session = old.unwrap_or_else(|| session("acme", 7, &[]));
                    session.cart.push(task.to_string());
                    session
                };
                sessions.update_with(&key("acme", 7), add).await.unwrap();
            }
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    let cart = bus.key_value::<Session>().get(&key("acme", 7)).await.unwrap().unwrap().cart;
    for task in 0..TASKS {
        let task = task.to_string();
        assert_eq!(cart.iter().filter(|item| **item == task).count(), EACH, "{cart:?}");
    }
}

/// Somebody else is faster each time, and it does not go on for ever.
async fn a_value_that_never_stands_still_is_given_up(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    let mut looks = 0;
    // Between the look at the value and the new one there is somebody else's.
    let interfered = |old: Option<Session>| {
        looks += 1;
        let other = sessions.put(&session("acme", 7, &["lamp"])).into_future();
        if env.is_exact() {
            other.now_or_never().unwrap().unwrap();
        } else {
            block_in_place(|| Handle::current().block_on(other)).unwrap();
        }
        old.unwrap()
    };
    let error = sessions.update_with(&key("acme", 7), interfered).await.unwrap_err();
    let UpdateError::Contended { key: of, tries, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&**of, *tries, looks), ("acme.7", 32, 32));
    sessions.update_with(&key("acme", 7), |old| old.unwrap()).await.unwrap();
}
