//! Publishing, handling, replaying and listening while the server is killed and comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::ReceiveError;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Parcels, Sent, Switched, stored};
use crate::{SOON, soon};

const EVENTS: u32 = 3000;
const TASKS: u32 = 6;
/// Short, so that what was being handled at a kill comes again within the test.
const ACK_WAIT: Duration = Duration::from_secs(2);

/// Counts how often each number was handled.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<u32, u32>>>);

impl Handler<Sent> for Counts {
    async fn handle(&self, event: Sent, _: Context) -> Result<(), Failure> {
        *self.0.lock().unwrap().entry(event.number).or_default() += 1;
        Ok(())
    }
}

/// Events are each stored once, and handled at least once. The server is killed with -9 when a third is
/// confirmed, and when half is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_and_none_is_stored_twice() {
    let mut server = Server::start().await;
    let (bus, services) =
        (Bus::connect(server.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap());
    let counts = Counts::default();
    let route = Route::of::<Sent>(counts.clone()).ack_wait(ACK_WAIT);
    let running = Registry::new("shop").route(route).start(&services).await.unwrap();

    let (confirmed, mut progress) = watch::channel(0);
    let mut publishers = JoinSet::new();
    for task in 0..TASKS {
        let (bus, confirmed) = (bus.clone(), confirmed.clone());
        publishers.spawn(async move {
            for number in (task..EVENTS).step_by(TASKS as usize) {
                let ack = bus.publish(&Sent { number }).await;
                ack.unwrap_or_else(|error| panic!("event {number}: {error}"));
                confirmed.send_modify(|confirmed| *confirmed += 1);
            }
        });
    }
    for kill_at in [EVENTS / 3, EVENTS / 2] {
        soon(progress.wait_for(|confirmed| *confirmed >= kill_at)).await.unwrap();
        server.restart().await;
    }
    while let Some(published) = publishers.join_next().await {
        published.unwrap();
    }

    // Each is confirmed: each is stored once, and handled.
    let client = server.client().await;
    assert_eq!(stored(&client).await, u64::from(EVENTS));
    eventually(Duration::from_secs(30), "all are handled", || async {
        let counts = counts.0.lock().unwrap();
        let missing = (0..EVENTS).filter(|number| !counts.contains_key(number)).count();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} are missing")) }
    })
    .await;
    running.shutdown().await;
    // A killed server has forgotten the last acks: at least once, it is.
    let again = counts.0.lock().unwrap().values().filter(|count| **count > 1).count();
    eprintln!("{EVENTS} events over two kills: {again} handled twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_over_a_restart_stays_in_order() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    bus.publish_all((1..=EVENTS).map(|number| Sent { number })).await.unwrap();
    let mut replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let mut last = 0;
    for kill_at in [EVENTS / 3, EVENTS / 2, EVENTS, EVENTS + 100] {
        while last < kill_at {
            match tokio::time::timeout(Duration::from_secs(40), replay.next()).await {
                Ok(Some(Ok(event))) => {
                    assert_eq!(event.number, last + 1, "in order, none missing, none twice");
                    last = event.number;
                }
                // It says that it waits, and goes on.
                Ok(Some(Err(ReceiveError::Connection(_)))) => {}
                other => panic!("after {last}: {other:?}"),
            }
        }
        if kill_at < EVENTS {
            server.restart().await;
        } else if kill_at == EVENTS {
            // One at its end waits for what follows.
            server.restart().await;
            let rest = (EVENTS + 1..=EVENTS + 100).map(|number| Sent { number });
            bus.publish_all(rest).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_subscription_comes_back() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut lamps = bus.subscribe::<Switched>().await.unwrap();
    server.kill();
    server.restart().await;
    eventually(SOON, "the bus is back", || async {
        bus.flush().await.map_err(|error| error.to_string())
    })
    .await;
    bus.publish(&Switched { number: 7 }).await.unwrap();
    assert_eq!(soon(lamps.next()).await.unwrap().unwrap().number, 7);
}

/// A consumer that has no message to bring it out of its silence: new ones come without a long wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_consumer_comes_back() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    for number in 1..=3 {
        bus.publish(&Sent { number }).await.unwrap();
        let next = async {
            loop {
                match work.next().await.unwrap() {
                    // An ack that is confirmed and not yet written is lost with a server that is
                    // killed.
                    Ok(again) if again.number < number => again.ack_confirmed().await.unwrap(),
                    Ok(delivery) => return delivery,
                    Err(ReceiveError::Connection(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        };
        let delivery = soon(next).await;
        assert_eq!(delivery.number, number);
        delivery.ack_confirmed().await.unwrap();
        server.restart().await;
    }
}
