//! Acks of many messages at once, while the server is killed and while what is said to it is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::ConsumerState;
use tidings::prelude::*;
use tidings_tests::{Proxy, Server, eventually};

use super::{Parcels, Sent};
use crate::soon;

const EVENTS: u32 = 2000;
/// Short, so that what was on its way at a kill comes again within the test.
const ACK_WAIT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(40);

/// Number of times that each number was handled. From `hangs_at` on handling never ends.
#[derive(Clone, Default)]
struct Counts {
    counts: Arc<Mutex<BTreeMap<u32, u32>>>,
    hangs_at: Option<u32>,
}

impl Counts {
    /// Waits until all are handled.
    async fn all(&self) {
        eventually(LONG, "all are handled", || async {
            let counts = self.counts.lock().unwrap();
            let missing: Vec<_> =
                (0..EVENTS).filter(|number| !counts.contains_key(number)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} are missing")) }
        })
        .await;
    }
}

impl Handler<Sent> for Counts {
    async fn handle(&self, event: Sent, _: Context) -> Result<(), Failure> {
        if self.hangs_at.is_some_and(|number| number <= event.number) {
            std::future::pending::<()>().await;
        }
        *self.counts.lock().unwrap().entry(event.number).or_default() += 1;
        Ok(())
    }
}

fn route(counts: &Counts) -> Route<Sent> {
    let route = Route::of::<Sent>(counts.clone()).durable("billing").ack_wait(ACK_WAIT);
    route.concurrency(1).ack_every(64)
}

async fn state(bus: &Bus) -> Result<ConsumerState, String> {
    let state = bus.stream::<Parcels>().consumer_state("billing").await;
    state.map_err(|error| error.to_string())
}

async fn settled(bus: &Bus) {
    eventually(LONG, "all are acknowledged", || async {
        let state = state(bus).await?;
        if (state.ack_pending, state.pending) == (0, 0) {
            Ok(())
        } else {
            Err(format!("{state:?}"))
        }
    })
    .await;
}

/// An ack after a kill covers what was on its way from the server when it died: only once that has
/// come again, and was handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_its_way_at_a_kill_is_handled() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let counts = Counts::default();
    let running = Registry::new("shop").route(route(&counts)).start(&bus).await.unwrap();
    for part in 0..4 {
        let numbers = EVENTS / 4 * part..EVENTS / 4 * (part + 1);
        bus.publish_all(numbers.map(|number| Sent { number })).await.unwrap();
        server.restart().await;
    }
    counts.all().await;
    settled(&bus).await;
    soon(running.shutdown()).await;
}

/// Acks of one instance are lost, and the instance with them: the next one handles all of which the
/// server knows nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_in_vain_is_said_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    let first = Counts { hangs_at: Some(EVENTS / 2), ..Counts::default() };
    let through = Bus::connect(proxy.url()).await.unwrap();
    let running = Registry::new("shop").route(route(&first)).start(&through).await.unwrap();
    proxy.lose_questions_from("$JS.ACK.");
    bus.publish_all((0..EVENTS).map(|number| Sent { number })).await.unwrap();
    eventually(LONG, "something is lost", || async {
        if proxy.lost_questions().is_empty() { Err("nothing was") } else { Ok(()) }
    })
    .await;
    drop(running);
    drop(through);
    let counts = Counts::default();
    let running = Registry::new("shop").route(route(&counts)).start(&bus).await.unwrap();
    counts.all().await;
    settled(&bus).await;
    soon(running.shutdown()).await;
}
