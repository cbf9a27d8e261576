//! Object stores, where only a server or another client shows it.

use std::io;
use std::pin::Pin;
use std::task::{Context as Poller, Poll};

use async_nats::Client;
use serde_json::{Value, json};
use tidings::prelude::*;
use tidings::{
    ObjectGetError, ObjectMeta, ObjectPutError, ObjectReadError, ObjectStoreConfig,
    ObjectWatchError, Objects,
};
use tidings_tests::{Cluster, Log, Server, eventually};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;
use tracing_subscriber::filter::LevelFilter;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "OBJ_files", subjects("$O.files.C.>", "$O.files.M.>"))]
struct Files;

async fn files(bus: &Bus) -> Objects {
    let config = ObjectStoreConfig::new("files").to_stream();
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    bus.objects("files")
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31) >> 3).to_le_bytes()[0]).collect()
}

/// Yields the same for ever, or until it has yielded so much, and then waits.
struct Endless {
    left: usize,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Poller<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = self.left.min(buffer.remaining()).min(4096);
        if len == 0 {
            return Poll::Pending;
        }
        buffer.put_slice(&[7; 4096][..len]);
        self.left -= len;
        Poll::Ready(Ok(()))
    }
}

async fn messages(bus: &Bus) -> Result<u64, String> {
    let state = bus.stream::<Files>().state().await.map_err(|error| error.to_string())?;
    Ok(state.messages)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_an_upload_is_left_without_it() {
    let mut server = Server::start().await;
    let builder = Bus::builder().server(server.url()).publish_timeout(Duration::from_secs(2));
    let bus = builder.connect().await.unwrap();
    let files = files(&bus).await;
    files.put("a", "what was there").await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let put = files.put_from("a", Endless { left: usize::MAX });
    let put = put.progress(move |stored| _ = tell.send(stored));
    let put = tokio::spawn(async move { put.await });
    while soon(told.recv()).await.unwrap() < 1_000_000 {}
    server.kill();
    let error = soon(put).await.unwrap().unwrap_err();
    assert!(matches!(error, ObjectPutError::Unconfirmed { .. }), "{error:?}");
    server.restart().await;
    eventually(SOON * 2, "what was there, and no more", || async {
        match messages(&bus).await {
            Ok(2) => Ok(()),
            other => Err(other),
        }
    })
    .await;
    let found = files.get("a").await.unwrap().unwrap();
    assert_eq!(found.bytes().await.unwrap(), "what was there");
}

/// A store on three servers bears a large object, with all its chunks on the way at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_on_three_servers_bears_a_large_object() {
    const LEN: usize = 48 << 20;
    let cluster = Cluster::start(3).await;
    let bus = Bus::connect(cluster.url()).await.unwrap();
    let mut config = ObjectStoreConfig::new("files");
    config.replicas = 3;
    let plan = bus.plan_stream(&config.to_stream()).await.unwrap();
    bus.apply(plan).await.unwrap();
    let files = bus.objects("files");
    let data = bytes::Bytes::from(bytes(LEN));
    let put = tokio::time::timeout(SOON * 4, files.put_from("a", &data[..])).await;
    let put = put.unwrap().unwrap();
    assert_eq!((put.size, put.chunks), (LEN as u64, 384));
    // Any replica answers, and one may be a moment behind what most of them have stored.
    let found = eventually(SOON, "a replica has it", || async { files.get("a").await.unwrap() });
    let found = tokio::time::timeout(SOON * 4, found.await.bytes()).await.unwrap();
    assert!(found.unwrap() == data);
}

#[tokio::test]
async fn chunks_fit_a_server_that_takes_little() {
    let server = Server::with_config("max_payload: 2000").await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let files = files(&bus).await;
    let data = bytes(100_001);
    let put = files.put_from("a", &data[..]).await.unwrap();
    assert_eq!((put.chunks, put.meta.chunk_size), (51, Some(2000)));
    assert!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap() == data);
    // A description that has no room is told, and leaves no chunk.
    let meta = ObjectMeta::new("b").with_description("x".repeat(3000));
    let error = files.put(meta, data).await.unwrap_err();
    assert!(matches!(error, ObjectPutError::TooLarge { .. }), "{error}");
    assert_eq!(messages(&bus).await, Ok(52));
}

/// Writes a piece of the store without any care.
async fn write(client: &Client, subject: &str, payload: impl Into<bytes::Bytes>) {
    let subject = format!("$O.files.{subject}");
    soon(client.request(subject, payload.into())).await.unwrap();
}

async fn describe(client: &Client, place: &str, what: Value) {
    write(client, &format!("M.{place}"), what.to_string()).await;
}

