//! Watching: all that a bucket has, then what becomes of it, and no gap without a word.

use std::collections::BTreeMap;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{Changes, EntryError, RemovalReason, WatchError, WatchEvent};

use super::{Code, Session, SessionKey, code, code_key, key, session};
use crate::support::env::{BY_AND_BY, Env, SHORT, never, soon, within};

scenarios! {
    every_bus:
        values_then_current_then_changes,
        an_empty_bucket_is_current_at_once,
        removals_are_told,
        the_history_of_each_key,
        updates_only,
        only_keys_that_are_meant,
        a_filter_is_checked,
        an_expired_value_is_told,
        another_type_is_told_and_the_watch_goes_on,
        a_purged_bucket_is_told,
        a_bucket_that_is_made_again_is_told,
        a_missing_bucket_can_not_be_watched,
        a_watch_ends_with_the_bus;
    also_on_threads:
        a_watcher_ends_with_what_the_bucket_has,
        a_slow_watcher_ends_with_what_the_bucket_has;
    with_restart:
        a_lost_connection_is_told,
        a_restarted_server_is_told;
}

type Told = WatchEvent<Session, SessionKey>;

async fn next(changes: &mut Changes<Session>) -> Told {
    within(BY_AND_BY, changes.next()).await.expect("the bus is open").expect("no error")
}

fn text(told: &Told) -> String {
    match told {
        WatchEvent::Put(entry) => format!("{}={}", entry.key.user, entry.value.cart.join("+")),
        WatchEvent::Removed(removal) => format!("{} {:?}", removal.key.user, removal.reason),
        WatchEvent::Current => "current".to_owned(),
        WatchEvent::Resynchronised => "resynchronised".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Takes as many as these, which it must be.
async fn expect(changes: &mut Changes<Session>, expected: &[&str]) {
    for one in expected {
        assert_eq!(text(&next(changes).await), *one, "of {expected:?}");
    }
}

async fn values_then_current_then_changes(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for cart in [&["old"][..], &["lamp"]] {
        sessions.put(&session("acme", 7, cart)).await.unwrap();
    }
    sessions.put(&session("acme", 8, &["desk"])).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    expect(&mut changes, &["7=lamp", "8=desk", "current"]).await;
    let revision = sessions.put(&session("acme", 9, &["chair"])).await.unwrap();
    let WatchEvent::Put(entry) = next(&mut changes).await else { panic!("a value") };
    assert_eq!((entry.key, entry.revision), (key("acme", 9), revision));
    sessions.put(&session("acme", 7, &["rug"])).await.unwrap();
    expect(&mut changes, &["7=rug"]).await;
    never(SHORT, changes.next()).await;
}

async fn an_empty_bucket_is_current_at_once(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let mut changes = bus.key_value::<Session>().watch().await.unwrap();
    expect(&mut changes, &["current"]).await;
    bus.key_value::<Session>().put(&session("acme", 7, &[])).await.unwrap();
    expect(&mut changes, &["7="]).await;
}

async fn removals_are_told(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    sessions.delete(&key("acme", 7)).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    // Also one that was removed before: whoever knew it hears of it.
    expect(&mut changes, &["7 Deleted", "current"]).await;
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    expect(&mut changes, &["7=lamp"]).await;
    sessions.purge(&key("acme", 7)).await.unwrap();
    expect(&mut changes, &["7 Purged"]).await;
}

async fn the_history_of_each_key(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for item in ["a", "b", "c"] {
        sessions.put(&session("acme", 7, &[item])).await.unwrap();
        sessions.put(&session("acme", 8, &[item])).await.unwrap();
    }
    let mut changes = sessions.watch().with_history().await.unwrap();
    expect(&mut changes, &["7=a", "8=a", "7=b", "8=b", "7=c", "8=c", "current"]).await;
}

async fn updates_only(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &["old"])).await.unwrap();
    let mut changes = sessions.watch().updates_only().await.unwrap();
    expect(&mut changes, &["current"]).await;
    sessions.put(&session("acme", 8, &["new"])).await.unwrap();
    expect(&mut changes, &["8=new"]).await;
}

