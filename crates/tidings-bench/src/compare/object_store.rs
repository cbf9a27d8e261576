//! Object stores, beside async-nats's own, and beside chunks that are sent without any care.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use async_nats::jetstream::object_store::ObjectStore;
use bytes::Bytes;
use tidings::prelude::*;
use tidings::{ObjectStoreConfig, Objects, Storage};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use crate::environment::Environment;
use crate::lap::{Lap, done};
use crate::wire_consumer::WireConsumer;

#[derive(EventStream)]
#[stream(name = "OBJ_bench", subjects("$O.bench.C.>", "$O.bench.M.>"))]
struct Bench;

/// Size of a large object in bytes, for each that is counted.
const MEGABYTE: usize = 1 << 20;
/// Number of bytes that a socket yields at a time.
const READ: usize = 4096;
/// Size of a small object.
const SMALL: usize = 1024;
/// Chunks, and how many of them are on the way, of who does nothing else.
const CHUNK: usize = 128 * 1024;
const WINDOW: usize = 32;

async fn ours(environment: &Environment) -> Result<Objects> {
    let mut config = ObjectStoreConfig::new("bench");
    config.storage = Storage::Memory;
    let bus = &environment.bus;
    bus.apply(bus.plan_stream(&config.to_stream()).await?).await?;
    bus.stream::<Bench>().purge().await?;
    Ok(bus.objects("bench"))
}

async fn raw(environment: &Environment) -> Result<ObjectStore> {
    ours(environment).await?;
    Ok(environment.jetstream.get_object_store("bench").await?)
}

fn data(megabytes: usize) -> Bytes {
    Bytes::from(vec![7; megabytes * MEGABYTE])
}

/// A slice that is read like a socket: a few bytes at a time.
struct Socket(Bytes);

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = self.0.len().min(READ).min(buffer.remaining());
        buffer.put_slice(&self.0.split_to(len));
        Poll::Ready(Ok(()))
    }
}

pub(crate) async fn raw_put(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (raw(&environment).await?, data(count));
    Ok(Lap::new(async move {
        let stored = store.put("large", &mut &data[..]).await?;
        ensure!(stored.size == data.len());
        Ok(done())
    }))
}

pub(crate) async fn ours_put(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (ours(&environment).await?, data(count));
    Ok(Lap::new(async move {
        let stored = store.put("large", data.clone()).await?;
        ensure!(stored.size == data.len() as u64);
        Ok(done())
    }))
}

/// Put of equal chunks without a digest: what a client would have that costs nothing.
pub(crate) async fn chunks_put(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (_, mut data) = (ours(&environment).await?, data(count));
    let jetstream = environment.jetstream.clone();
    Ok(Lap::new(async move {
        let mut waiting = VecDeque::new();
        while !data.is_empty() {
            let chunk = data.split_to(CHUNK.min(data.len()));
            waiting.push_back(jetstream.publish("$O.bench.C.chunks", chunk).await?.into_future());
            if waiting.len() == WINDOW {
                waiting.pop_front().context("the oldest")?.await?;
            }
        }
        for ack in waiting {
            ack.await?;
        }
        Ok(done())
    }))
}

pub(crate) async fn raw_put_read(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (raw(&environment).await?, data(count));
    Ok(Lap::new(async move {
        let stored = store.put("large", &mut Socket(data.clone())).await?;
        ensure!(stored.size == data.len());
        Ok(done())
    }))
}

pub(crate) async fn ours_put_read(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (ours(&environment).await?, data(count));
    Ok(Lap::new(async move {
        let stored = store.put_from("large", Socket(data.clone())).await?;
        ensure!(stored.size == data.len() as u64);
        Ok(done())
    }))
}

pub(crate) async fn raw_get(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (raw(&environment).await?, data(count));
    environment.bus.objects("bench").put("large", data.clone()).await?;
    Ok(Lap::new(async move {
        let mut found = store.get("large").await?;
        let mut room = vec![0; CHUNK];
        let mut read = 0;
        loop {
            match found.read(&mut room).await? {
                0 => break,
                len => read += len,
            }
        }
        ensure!(read == data.len(), "{read} bytes were read");
        Ok(done())
    }))
}

/// An object's chunks, pushed to a client that looks at nothing.
pub(crate) async fn chunks_get(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (ours(&environment).await?, data(count));
    let stored = store.put("large", data).await?;
    let wire = WireConsumer::connect(&environment.url())?;
    let filter = format!("$O.bench.C.{}", stored.nuid);
    let chunks = usize::try_from(stored.chunks)?;
    Ok(Lap::new(async move {
        wire.pushed("OBJ_bench", &filter, "all", chunks)?.done().await?;
        Ok(done())
    }))
}

pub(crate) async fn ours_get(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let (store, data) = (ours(&environment).await?, data(count));
    store.put("large", data.clone()).await?;
    Ok(Lap::new(async move {
        let mut found = store.get("large").await?.context("it is there")?;
        let mut read = 0;
        while let Some(piece) = found.next().await {
            read += piece?.len();
        }
        ensure!(read == data.len(), "{read} bytes were read");
        Ok(done())
    }))
}

pub(crate) async fn raw_put_small(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = raw(&environment).await?;
    Ok(Lap::new(async move {
        let data = [7; SMALL];
        for number in 0..count {
            store.put(format!("small/{number}").as_str(), &mut &data[..]).await?;
        }
        Ok(done())
    }))
}

pub(crate) async fn ours_put_small(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let store = ours(&environment).await?;
    Ok(Lap::new(async move {
        for number in 0..count {
            store.put(format!("small/{number}"), &[7; SMALL][..]).await?;
        }
        Ok(done())
    }))
}

/// A chunk and a description, one awaited after the other, and nothing else.
pub(crate) async fn chunks_put_small(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    ours(&environment).await?;
    let jetstream = environment.jetstream.clone();
    Ok(Lap::new(async move {
        for number in 0..count {
            for kind in ["C", "M"] {
                let subject = format!("$O.bench.{kind}.{number}");
                jetstream.publish(subject, Bytes::from_static(&[7; SMALL])).await?.await?;
            }
        }
        Ok(done())
    }))
}
