//! Putting: chunks as they should be, and nothing left of what is cut.

use std::future::IntoFuture as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tidings::{ObjectGetError, ObjectMeta, ObjectPutError};
use tidings_tests::eventually;
use tokio::io::{AsyncRead, ReadBuf};

use super::{bytes, chunks, files};
use crate::support::env::{Env, SOON, soon};

scenarios! {
    every_bus:
        what_is_put_is_there,
        an_empty_object,
        an_object_of_whole_chunks,
        a_reader_of_few_bytes_fills_chunks,
        chunks_as_large_as_asked,
        chunks_are_no_larger_than_the_server_takes,
        what_is_said_of_it,
        names_of_all_kinds,
        a_name_that_can_not_be,
        a_replaced_object_leaves_no_chunk,
        a_put_at_a_revision,
        a_put_that_is_to_be_the_first,
        progress_is_told,
        a_reader_that_fails_leaves_nothing,
        a_put_that_is_dropped_leaves_nothing,
        a_full_store_refuses_and_keeps_nothing_of_it,
        a_missing_store;
    also_on_threads:
        many_puts_of_one_name_leave_one_object;
}

async fn what_is_put_is_there(env: Env) {
    let (_, files) = files(&env).await;
    let data = bytes(300_000);
    let put = files.put("report.pdf", data.clone()).await.unwrap();
    assert_eq!(
        (put.name(), put.size, put.chunks, &*put.store),
        ("report.pdf", 300_000, 3, "files")
    );
    assert_eq!(put.meta.chunk_size, Some(128 * 1024));
    let info = files.info("report.pdf").await.unwrap().unwrap();
    assert_eq!((&info.nuid, &info.digest, info.revision), (&put.nuid, &put.digest, put.revision));
    assert!(info.digest.as_ref().unwrap().starts_with("SHA-256="));
    let found = files.get("report.pdf").await.unwrap().unwrap();
    assert_eq!(found.info(), &info);
    assert!(found.bytes().await.unwrap() == data);
}

async fn an_empty_object(env: Env) {
    let (bus, files) = files(&env).await;
    let put = files.put("nothing", Vec::new()).await.unwrap();
    assert_eq!((put.size, put.chunks), (0, 0));
    assert_eq!(chunks(&bus).await, 0);
    let mut found = files.get("nothing").await.unwrap().unwrap();
    assert!(found.next().await.is_none() && found.next().await.is_none());
    let found = files.get("nothing").await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap().is_empty());
    let put = files.put_from("nothing", &b""[..]).await.unwrap();
    assert_eq!((put.size, put.chunks), (0, 0));
}

async fn an_object_of_whole_chunks(env: Env) {
    let (bus, files) = files(&env).await;
    let data = bytes(3 * 1000);
    let meta = ObjectMeta::new("a").with_chunk_size(1000);
    assert_eq!(files.put(meta.clone(), data.clone()).await.unwrap().chunks, 3);
    assert_eq!(files.put_from(meta, &data[..]).await.unwrap().chunks, 3);
    assert_eq!(chunks(&bus).await, 3);
    assert!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap() == data);
}

/// Yields a few bytes at a time, and then fails or waits for ever.
struct Dripping {
    data: Vec<u8>,
    at: usize,
    step: usize,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Fail,
    Wait,
}

impl AsyncRead for Dripping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let step = self.step.min(self.data.len() - self.at).min(buffer.remaining());
        if step == 0 {
            return match self.then {
                Then::End => Poll::Ready(Ok(())),
                Then::Fail => Poll::Ready(Err(io::Error::other("the disk is gone"))),
                Then::Wait => Poll::Pending,
            };
        }
        if self.at.is_multiple_of(5) {
            // As a socket does, it is sometimes not ready.
            self.at += 1;
            let byte = self.data[self.at - 1];
            buffer.put_slice(&[byte]);
            cx.waker().wake_by_ref();
            return Poll::Ready(Ok(()));
        }
        let at = self.at;
        buffer.put_slice(&self.data[at..at + step]);
        self.at += step;
        Poll::Ready(Ok(()))
    }
}

fn dripping(len: usize, then: Then) -> Dripping {
    Dripping { data: bytes(len), at: 0, step: 777, then }
}

