//! Watching: all that a store has, then what becomes of it, and no gap without a word.

use tidings::{ObjectChanges, ObjectEvent, ObjectWatchError};

use super::{Files, files, make};
use crate::support::env::{BY_AND_BY, Env, SHORT, never, within};

scenarios! {
    every_bus:
        objects_then_current_then_changes,
        an_empty_store_is_current_at_once,
        updates_only,
        a_renamed_object_is_told_by_both_names,
        a_store_that_is_made_again_is_told,
        a_watch_ends_with_the_bus;
    with_restart:
        a_lost_connection_is_told;
}

async fn next(changes: &mut ObjectChanges) -> String {
    let event = within(BY_AND_BY, changes.next()).await.expect("the bus is open");
    match event.expect("no error") {
        ObjectEvent::Put(info) => format!("{} of {}", info.name(), info.size),
        ObjectEvent::Removed(info) => format!("{} is gone", info.name()),
        ObjectEvent::Current => "current".to_owned(),
        ObjectEvent::Resynchronised => "resynchronised".to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn expect(changes: &mut ObjectChanges, expected: &[&str]) {
    for one in expected {
        assert_eq!(next(changes).await, *one, "of {expected:?}");
    }
}

async fn objects_then_current_then_changes(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    files.put("b", "two").await.unwrap();
    files.put("a", "three").await.unwrap();
    let mut changes = files.watch().await.unwrap();
    expect(&mut changes, &["b of 3", "a of 5", "current"]).await;
    files.put("c", "").await.unwrap();
    files.delete("b").await.unwrap();
    expect(&mut changes, &["c of 0", "b is gone"]).await;
    never(SHORT, changes.next()).await;
}

async fn an_empty_store_is_current_at_once(env: Env) {
    let (_, files) = files(&env).await;
    let mut changes = files.watch().await.unwrap();
    expect(&mut changes, &["current"]).await;
    files.put("a", "one").await.unwrap();
    expect(&mut changes, &["a of 3"]).await;
}

async fn updates_only(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    let mut changes = files.watch().updates_only().await.unwrap();
    expect(&mut changes, &["current"]).await;
    files.put("b", "one").await.unwrap();
    expect(&mut changes, &["b of 3"]).await;
}

async fn a_renamed_object_is_told_by_both_names(env: Env) {
    let (_, files) = files(&env).await;
    files.put("old", "one").await.unwrap();
    let mut changes = files.watch().await.unwrap();
    expect(&mut changes, &["old of 3", "current"]).await;
    files.update("old", "new").await.unwrap();
    expect(&mut changes, &["new of 3", "old is gone"]).await;
}

async fn a_store_that_is_made_again_is_told(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    let mut changes = files.watch().await.unwrap();
    expect(&mut changes, &["a of 3", "current"]).await;
    bus.stream::<Files>().delete().await.unwrap();
    let error = within(BY_AND_BY, changes.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ObjectWatchError::Gone { .. }), "{error}");
    make(&bus, &tidings::ObjectStoreConfig::new("files")).await;
    files.put("b", "two").await.unwrap();
    let mut told = vec![next(&mut changes).await];
    while told.last().is_some_and(|last| last != "b of 3") {
        told.push(next(&mut changes).await);
    }
    assert_eq!(told[0], "resynchronised");
    assert!(!told.contains(&"a of 3".to_owned()), "{told:?}");
}

async fn a_watch_ends_with_the_bus(env: Env) {
    let (_, _) = files(&env).await;
    let bus = env.another_bus().await;
    let mut changes = bus.objects("files").watch().await.unwrap();
    expect(&mut changes, &["current"]).await;
    bus.close().await.unwrap();
    assert!(within(BY_AND_BY, changes.next()).await.is_none());
}

async fn a_lost_connection_is_told(mut env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    let mut changes = files.watch().await.unwrap();
    expect(&mut changes, &["a of 3", "current"]).await;
    env.crash().await;
    expect(&mut changes, &["resynchronised", "a of 3", "current"]).await;
}
