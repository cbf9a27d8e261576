//! A connection is lost and back before the server has noticed: what was asked for on the old one is
//! delivered too.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::{Proxy, Server, eventually};

use super::{Parcels, Sent};

const SOON: Duration = Duration::from_secs(20);
const ACK_WAIT: Duration = Duration::from_secs(1);
const AT_A_TIME: u32 = 8;

/// The number and the attempt of all that was begun.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<Vec<(u32, u64)>>>);

impl Handler<Sent> for Begun {
    async fn handle(&self, event: Sent, context: Context) -> Result<(), Failure> {
        self.0.lock().unwrap().push((event.number, context.attempt()));
        // Longer than the server would wait for those behind it.
        tokio::time::sleep(ACK_WAIT * 2).await;
        Ok(())
    }
}

/// More come than there is room for: the server is told of them all, and none is tried again while
/// it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_for_old_requests_waits_like_all_else() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let bus = Bus::connect(proxy.url()).await.unwrap();
    let begun = Begun::default();
    let route = Route::of::<Sent>(begun.clone()).durable("billing").ack_wait(ACK_WAIT);
    let route = route.concurrency(AT_A_TIME as usize).prefetch(0);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let requests = async |count: u64| {
        eventually(SOON, format!("{count} requests wait"), async || {
            let state = bus.stream::<Parcels>().consumer_state("billing").await;
            let waiting = state.map_err(|error| error.to_string())?.waiting;
            if waiting == count { Ok(()) } else { Err(waiting.to_string()) }
        })
        .await;
    };
    requests(1).await;
    proxy.cut();
    requests(2).await;

    let sent = 3 * AT_A_TIME;
    bus.publish_all((0..sent).map(|number| Sent { number })).await.unwrap();
    eventually(SOON, "all are begun", async || {
        let begun = begun.0.lock().unwrap().len();
        if begun >= sent as usize { Ok(()) } else { Err(begun) }
    })
    .await;
    running.shutdown().await;
    let mut begun = begun.0.lock().unwrap().clone();
    begun.sort_unstable();
    assert_eq!(begun, (0..sent).map(|number| (number, 1)).collect::<Vec<_>>());
}