async fn only_keys_that_are_meant(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for (tenant, user) in [("acme", 1), ("other", 2), ("acme", 3)] {
        sessions.put(&session(tenant, user, &[])).await.unwrap();
    }
    let mut acme = sessions.watch_of(Session::key_filter().tenant("acme")).await.unwrap();
    expect(&mut acme, &["1=", "3=", "current"]).await;
    let mut two = sessions.watch_of(Session::key_filter().user(2)).await.unwrap();
    expect(&mut two, &["2=", "current"]).await;
    sessions.put(&session("other", 4, &[])).await.unwrap();
    sessions.put(&session("acme", 5, &[])).await.unwrap();
    expect(&mut acme, &["5="]).await;
    let text = bus.bucket::<Session>("sessions");
    let mut all = text.watch_of("acme.*").await.unwrap();
    let first = soon(all.next()).await.unwrap().unwrap();
    assert!(matches!(&first, WatchEvent::Put(e) if e.key == "acme.1"), "{first:?}");
}

async fn a_filter_is_checked(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for tenant in ["", "*", ">", "a.b", "a b"] {
        let filter = Session::key_filter().tenant(tenant);
        let error = sessions.watch_of(filter).await.unwrap_err().to_string();
        assert!(error.contains("field `tenant`"), "{error}");
    }
    let text = bus.bucket::<Session>("sessions");
    for filter in ["", "a..b", "a.>.b", "a*", "a b.*"] {
        assert!(text.watch_of(filter).await.is_err(), "{filter:?}");
    }
}

async fn an_expired_value_is_told(env: Env) {
    let bus = env.bus_with::<Code>().await;
    let codes = bus.key_value::<Code>();
    codes.create(&code("short", 1)).ttl(Duration::from_secs(1)).await.unwrap();
    let mut changes = codes.watch().await.unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(within(BY_AND_BY, changes.next()).await.unwrap().unwrap());
    }
    assert!(matches!(&told[0], WatchEvent::Put(entry) if entry.key == code_key("short")));
    assert_eq!(told[1], WatchEvent::Current);
    let is_expired = |told: &WatchEvent<Code, _>| match told {
        WatchEvent::Removed(removal) => {
            removal.key == code_key("short") && removal.reason == RemovalReason::Expired
        }
        _ => false,
    };
    assert!(is_expired(&told[2]), "{told:?}");
}

async fn another_type_is_told_and_the_watch_goes_on(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let text = bus.bucket::<u32>("sessions");
    text.put("acme.7", &42).await.unwrap();
    text.put("acme.x", &43).await.unwrap();
    text.put("more.tokens.here", &44).await.unwrap();
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    let mut payloads = Vec::new();
    for _ in 0..3 {
        match soon(changes.next()).await.unwrap() {
            Err(WatchError::Entry(error)) => payloads.push((error.payload().clone(), error)),
            other => panic!("{other:?}"),
        }
    }
    let found: Vec<&[u8]> = payloads.iter().map(|(payload, _)| &payload[..]).collect();
    assert_eq!(found, [b"42", b"43", b"44"]);
    assert!(matches!(payloads[0].1, EntryError::Value { .. }));
    assert!(matches!(payloads[1].1, EntryError::Key { .. }));
    expect(&mut changes, &["8=", "current"]).await;
}

async fn a_purged_bucket_is_told(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    expect(&mut changes, &["7=", "8=", "current"]).await;
    // Not by key, as clients do, but the stream itself: nobody is told.
    bus.stream::<Session>().purge().await.unwrap();
    expect(&mut changes, &["resynchronised", "current"]).await;
    sessions.put(&session("acme", 9, &[])).await.unwrap();
    expect(&mut changes, &["9="]).await;
}

async fn a_bucket_that_is_made_again_is_told(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    expect(&mut changes, &["7=", "current"]).await;
    bus.stream::<Session>().delete().await.unwrap();
    let gone = within(BY_AND_BY, changes.next()).await.unwrap();
    assert!(matches!(&gone, Err(WatchError::Gone { bucket }) if bucket == "sessions"), "{gone:?}");
    bus.provision::<Session>().await.unwrap();
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    expect(&mut changes, &["resynchronised"]).await;
    // Whether it is there before the bucket is current is a race.
    let told = [text(&next(&mut changes).await), text(&next(&mut changes).await)];
    assert!(told.contains(&"8=".to_owned()) && told.contains(&"current".to_owned()), "{told:?}");
}

async fn a_missing_bucket_can_not_be_watched(env: Env) {
    let error = env.bus().key_value::<Session>().watch().await.unwrap_err();
    assert!(matches!(error, tidings::GetError::NoBucket { .. }), "{error:?}");
    let error = env.bus().key_value::<Session>().keys().await.unwrap_err();
    assert!(matches!(error, tidings::GetError::NoBucket { .. }), "{error:?}");
}

async fn a_watch_ends_with_the_bus(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let mut changes = bus.key_value::<Session>().watch().await.unwrap();
    expect(&mut changes, &["current"]).await;
    bus.close().await.unwrap();
    assert!(soon(changes.next()).await.is_none());
}