async fn a_reader_of_few_bytes_fills_chunks(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put_from("drops", dripping(400_000, Then::End)).await.unwrap();
    assert_eq!((put.size, put.chunks), (400_000, 4));
    let found = files.get("drops").await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap() == bytes(400_000));
}

async fn chunks_as_large_as_asked(env: Env) {
    let (_, files) = files(&env).await;
    let meta = ObjectMeta::new("small").with_chunk_size(7);
    let put = files.put(meta, bytes(100)).await.unwrap();
    assert_eq!((put.chunks, put.meta.chunk_size), (15, Some(7)));
    let mut found = files.get("small").await.unwrap().unwrap();
    let mut sizes = Vec::new();
    while let Some(piece) = found.next().await {
        sizes.push(piece.unwrap().len());
    }
    assert_eq!(sizes, [[7; 14].as_slice(), &[2]].concat());
}

async fn chunks_are_no_larger_than_the_server_takes(env: Env) {
    let (_, files) = files(&env).await;
    let meta = ObjectMeta::new("large").with_chunk_size(u32::MAX);
    let put = files.put(meta, bytes(3_000_000)).await.unwrap();
    assert_eq!((put.chunks, put.meta.chunk_size), (3, Some(1_048_576)));
    let found = files.get("large").await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap() == bytes(3_000_000));
}

async fn what_is_said_of_it(env: Env) {
    let (_, files) = files(&env).await;
    let meta = ObjectMeta::new("report.pdf")
        .with_description("What was sold")
        .with_metadata("year", "2026")
        .with_header("Content-Type", "application/pdf")
        .unwrap()
        .with_header("Content-Type", "application/x-pdf")
        .unwrap();
    files.put(meta.clone(), "pages").await.unwrap();
    let found = files.info("report.pdf").await.unwrap().unwrap().meta;
    assert_eq!(found.description.as_deref(), Some("What was sold"));
    assert_eq!(found.metadata["year"], "2026");
    let types: Vec<&str> = found.headers.get_all("Content-Type").collect();
    assert_eq!(types, ["application/pdf", "application/x-pdf"]);
    assert!(ObjectMeta::new("a").with_header("Nats-TTL", "1").is_err());
}

async fn names_of_all_kinds(env: Env) {
    let (_, files) = files(&env).await;
    let names =
        ["a", "a b", "a.b.*.>", "résumé.pdf", "報告/2026.pdf", "..", "🦀", "\n", &"x".repeat(1000)];
    for name in names {
        files.put(name, name.to_owned()).await.unwrap();
    }
    for name in names {
        let found = files.get(name).await.unwrap().unwrap();
        assert_eq!(found.info().name(), name);
        assert_eq!(found.bytes().await.unwrap(), name);
    }
}

async fn a_name_that_can_not_be(env: Env) {
    let (bus, files) = files(&env).await;
    let error = files.put("", "data").await.unwrap_err();
    assert!(matches!(error, ObjectPutError::Name(_)), "{error}");
    let error = files.info("").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "an object of store `files` has no name: give it one of one character at least"
    );
    let error = files.get("x".repeat(3000)).await.unwrap_err();
    assert!(matches!(error, ObjectGetError::Name(_)) && error.to_string().contains("3000"));
    assert!(matches!(files.delete("").await, Err(ObjectPutError::Name(_))));
    for store in ["", "a.b", "a b", "*", "é"] {
        let error = bus.objects(store).put("a", "data").await.unwrap_err();
        assert!(error.to_string().contains("can't name an object store"), "{store}: {error}");
        assert!(bus.objects(store).watch().await.is_err());
    }
}

async fn a_replaced_object_leaves_no_chunk(env: Env) {
    let (bus, files) = files(&env).await;
    for len in [1_000_000, 300_000, 10] {
        files.put("report.pdf", bytes(len)).await.unwrap();
        assert_eq!(chunks(&bus).await, len.div_ceil(128 * 1024) as u64);
    }
    let found = files.get("report.pdf").await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap() == bytes(10));
}

async fn a_put_at_a_revision(env: Env) {
    let (bus, files) = files(&env).await;
    let first = files.put("a", "one").await.unwrap();
    let second = files.put("a", "two").at(first.revision).await.unwrap();
    assert!(second.revision > first.revision);
    let error = files.put("a", "three").at(first.revision).await.unwrap_err();
    let ObjectPutError::Conflict { name, expected, .. } = error else { panic!("{error}") };
    assert_eq!((&*name, expected), ("a", first.revision));
    assert_eq!(chunks(&bus).await, 1, "nothing is left of what was refused");
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "two");
}

