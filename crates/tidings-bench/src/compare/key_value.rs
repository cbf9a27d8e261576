//! Key-value, beside async-nats's own.

use std::future::IntoFuture as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use async_nats::HeaderMap;
use async_nats::jetstream::kv::{self, Operation};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tidings::prelude::*;
use tidings::{KeyValue, WatchEvent};
use tokio::task::JoinSet;

use crate::environment::Environment;
use crate::lap::{Lap, done};
use crate::wire_consumer::WireConsumer;

/// A value with a key of two fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "bench", key = "{tenant}.{user}", storage = "memory")]
pub(crate) struct Session {
    tenant: String,
    user: u64,
    cart: Vec<String>,
    note: String,
}

impl Session {
    fn numbered(user: u64) -> Self {
        let cart = vec!["lamp".to_owned(), "desk".to_owned()];
        Self { tenant: "acme".to_owned(), user, cart, note: "x".repeat(100) }
    }

    fn key_of(user: u64) -> SessionKey {
        SessionKey { tenant: "acme".to_owned(), user }
    }
}

/// Number of keys that are read by key.
const KEYS: usize = 1000;
/// Number of tasks that read at a time.
const TASKS: usize = 256;

/// Fills the bucket with so many keys, if it has not as many already.
async fn fill(environment: &Environment, keys: usize) -> Result<KeyValue<Session>> {
    environment.bus.provision::<Session>().await?;
    if environment.stored::<Session>().await? != keys as u64 {
        environment.renew::<Session>().await?;
        let sessions = environment.bus.key_value::<Session>();
        let puts = (0..keys as u64).map(|user| {
            let put = sessions.put(&Session::numbered(user));
            put.into_future()
        });
        let puts = stream::iter(puts).buffer_unordered(1000);
        puts.try_for_each(|_| std::future::ready(Ok(()))).await?;
    }
    Ok(environment.bus.key_value())
}

async fn raw(environment: &Environment, keys: usize) -> Result<kv::Store> {
    fill(environment, keys).await?;
    Ok(environment.jetstream.get_key_value("bench").await?)
}

fn users(count: usize) -> impl Iterator<Item = u64> + Send {
    (0..count as u64).map(|number| number % KEYS as u64)
}

fn decoded(value: Option<bytes::Bytes>, user: u64) -> Result<()> {
    let session: Session = serde_json::from_slice(&value.context("it is there")?)?;
    ensure!(session.user == user, "{session:?} is another");
    Ok(())
}

pub(crate) async fn raw_get(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = raw(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        for user in users(count) {
            decoded(store.get(format!("acme.{user}")).await?, user)?;
        }
        Ok(done())
    }))
}

pub(crate) async fn ours_get(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let sessions = fill(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        for user in users(count) {
            let session = sessions.get(&Session::key_of(user)).await?.context("it is there")?;
            ensure!(session.user == user, "{session:?} is another");
        }
        Ok(done())
    }))
}

pub(crate) async fn raw_get_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = raw(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let store = store.clone();
            tasks.spawn(async move {
                for user in users(count / TASKS) {
                    decoded(store.get(format!("acme.{user}")).await?, user)?;
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<()>>()?;
        Ok(done())
    }))
}

pub(crate) async fn ours_get_concurrent(
    environment: Arc<Environment>,
    count: usize,
) -> Result<Lap> {
    let sessions = fill(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let sessions = sessions.clone();
            tasks.spawn(async move {
                for user in users(count / TASKS) {
                    let session = sessions.get(&Session::key_of(user)).await?;
                    ensure!(session.context("it is there")?.user == user, "another");
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<()>>()?;
        Ok(done())
    }))
}

pub(crate) async fn ours_get_many(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let sessions = fill(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        for _ in 0..count / KEYS {
            let found = sessions.get_many(users(KEYS).map(Session::key_of)).await?;
            for (user, entry) in users(KEYS).zip(found) {
                ensure!(entry.context("it is there")?.value.user == user, "another");
            }
        }
        Ok(done())
    }))
}

pub(crate) async fn raw_put(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = raw(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        for user in users(count) {
            let payload = serde_json::to_vec(&Session::numbered(user))?;
            store.put(format!("acme.{user}"), payload.into()).await?;
        }
        Ok(done())
    }))
}

pub(crate) async fn ours_put(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let sessions = fill(&environment, KEYS).await?;
    Ok(Lap::new(async move {
        for user in users(count) {
            sessions.put(&Session::numbered(user)).await?;
        }
        Ok(done())
    }))
}

pub(crate) async fn raw_watch(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = raw(&environment, count).await?;
    Ok(Lap::new(async move {
        let mut watch = store.watch_with_history(">").await?;
        let mut told = 0;
        loop {
            let entry = watch.next().await.context("the connection is closed")??;
            ensure!(entry.operation == Operation::Put, "{entry:?}");
            let _: Session = serde_json::from_slice(&entry.value)?;
            told += 1;
            if entry.delta == 0 {
                break;
            }
        }
        ensure!(told == count, "{told} of {count} told");
        Ok(async move {
            drop(watch);
            Ok(())
        })
    }))
}

/// A watch's messages, pushed to a client that looks at nothing.
pub(crate) async fn pushed_watch(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    fill(&environment, count).await?;
    let wire = WireConsumer::connect(&environment.url())?;
    Ok(Lap::new(async move {
        wire.pushed("KV_bench", "$KV.bench.>", "last_per_subject", count)?.done().await?;
        Ok(done())
    }))
}

/// A put's messages with an id each, sent by a client that does nothing else.
pub(crate) async fn raw_put_with_id(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    raw(&environment, KEYS).await?;
    let jetstream = environment.jetstream.clone();
    Ok(Lap::new(async move {
        for user in users(count) {
            let payload = serde_json::to_vec(&Session::numbered(user))?;
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", Uuid::now_v7().to_string());
            let subject = format!("$KV.bench.acme.{user}");
            jetstream.publish_with_headers(subject, headers, payload.into()).await?.await?;
        }
        Ok(done())
    }))
}

pub(crate) async fn ours_watch(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let sessions = fill(&environment, count).await?;
    Ok(Lap::new(async move {
        let mut changes = sessions.watch().await?;
        let mut told = 0;
        loop {
            match changes.next().await.context("the bus is closed")?? {
                WatchEvent::Put(_) => told += 1,
                WatchEvent::Current => break,
                other => anyhow::bail!("{other:?}"),
            }
        }
        ensure!(told == count, "{told} of {count} told");
        Ok(async move {
            drop(changes);
            Ok(())
        })
    }))
}
