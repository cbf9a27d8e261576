//! Watches that a server pushes to: who reads quickly, and never more than flow control lets.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tidings::prelude::*;
use tidings::{Changes, KeyValue, WatchEvent};
use tidings_tests::{Proxy, Server, eventually};

use crate::{SOON, soon};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "pictures", key = "{number}", storage = "memory")]
struct Picture {
    number: u64,
    data: String,
}

fn picture(number: u64, len: usize) -> Picture {
    Picture { number, data: "x".repeat(len) }
}

async fn filled(bus: &Bus, keys: u64, len: usize) -> KeyValue<Picture> {
    bus.provision::<Picture>().await.unwrap();
    let pictures = bus.key_value::<Picture>();
    for first in (0..keys).step_by(200) {
        let all: Vec<_> = (first..keys.min(first + 200)).map(|n| picture(n, len)).collect();
        let puts = all.iter().map(|picture| pictures.put(picture).into_future());
        for put in futures_util::future::join_all(puts).await {
            put.unwrap();
        }
    }
    pictures
}

/// Reads so many values.
async fn read(changes: &mut Changes<Picture>, count: u64) {
    for expected in 0..count {
        let change = soon(changes.next()).await.unwrap().unwrap();
        assert!(matches!(change, WatchEvent::Put(_)), "{expected}: {change:?}");
    }
}

/// Consumers of the bucket: whether each pushes, and how many messages it has delivered.
async fn consumers(client: &async_nats::Client) -> Vec<(bool, u64)> {
    use futures_util::TryStreamExt as _;
    let context = async_nats::jetstream::new(client.clone());
    let stream = context.get_stream("KV_pictures").await.unwrap();
    let infos: Vec<_> = stream.consumers().try_collect().await.unwrap();
    let each = infos.into_iter();
    each.map(|info| (info.config.deliver_subject.is_some(), info.delivered.consumer_sequence))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_quickly_is_pushed_to_and_told_all() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let pictures = filled(&bus, 20_000, 100).await;
    let mut changes = pictures.watch().await.unwrap();
    read(&mut changes, 10_000).await;
    assert!(matches!(consumers(&client).await[..], [(true, _)]));
    read(&mut changes, 10_000).await;
    assert!(matches!(soon(changes.next()).await, Some(Ok(WatchEvent::Current))));
    pictures.put(&picture(7, 3)).await.unwrap();
    let change = soon(changes.next()).await.unwrap().unwrap();
    assert!(matches!(&change, WatchEvent::Put(entry) if entry.value.data == "xxx"), "{change:?}");
    drop(changes);
    eventually(SOON, "its consumer is gone", || async {
        let left = consumers(&client).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

/// A reader that stands still has 32 MB on its way at most, however much the bucket has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_halts_while_nobody_reads() {
    const LEN: usize = 20_000;
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let pictures = filled(&bus, 4000, LEN).await;
    let mut changes = pictures.watch().await.unwrap();
    read(&mut changes, 1500).await;
    let before = Mutex::new(Vec::new());
    eventually(SOON, "it delivers no more", || async {
        let now = consumers(&client).await;
        let stands = std::mem::replace(&mut *before.lock().unwrap(), now.clone()) == now;
        if stands && matches!(now[..], [(true, _)]) { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await;
    let [(_, delivered)] = consumers(&client).await[..] else { panic!("not one") };
    assert!(delivered * LEN as u64 <= (34 << 20) + 1500 * LEN as u64, "{delivered}");
    read(&mut changes, 2500).await;
    assert!(matches!(soon(changes.next()).await, Some(Ok(WatchEvent::Current))));
}

/// A user that may not answer flow control asks, and is told all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_answer_all_is_told() {
    let config = r#"authorization { users: [
        { user: ann, password: p, permissions: { publish: { deny: ["$JS.FC.>"] } } }
        { user: owner, password: p }
    ] }"#;
    let server = Server::with_config(config).await;
    let user = |name| Bus::builder().server(server.url()).user_and_password(name, "p").connect();
    let (owner, ann) = (user("owner").await.unwrap(), user("ann").await.unwrap());
    filled(&owner, 3000, 3000).await;
    let pictures = ann.key_value::<Picture>();
    let mut changes = pictures.watch().await.unwrap();
    read(&mut changes, 3000).await;
    assert!(matches!(soon(changes.next()).await, Some(Ok(WatchEvent::Current))));
}

/// A server says that nothing is left to be sent, and more of it is here than a task may take in one turn: none of that
/// is told yet.
#[tokio::test]
async fn what_is_here_is_told_before_the_bucket_is_current() {
    /// As many as a server sends before it halts.
    const KEYS: u64 = 5000;
    /// Longer than a watch waits until it asks what is left.
    const LATE: Duration = Duration::from_millis(1500);
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let direct = Bus::connect(server.url()).await.unwrap();
    let distant = Bus::connect(proxy.url()).await.unwrap();
    filled(&direct, KEYS, 100).await;
    let pictures = distant.key_value::<Picture>();
    let mut changes = pictures.watch().await.unwrap();
    proxy.delay_answers(LATE);
    let (mut told, mut is_late) = (0, false);
    loop {
        let asked = Instant::now();
        match soon(changes.next()).await.unwrap().unwrap() {
            WatchEvent::Put(_) => told += 1,
            WatchEvent::Current => break,
            other => panic!("{other:?}"),
        }
        if asked.elapsed() > LATE / 2 && !std::mem::replace(&mut is_late, true) {
            proxy.delay_answers(Duration::ZERO);
            // What was asked before this is answered, and what was sent before that is here.
            soon(pictures.get(&PictureKey { number: 7 })).await.unwrap();
        }
    }
    assert_eq!((told, is_late), (KEYS, true));
}