async fn a_put_that_is_to_be_the_first(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").at(0).await.unwrap();
    let error = files.put("a", "two").at(0).await.unwrap_err();
    assert!(matches!(error, ObjectPutError::Conflict { .. }), "{error}");
}

async fn progress_is_told(env: Env) {
    let (_, files) = files(&env).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let meta = ObjectMeta::new("a").with_chunk_size(1000);
    let put =
        files.put(meta, bytes(4500)).progress(move |stored| tells.lock().unwrap().push(stored));
    put.await.unwrap();
    assert_eq!(*told.lock().unwrap(), [1000, 2000, 3000, 4000, 4500]);
    let read = Arc::new(AtomicU64::new(0));
    let tells = Arc::clone(&read);
    let found = files.get("a").await.unwrap().unwrap();
    found.progress(move |read| tells.store(read, Ordering::SeqCst)).bytes().await.unwrap();
    assert_eq!(read.load(Ordering::SeqCst), 4500);
}

async fn a_reader_that_fails_leaves_nothing(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("a", "what was there").await.unwrap();
    let error = files.put_from("a", dripping(900_000, Then::Fail)).await.unwrap_err();
    let ObjectPutError::Read { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "the disk is gone");
    assert_eq!(chunks(&bus).await, 1);
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "what was there");
}

async fn a_put_that_is_dropped_leaves_nothing(env: Env) {
    let (bus, files) = files(&env).await;
    let (stored, mut told) = tokio::sync::mpsc::unbounded_channel();
    let meta = ObjectMeta::new("a").with_chunk_size(100_000);
    // So much that some of it is known to be stored.
    let put = files.put_from(meta, dripping(6_000_000, Then::Wait));
    let put = tokio::spawn(put.progress(move |bytes| _ = stored.send(bytes)).into_future());
    soon(told.recv()).await.unwrap();
    put.abort();
    assert!(put.await.unwrap_err().is_cancelled());
    eventually(SOON, "nothing is left", || async {
        let left = bus.stream::<super::Files>().state().await.unwrap().messages;
        if left == 0 { Ok(()) } else { Err(left) }
    })
    .await;
    assert!(files.info("a").await.unwrap().is_none());
}

async fn a_full_store_refuses_and_keeps_nothing_of_it(env: Env) {
    let bus = env.bus();
    let mut config = tidings::ObjectStoreConfig::new("files");
    config.max_bytes = Some(1_000_000);
    super::make(&bus, &config).await;
    let files = bus.objects("files");
    files.put("a", bytes(500_000)).await.unwrap();
    let error = files.put("b", bytes(900_000)).await.unwrap_err();
    assert!(error.to_string().contains("max_bytes"), "{error}");
    let ObjectPutError::Full { name, description, .. } = error else { panic!("{error}") };
    assert_eq!((&*name, &*description), ("b", "maximum bytes exceeded"));
    assert_eq!(chunks(&bus).await, 4);
    assert!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap() == bytes(500_000));
}

async fn a_missing_store(env: Env) {
    let bus = env.bus();
    let files = bus.objects("nobodys");
    let error =
        tokio::time::timeout(Duration::from_secs(60), files.put("a", bytes(10)).into_future());
    let error = error.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("object store `nobodys` does not exist"), "{error}");
    let error = files.get("a").await.unwrap_err();
    assert!(matches!(error, ObjectGetError::NoStore { .. }), "{error}");
    assert!(matches!(files.list().await, Err(ObjectGetError::NoStore { .. })));
    assert!(files.watch().await.is_err() && files.delete("a").await.is_err());
}

async fn many_puts_of_one_name_leave_one_object(env: Env) {
    let (bus, files) = files(&env).await;
    let puts = (0..16).map(|put| {
        let files = files.clone();
        tokio::spawn(async move { files.put("a", bytes(1000 + put)).await.unwrap() })
    });
    let mut last = 0;
    for put in puts.collect::<Vec<_>>() {
        last = last.max(put.await.unwrap().revision);
    }
    assert_eq!(files.info("a").await.unwrap().unwrap().revision, last);
    assert_eq!(chunks(&bus).await, 1);
    files.get("a").await.unwrap().unwrap().bytes().await.unwrap();
}
