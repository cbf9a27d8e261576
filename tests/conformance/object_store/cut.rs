//! Cut half-way: readers, writers and futures that end before an object does, and what others do meanwhile.

use std::future::IntoFuture as _;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tidings::{ObjectGetError, ObjectMeta, ObjectPutError, ObjectReadError, ObjectWatchError};
use tidings_tests::eventually;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Files, bytes, files};
use crate::support::env::{Env, SOON, soon};

scenarios! {
    every_bus:
        a_reader_that_panics_leaves_nothing,
        a_writer_that_fails_is_told,
        an_object_that_is_deleted_while_it_is_read,
        what_is_put_while_a_list_is_read,
        a_list_of_a_closed_bus_says_that_it_is_cut,
        links_that_lead_nowhere,
        a_chunk_size_of_nothing;
}

/// Yields half of what is asked, and then panics.
struct Panicking {
    left: usize,
}

impl AsyncRead for Panicking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(self.left > 0, "the disk is gone");
        let len = self.left.min(buffer.remaining());
        buffer.put_slice(&vec![7; len]);
        self.left -= len;
        Poll::Ready(Ok(()))
    }
}

async fn a_reader_that_panics_leaves_nothing(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("a", "what was there").await.unwrap();
    let put = files.put_from("a", Panicking { left: 900_000 }).into_future();
    assert!(AssertUnwindSafe(put).catch_unwind().await.is_err());
    eventually(SOON, "nothing is left of it", || async {
        let left = bus.stream::<Files>().state().await.unwrap().messages;
        if left == 2 { Ok(()) } else { Err(left) }
    })
    .await;
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "what was there");
}

/// Takes so many bytes, and then fails.
struct Failing {
    left: usize,
}

impl AsyncWrite for Failing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the disk is full")));
        }
        let len = self.left.min(data.len());
        self.left -= len;
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn a_writer_that_fails_is_told(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", bytes(900_000)).await.unwrap();
    let found = files.get("a").await.unwrap().unwrap();
    let error = found.write_to(&mut Failing { left: 300_000 }).await.unwrap_err();
    let ObjectReadError::Write { store, name, source } = &error else { panic!("{error:?}") };
    assert_eq!((&**store, &**name, &*source.to_string()), ("files", "a", "the disk is full"));
    // As an error of the writer, it is the writer's own.
    assert_eq!(io::Error::from(error).to_string(), "the disk is full");
    assert!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap() == bytes(900_000));
}

async fn an_object_that_is_deleted_while_it_is_read(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", bytes(8_000_000)).await.unwrap();
    let mut found = files.get("a").await.unwrap().unwrap();
    let mut read = found.next().await.unwrap().unwrap().len();
    assert!(files.delete("a").await.unwrap());
    let error = loop {
        match soon(found.next()).await.expect("it is not whole") {
            Ok(piece) => read += piece.len(),
            Err(error) => break error,
        }
    };
    let ObjectReadError::Incomplete { name, size, .. } = &error else { panic!("{error:?}") };
    assert!(name == "a" && *size == 8_000_000 && read < 8_000_000, "{read}");
    assert!(error.to_string().contains("deleted"), "{error}");
    assert!(found.next().await.is_none());
}

async fn what_is_put_while_a_list_is_read(env: Env) {
    let (_, files) = files(&env).await;
    for number in 0..50 {
        files.put(format!("old-{number}"), "data").await.unwrap();
    }
    let mut list = files.list().await.unwrap();
    let mut names = vec![soon(list.next()).await.unwrap().unwrap().meta.name];
    for number in 0..50 {
        files.put(format!("new-{number}"), "data").await.unwrap();
    }
    files.put("old-49", "other data").await.unwrap();
    while let Some(info) = soon(list.next()).await {
        names.push(info.unwrap().meta.name);
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "each once");
    assert_eq!(names.iter().filter(|name| name.starts_with("old")).count(), 50, "{names:?}");
}

/// A list that ends with an error was not all of it; what ends without one was.
async fn a_list_of_a_closed_bus_says_that_it_is_cut(env: Env) {
    const OBJECTS: usize = 300;
    files(&env).await;
    let bus = env.another_bus().await;
    let files = bus.objects("files");
    for number in 0..OBJECTS {
        files.put(format!("{number}"), "").await.unwrap();
    }
    let mut list = files.list().await.unwrap();
    soon(list.next()).await.unwrap().unwrap();
    bus.close().await.unwrap();
    let mut listed = 1;
    while let Some(next) = soon(list.next()).await {
        match next {
            Ok(_) => listed += 1,
            Err(ObjectWatchError::Closed { store }) => {
                assert_eq!(store, "files");
                assert!(listed < OBJECTS && soon(list.next()).await.is_none());
                return;
            }
            Err(ObjectWatchError::Connection(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(listed, OBJECTS);
}

/// Links to themselves and in a circle: an object stood there when each was made.
async fn links_that_lead_nowhere(env: Env) {
    let (_, files) = files(&env).await;
    let a = files.put("a", "data").await.unwrap();
    let b = files.put("b", "data").await.unwrap();
    files.delete("a").await.unwrap();
    files.delete("b").await.unwrap();
    files.link("a", &a).await.unwrap();
    let error = soon(files.get("a").into_future()).await.unwrap_err();
    let ObjectGetError::DeadLink { name, target, .. } = &error else { panic!("{error:?}") };
    assert_eq!((&**name, &**target), ("a", "files/a"));
    files.link("a", &b).await.unwrap();
    files.link("b", &a).await.unwrap();
    for name in ["a", "b"] {
        let error = soon(files.get(name).into_future()).await.unwrap_err();
        assert!(matches!(error, ObjectGetError::DeadLink { .. }), "{error:?}");
    }
    // One that leads into a store that is not there.
    let mut elsewhere = b;
    elsewhere.store = "nowhere".into();
    files.link("c", &elsewhere).await.unwrap();
    let error = soon(files.get("c").into_future()).await.unwrap_err();
    assert!(error.to_string().contains("`nowhere`"), "{error}");
    // An object takes the place of a link.
    files.put("a", "data").await.unwrap();
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "data");
    let error = files.link("a", &a).await.unwrap_err();
    assert!(matches!(error, ObjectPutError::Exists { .. }), "{error:?}");
}

async fn a_chunk_size_of_nothing(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put(ObjectMeta::new("a").with_chunk_size(0), bytes(300_000)).await.unwrap();
    assert_eq!((put.chunks, put.meta.chunk_size), (3, Some(128 * 1024)));
}
