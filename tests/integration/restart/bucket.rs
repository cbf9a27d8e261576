//! Changes of a bucket whose confirmations are lost: each is made once, and is no conflict with itself.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Change, GetError, PutError, WatchEvent};
use tidings_tests::{Proxy, Server, eventually};

use crate::{SOON, soon};

const ACK_TIMEOUT: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "lamps", key = "{room}", history = 9, limit_markers = "1h")]
struct Lamp {
    room: String,
    level: u32,
}

fn lamp(level: u32) -> Lamp {
    Lamp { room: "hall".to_owned(), level }
}

fn hall() -> LampKey {
    LampKey { room: "hall".to_owned() }
}

async fn bus(url: &str) -> Bus {
    let bus = Bus::builder().server(url).ack_timeout(ACK_TIMEOUT).connect().await.unwrap();
    bus.provision::<Lamp>().await.unwrap();
    bus
}

/// The last sequence of the bucket's stream: how often something was stored.
async fn stored(direct: &Bus) -> u64 {
    direct.stream::<Lamp>().state().await.unwrap().last_sequence
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_answer_is_lost_is_made_once() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    let lamps = lossy.key_value::<Lamp>();
    let changes = [
        ("create", lamps.create(&lamp(1))),
        ("put", lamps.put(&lamp(2))),
        ("update", lamps.update(&lamp(3), 2)),
        ("delete", lamps.delete(&hall()).at(3)),
        ("create over a removal", lamps.create(&lamp(5))),
        ("purge", lamps.purge(&hall()).at(5)),
        ("create with a time to live", lamps.create(&lamp(7)).ttl(Duration::from_secs(3600))),
    ];
    for ((what, change), revision) in changes.into_iter().zip(1..) {
        proxy.lose_answers();
        let changing = tokio::spawn(change.into_future());
        let is_stored = || async { proxy.has_lost_answers() };
        eventually(SOON, "an answer is lost", is_stored).await;
        // What comes first of a create over a removal is the refusal of a key that never was.
        if what != "create over a removal" && what != "create with a time to live" {
            eventually(SOON, what, || async { stored(&direct).await == revision }).await;
        }
        assert!(!changing.is_finished(), "{what}: nobody has told it");
        proxy.cut();
        let told = soon(changing).await.unwrap();
        assert!(matches!(told, Ok(told) if told == revision), "{what}: {told:?}");
        assert_eq!(stored(&direct).await, revision, "{what}");
    }
    let last = direct.key_value::<Lamp>().last(&hall()).await.unwrap();
    assert!(matches!(&last, Some(Change::Put(entry)) if entry.value == lamp(7)), "{last:?}");
}

/// A conflict with somebody else's value stays one, though the answer that said so was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_value_is_a_conflict_also_after_a_lost_answer() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    direct.key_value::<Lamp>().create(&lamp(1)).await.unwrap();
    let lamps = lossy.key_value::<Lamp>();
    for (is_create, change) in [(true, lamps.create(&lamp(2))), (false, lamps.update(&lamp(3), 7))]
    {
        proxy.lose_answers();
        let changing = tokio::spawn(change.into_future());
        eventually(SOON, "an answer is lost", || async { proxy.has_lost_answers() }).await;
        proxy.cut();
        let error = soon(changing).await.unwrap().unwrap_err();
        match error {
            PutError::Exists { revision: 1, .. } if is_create => {}
            PutError::Conflict { expected: 7, .. } if !is_create => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stored(&direct).await, 1);
}

/// A watch, and a handler of one, end with the bus also while the server is away, and what is asked meanwhile
/// says why it can't be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_while_the_server_is_away_ends() {
    let mut server = Server::start().await;
    let builder = Bus::builder().server(server.url()).ack_timeout(ACK_TIMEOUT);
    let builder = builder.publish_timeout(ACK_TIMEOUT * 2).request_timeout(ACK_TIMEOUT);
    let bus = builder.connect().await.unwrap();
    bus.provision::<Lamp>().await.unwrap();
    let lamps = bus.key_value::<Lamp>();
    let mut changes = lamps.watch().await.unwrap();
    assert_eq!(soon(changes.next()).await.unwrap().unwrap(), WatchEvent::Current);
    let handler = |_: WatchEvent<Lamp, LampKey>, _: Context| async { Ok(()) };
    let registry = Registry::new("lamps").watch(Route::watch::<Lamp>(handler));
    let running = registry.start(&bus).await.unwrap();
    server.kill();
    let error = soon(lamps.put(&lamp(1)).into_future()).await.unwrap_err();
    assert!(
        matches!(&error, PutError::Unsent { bucket, key } | PutError::Unconfirmed { bucket, key } if bucket == "lamps" && key == "hall"),
        "{error:?}"
    );
    let error = soon(lamps.get(&hall())).await.unwrap_err();
    assert!(matches!(error, GetError::Disconnected(_) | GetError::Timeout { .. }), "{error:?}");
    soon(running.shutdown_within(Duration::from_secs(1))).await;
    let _ = soon(bus.close_within(Duration::from_secs(1))).await;
    assert!(soon(changes.next()).await.is_none());
}

/// Two changes of the same value are two, since each has an id of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_value_is_stored_as_often_as_it_is_put() {
    let server = Server::start().await;
    let bus = bus(&server.url()).await;
    let lamps = bus.key_value::<Lamp>();
    for revision in 1..=3 {
        assert_eq!(lamps.put(&lamp(1)).await.unwrap(), revision);
    }
}