/// A watcher's copy of a bucket.
#[derive(Debug, Default)]
struct Mirror {
    values: BTreeMap<(String, u64), Session>,
    gaps: usize,
    is_current: bool,
}

impl Mirror {
    fn take(&mut self, told: Told) {
        let place = |key: SessionKey| (key.tenant, key.user);
        match told {
            WatchEvent::Put(entry) => drop(self.values.insert(place(entry.key), entry.value)),
            WatchEvent::Removed(removal) => drop(self.values.remove(&place(removal.key))),
            WatchEvent::Current => self.is_current = true,
            WatchEvent::Resynchronised => {
                self.values.clear();
                (self.gaps, self.is_current) = (self.gaps + 1, false);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Takes what comes until a key is there that is put last.
    async fn until_last(&mut self, changes: &mut Changes<Session>) {
        while !(self.is_current && self.values.contains_key(&("last".to_owned(), 0))) {
            let told = within(BY_AND_BY, changes.next()).await.expect("the bus is open");
            self.take(told.expect("no error"));
        }
    }
}

async fn a_watcher_ends_with_what_the_bucket_has(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let mut changes = env.another_bus().await.key_value::<Session>().watch().await.unwrap();
    let writers = (0..4_u64).map(|writer| {
        let sessions = bus.key_value::<Session>();
        tokio::spawn(async move {
            for number in 0..100 {
                let user = (number * 7 + writer) % 20;
                match number % 5 {
                    3 => sessions.delete(&key("acme", user)).await.map(drop).unwrap(),
                    4 => sessions.purge(&key("acme", user)).await.map(drop).unwrap(),
                    _ => {
                        let cart = format!("{writer}-{number}");
                        sessions.put(&session("acme", user, &[&cart])).await.map(drop).unwrap();
                    }
                }
            }
        })
    });
    let mut mirror = Mirror::default();
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    bus.key_value::<Session>().put(&session("last", 0, &[])).await.unwrap();
    mirror.until_last(&mut changes).await;
    same(&bus, &mirror).await;
    assert_eq!(mirror.gaps, 0);
}

/// Messages that are not taken wait on the server, and none of them is missed.
async fn a_slow_watcher_ends_with_what_the_bucket_has(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for user in 0..100 {
        sessions.put(&session("acme", user, &["first"])).await.unwrap();
    }
    let mut changes = env.another_bus().await.key_value::<Session>().watch().await.unwrap();
    let mut mirror = Mirror::default();
    for round in 0..20_u64 {
        mirror.take(next(&mut changes).await);
        for number in 0..50 {
            let user = (round * 50 + number * 7) % 100;
            if number % 10 == 9 {
                sessions.purge(&key("acme", user)).await.map(drop).unwrap();
            } else {
                let cart = format!("{round}-{number}");
                sessions.put(&session("acme", user, &[&cart])).await.map(drop).unwrap();
            }
        }
    }
    sessions.put(&session("last", 0, &[])).await.unwrap();
    mirror.until_last(&mut changes).await;
    same(&bus, &mirror).await;
    assert_eq!(mirror.gaps, 0);
}

/// Compares a mirror with what the bucket has, key by key.
async fn same(bus: &Bus, mirror: &Mirror) {
    let sessions = bus.key_value::<Session>();
    let mut keys = sessions.keys().await.unwrap();
    let mut count = 0;
    while let Some(found) = soon(keys.next()).await {
        let found = found.unwrap();
        let value = sessions.get(&found).await.unwrap();
        assert_eq!(mirror.values.get(&(found.tenant, found.user)), value.as_ref());
        count += 1;
    }
    assert_eq!(count, mirror.values.len(), "{mirror:?}");
}

async fn a_lost_connection_is_told(mut env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    let mut changes = sessions.watch().await.unwrap();
    expect(&mut changes, &["7=", "current"]).await;
    env.restart().await;
    expect(&mut changes, &["resynchronised", "7=", "current"]).await;
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    expect(&mut changes, &["8="]).await;
}

async fn a_restarted_server_is_told(mut env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let mut changes = sessions.watch().await.unwrap();
    expect(&mut changes, &["current"]).await;
    for round in 1..=2 {
        env.crash().await;
        expect(&mut changes, &["resynchronised"]).await;
        while text(&next(&mut changes).await) != "current" {}
        sessions.put(&session("acme", round, &["back"])).await.unwrap();
        expect(&mut changes, &[&format!("{round}=back")]).await;
    }
}
