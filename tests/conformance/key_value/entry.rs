//! Entry of a key: a value, with its revision and its time, or nothing.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{BucketConfig, Change, EntryError, GetError, PutError, RemovalReason};

use super::{Session, key, session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        an_absent_key_is_none_at_once,
        what_is_put_is_there,
        entries_have_revisions_and_times,
        a_deleted_key_is_absent,
        a_purged_key_leaves_nothing,
        values_of_another_type_are_told_with_their_bytes,
        keys_of_another_program_are_told,
        keys_of_text,
        a_missing_bucket_is_told,
        a_value_that_is_too_large_is_told;
}

async fn an_absent_key_is_none_at_once(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    assert_eq!(sessions.get(&key("acme", 7)).await.unwrap(), None);
    assert_eq!(sessions.entry(&key("acme", 7)).await.unwrap(), None);
    assert_eq!(sessions.last(&key("acme", 7)).await.unwrap(), None);
}

async fn what_is_put_is_there(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let (ada, zoe) = (session("acme", 7, &["lamp"]), session("acme", 8, &[]));
    sessions.put(&ada).await.unwrap();
    sessions.put(&zoe).await.unwrap();
    let read = env.another_bus().await.key_value::<Session>();
    assert_eq!(read.get(&key("acme", 7)).await.unwrap(), Some(ada));
    assert_eq!(read.get(&key("acme", 8)).await.unwrap(), Some(zoe));
    assert_eq!(read.get(&key("other", 7)).await.unwrap(), None);
    let newer = session("acme", 7, &["lamp", "desk"]);
    sessions.put(&newer).await.unwrap();
    assert_eq!(read.get(&key("acme", 7)).await.unwrap(), Some(newer));
}

async fn entries_have_revisions_and_times(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for revision in 1..=3 {
        assert_eq!(sessions.put(&session("acme", 7, &[])).await.unwrap(), revision);
    }
    assert_eq!(sessions.put(&session("acme", 8, &[])).await.unwrap(), 4);
    let entry = sessions.entry(&key("acme", 7)).await.unwrap().unwrap();
    assert_eq!((entry.revision, &entry.key), (3, &key("acme", 7)));
    let later = sessions.entry(&key("acme", 8)).await.unwrap().unwrap();
    assert!(later.stored_at >= entry.stored_at);
    assert!(entry.stored_at > SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
}

async fn a_deleted_key_is_absent(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    let deleted = sessions.delete(&key("acme", 7)).await.unwrap();
    assert_eq!(deleted, 2);
    assert_eq!(sessions.get(&key("acme", 7)).await.unwrap(), None);
    let Some(Change::Removed(removal)) = sessions.last(&key("acme", 7)).await.unwrap() else {
        panic!("the removal is remembered");
    };
    assert_eq!((removal.revision, removal.reason), (2, RemovalReason::Deleted));
    // What was never there is removed all the same.
    assert_eq!(sessions.delete(&key("acme", 9)).await.unwrap(), 3);
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    assert!(sessions.get(&key("acme", 7)).await.unwrap().is_some());
}

async fn a_purged_key_leaves_nothing(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for _ in 0..4 {
        sessions.put(&session("acme", 7, &[])).await.unwrap();
    }
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    sessions.purge(&key("acme", 7)).await.unwrap();
    assert_eq!(sessions.get(&key("acme", 7)).await.unwrap(), None);
    let last = sessions.last(&key("acme", 7)).await.unwrap().unwrap();
    assert!(matches!(&last, Change::Removed(r) if r.reason == RemovalReason::Purged), "{last:?}");
    // The purge, and the other key.
    assert_eq!(bus.stream::<Session>().state().await.unwrap().messages, 2);
}

async fn values_of_another_type_are_told_with_their_bytes(env: Env) {
    let bus = env.bus_with::<Session>().await;
    bus.bucket::<u32>("sessions").put("acme.7", &42).await.unwrap();
    let error = bus.key_value::<Session>().get(&key("acme", 7)).await.unwrap_err();
    let GetError::Entry(error @ EntryError::Value { .. }) = error else { panic!("{error:?}") };
    assert_eq!((&error.payload()[..], error.revision()), (&b"42"[..], 1));
    assert!(error.to_string().contains("`acme.7` in bucket `sessions`"), "{error}");
}

async fn keys_of_another_program_are_told(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let session = session("acme", 7, &[]);
    bus.bucket::<Session>("sessions").put("acme.seven", &session).await.unwrap();
    // Its type can't name it, and whoever lists keys is told.
    assert_eq!(bus.key_value::<Session>().get(&key("acme", 7)).await.unwrap(), None);
}

async fn keys_of_text(env: Env) {
    let bus = env.bus();
    let config = BucketConfig::new("limits").to_stream();
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let limits = bus.bucket::<u32>("limits");
    limits.put("api/v1=all.per-second", &100).await.unwrap();
    let entry = limits.entry("api/v1=all.per-second").await.unwrap().unwrap();
    assert_eq!((entry.key.as_str(), entry.value), ("api/v1=all.per-second", 100));
    for bad in ["", ".", "a.", "a..b", "a b", "a.*", ">", "a:b", "zoë"] {
        assert!(matches!(limits.put(bad, &1).await, Err(PutError::Key(_))), "{bad:?}");
        assert!(matches!(limits.get(bad).await, Err(GetError::Key(_))), "{bad:?}");
        assert!(matches!(limits.delete(bad).await, Err(PutError::Key(_))), "{bad:?}");
    }
    for bad in ["", "a.b", "a b", "*", "a/b"] {
        let error = bus.bucket::<u32>(bad).get("a").await.unwrap_err();
        assert!(matches!(error, GetError::Key(_)), "{bad:?} {error:?}");
        assert!(error.to_string().contains("can't name a bucket"), "{error}");
    }
}

async fn a_missing_bucket_is_told(env: Env) {
    let sessions = env.bus().key_value::<Session>();
    let error = sessions.get(&key("acme", 7)).await.unwrap_err();
    assert!(matches!(&error, GetError::NoBucket { bucket } if bucket == "sessions"), "{error:?}");
    let error = sessions.put(&session("acme", 7, &[])).await.unwrap_err();
    assert!(matches!(&error, PutError::NoBucket { bucket } if bucket == "sessions"), "{error:?}");
    let error = sessions.delete(&key("acme", 7)).await.unwrap_err();
    assert!(matches!(error, PutError::NoBucket { .. }), "{error:?}");
}

/// A note that has little room.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "notes", key = "{id}", max_value_size = "1KiB", max_bytes = "4KiB")]
struct Note {
    id: u32,
    text: String,
}

async fn a_value_that_is_too_large_is_told(env: Env) {
    let bus = env.bus_with::<Note>().await;
    let notes = bus.key_value::<Note>();
    let note = |id, length| Note { id, text: "x".repeat(length) };
    for length in [2000, 2 << 20] {
        let error = notes.put(&note(1, length)).await.unwrap_err();
        assert!(matches!(error, PutError::TooLarge { .. }), "{error:?}");
    }
    // A bucket that is full takes nothing new, and forgets nothing.
    let mut id = 0;
    let error = loop {
        id += 1;
        if let Err(error) = notes.put(&note(id, 800)).await {
            break error;
        }
    };
    let PutError::Full { bucket, .. } = &error else { panic!("{error:?}") };
    assert!(bucket == "notes" && error.to_string().contains("max_bytes"), "{error}");
    assert!(id > 2 && notes.get(&NoteKey { id: 1 }).await.unwrap().is_some());
}