#[tokio::test]
async fn a_wrong_digest_is_told_before_the_last_byte() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let files = files(&bus).await;
    let put = files.put(ObjectMeta::new("a").with_chunk_size(1000), bytes(5000)).await.unwrap();
    // The third chunk is another one.
    let stream = bus.stream::<Files>();
    let chunk = format!("C.{}", put.nuid);
    for sequence in 3..=5 {
        stream.delete_message(sequence).await.unwrap();
    }
    write(&client, &chunk, vec![0; 1000]).await;
    write(&client, &chunk, bytes(5000)[3000..4000].to_vec()).await;
    write(&client, &chunk, bytes(5000)[4000..].to_vec()).await;
    let mut written = Vec::new();
    let found = files.get("a").await.unwrap().unwrap();
    let error = found.write_to(&mut written).await.unwrap_err();
    let ObjectReadError::WrongDigest { expected, found, .. } = &error else { panic!("{error}") };
    assert!(put.digest.as_ref() == Some(expected) && found != expected);
    assert_eq!(written.len(), 4000, "the last piece is kept back");
    // A part is not judged by the digest of the whole.
    let part = files.get("a").range(4500..).await.unwrap().unwrap();
    assert_eq!(part.bytes().await.unwrap(), bytes(5000)[4500..]);
}

#[tokio::test]
async fn chunks_of_any_size_between_those_of_others_are_read_whole() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let files = files(&bus).await;
    // Of the first that are asked for at once by their number, their bytes let only some come.
    let data = bytes(200 + 60 * 100_000 + 2000);
    let ((before, rest), large) = (data.split_at(200), 60 * 100_000);
    let (large, behind) = rest.split_at(large);
    let chunks = || before.chunks(1).chain(large.chunks(100_000)).chain(behind.chunks(1));
    let digest = files.put("a", data.clone()).await.unwrap().digest;
    for (name, place, is_alone) in [("alone", "YWxvbmU=", true), ("among", "YW1vbmc=", false)] {
        for (at, chunk) in chunks().enumerate() {
            if !is_alone && at % 3 > 0 {
                client.publish("$O.files.C.other", "another's".into()).await.unwrap();
            }
            client.publish(format!("$O.files.C.{name}"), chunk.to_vec().into()).await.unwrap();
        }
        let (size, chunks) = (data.len(), chunks().count());
        let what =
            json!({ "name": name, "nuid": name, "size": size, "chunks": chunks, "digest": digest });
        describe(&client, place, what).await;
        let found = soon(files.get(name)).await.unwrap().unwrap();
        assert!(soon(found.bytes()).await.unwrap() == data, "{name}");
    }
}

#[tokio::test]
async fn what_others_wrote_without_care_is_a_typed_error() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let files = files(&bus).await;
    describe(&client, "YQ==", json!({ "title": "no description" })).await;
    let of_md5 = json!({ "name": "b", "nuid": "N", "size": 3, "chunks": 1, "digest": "MD5=abc" });
    describe(&client, "Yg==", of_md5).await;
    files.put("c", "data").await.unwrap();
    let error = files.info("a").await.unwrap_err();
    let ObjectGetError::Description { name, payload, .. } = &error else { panic!("{error}") };
    assert_eq!((&**name, &payload[..]), ("a", &br#"{"title":"no description"}"#[..]));
    let error = files.get("b").await.unwrap_err();
    let ObjectGetError::Digest { digest, .. } = &error else { panic!("{error}") };
    assert_eq!(digest, "MD5=abc");
    let mut list = files.list().await.unwrap();
    let error = soon(list.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ObjectWatchError::Description(_)), "{error}");
    let names = [soon(list.next()).await, soon(list.next()).await];
    let names = names.map(|info| info.unwrap().unwrap().meta.name);
    assert_eq!(names, ["b", "c"]);
    // A put, and a deletion, take their place.
    files.put("a", "data").await.unwrap();
    assert!(files.delete("b").await.unwrap());
}

#[tokio::test]
async fn what_nobody_describes_is_swept() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let files = files(&bus).await;
    files.put("a", bytes(300_000)).await.unwrap();
    files.put("b", "data").await.unwrap();
    files.delete("b").await.unwrap();
    for upload in ["one", "one", "two"] {
        write(&client, &format!("C.{upload}"), "a chunk").await;
    }
    assert_eq!(files.sweep(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(files.sweep(Duration::ZERO).await.unwrap(), 2);
    assert_eq!(messages(&bus).await, Ok(5));
    assert!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap() == bytes(300_000));
}

/// An upload that was refused as a whole has left nothing, and nobody is told to look for it.
async fn a_refused_put_tells_of_no_chunks(bus: Bus) {
    let files = files(&bus).await;
    files.seal().await.unwrap();
    let (log, _told) = Log::keep(LevelFilter::INFO);
    let error = files.put("a", bytes(2_000_000)).await.unwrap_err();
    assert!(matches!(error, ObjectPutError::Sealed { .. }), "{error:?}");
    let text = log.text();
    assert!(!text.contains("chunks"), "{text}");
    assert_eq!(messages(&bus).await, Ok(0));
}

#[tokio::test]
async fn a_refused_put_tells_of_no_chunks_in_memory() {
    a_refused_put_tells_of_no_chunks(Bus::in_memory()).await;
}

#[tokio::test]
async fn a_refused_put_tells_of_no_chunks_of_a_server() {
    let server = Server::start().await;
    a_refused_put_tells_of_no_chunks(Bus::connect(server.url()).await.unwrap()).await;
}
