//! JetStream elsewhere: that of a leaf node, by its domain, and one behind another prefix.

use tidings::WatchEvent;
use tidings::prelude::*;
use tidings_tests::{HUB, Server, eventually};
use tokio::sync::mpsc;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "SEEDS", subjects("seeds.>"))]
struct Seeds;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "seeds.sown", stream = Seeds)]
struct Sown {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "beds", key = "{number}")]
struct Bed {
    number: u32,
    seeds: u32,
}

/// Everything that asks JetStream: a stream, a route with a retry and a dead letter, a replay, a consumer by
/// hand, a look at one message, a bucket.
async fn all_of_it(bus: &Bus) {
    bus.provision::<Seeds>().await.expect("a stream");
    let (sender, mut sown) = mpsc::unbounded_channel();
    let handler = move |seed: Sown, cx: Context| {
        let sender = sender.clone();
        async move {
            sender.send((seed.number, cx.attempt()))?;
            match (seed.number, cx.attempt()) {
                (2, 1) => Err(Failure::retry_after(Duration::ZERO, "not yet")),
                (3, _) => Err(Failure::reject("never")),
                _ => Ok(()),
            }
        }
    };
    let running =
        Registry::new("garden").handle::<Sown>(handler).start(bus).await.expect("it runs");
    for number in 1..=3 {
        bus.publish(&Sown { number }).await.expect("stored");
    }
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(soon(sown.recv()).await.expect("a seed"));
    }
    seen.sort_unstable();
    assert_eq!(seen, [(1, 1), (2, 1), (2, 2), (3, 1)]);
    eventually(SOON, "all is settled, and one put aside", || async {
        let report = &running.report()[0];
        if (report.handled, report.dead_lettered) == (2, 1) {
            Ok(())
        } else {
            Err(format!("{report:?}"))
        }
    })
    .await;
    let health = running.health().await;
    assert!(health.ready, "{health:?}");
    running.shutdown().await;

    let mut replay = bus.replay::<Sown>(DeliverFrom::Beginning).await.expect("a replay");
    for number in 1..=3 {
        assert_eq!(soon(replay.next()).await.unwrap().unwrap().number, number);
    }
    let mut consumer = bus.consume::<Sown>("by-hand").await.expect("a consumer");
    let delivery = soon(consumer.next()).await.unwrap().unwrap();
    delivery.ack_confirmed().await.expect("confirmed");
    assert!(bus.stream::<Seeds>().get(2).await.unwrap().is_some());
    assert_eq!(bus.stream::<Seeds>().state().await.unwrap().messages, 3);

    bus.provision::<Bed>().await.expect("a bucket");
    let beds = bus.key_value::<Bed>();
    for number in 1..=3 {
        beds.put(&Bed { number, seeds: 7 }).await.expect("stored");
    }
    let bed = |number| BedKey { number };
    assert_eq!(beds.get(&bed(2)).await.unwrap().map(|bed| bed.seeds), Some(7));
    let many = beds.get_many([bed(1), bed(3), bed(4)]).await.unwrap();
    assert_eq!(many.iter().flatten().count(), 2);
    let mut changes = beds.watch().await.expect("a watch");
    for _ in 1..=3 {
        let change = soon(changes.next()).await.unwrap().unwrap();
        assert!(matches!(change, WatchEvent::Put(_)), "{change:?}");
    }
    assert!(matches!(soon(changes.next()).await.unwrap(), Ok(WatchEvent::Current)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jetstream_of_a_leafs_domain_is_used_from_its_hub() {
    let hub = Server::with_config(HUB).await;
    let address = hub.leaf_address().await;
    let leaf = Server::with_config(&format!(
        "jetstream {{ domain: leaf }}\nfeature_flags {{ js_ack_fc_v2: true }}\n\
         leafnodes {{ reconnect: 1, remotes: [ {{ url: \"nats-leaf://{address}\" }} ] }}"
    ))
    .await;
    let bus = Bus::builder().server(hub.url()).jetstream_domain("leaf").connect().await.unwrap();
    eventually(SOON, "the leaf's JetStream answers", || async {
        bus.streams().await.map_err(|error| error.to_string())
    })
    .await;
    all_of_it(&bus).await;
    let [there, here] = [leaf.url(), hub.url()]
        .map(|url| async move { Bus::connect(url).await.unwrap().streams().await.unwrap().len() });
    assert_eq!((there.await, here.await), (3, 0), "stream, letters and bucket are at the leaf");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jetstream_behind_another_prefix_is_used() {
    let server = Server::with_config(
        "accounts { SHOP { jetstream: enabled, users: [ { user: ann, password: pw } ], \
         mappings: { \"js.shop.INFO\": \"$JS.API.INFO\", \"js.shop.STREAM.>\": \"$JS.API.STREAM.>\", \
         \"js.shop.CONSUMER.>\": \"$JS.API.CONSUMER.>\", \"js.shop.DIRECT.>\": \"$JS.API.DIRECT.>\", \
         \"js.shop.$KV.>\": \"$KV.>\" } } }",
    )
    .await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let bus = builder.jetstream_prefix("js.shop").connect().await.unwrap();
    all_of_it(&bus).await;
}
