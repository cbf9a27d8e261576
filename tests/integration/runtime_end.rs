//! The runtime on which a bus was made ends before the bus does.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::Server;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

#[derive(EventStream)]
#[stream(name = "CLOCKS", subjects("clocks.>"))]
struct Clocks;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "clocks.struck", stream = Clocks)]
struct Struck {
    hour: u32,
}

/// Long enough for whatever is tried again.
const ENDS: Duration = Duration::from_secs(30);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Listeners end, if with an error first; nothing hangs, and nothing panics.
#[test]
fn what_listens_ends_with_it() {
    let (first, second) = (runtime(), runtime());
    let server = second.block_on(Server::start());
    let url = server.url();
    let bus = first.block_on(async { Bus::connect(url).await.unwrap() });
    let (mut idle, mut busy, mut durable, mut live) = first.block_on(async {
        bus.provision::<Clocks>().await.unwrap();
        bus.publish(&Struck { hour: 1 }).await.unwrap();
        let idle = bus.replay::<Struck>(DeliverFrom::New).await.unwrap();
        let mut busy = bus.replay::<Struck>(DeliverFrom::Beginning).await.unwrap();
        busy.next().await.unwrap().unwrap();
        let durable = bus.consume::<Struck>("ringer").await.unwrap();
        (idle, busy, durable, bus.subscribe::<Struck>().await.unwrap())
    });
    drop(first);
    second.block_on(async {
        macro_rules! ends {
            ($($flow:ident),*) => {$(
                let ended = async { while $flow.next().await.is_some() {} };
                timeout(ENDS, ended).await.expect(stringify!($flow));
            )*};
        }
        ends!(idle, busy, durable, live);
        let refused =
            timeout(ENDS, bus.replay::<Struck>(DeliverFrom::New)).await.expect("a new replay");
        assert!(refused.is_err());
    });
    // Where nobody runs it any more, dropping them does no harm.
    drop(second);
    drop((idle, busy, durable, live, bus));
}

/// A replay that ends while somebody waits for it.
#[test]
fn a_replay_that_is_waited_for_ends_with_it() {
    let (first, second) = (runtime(), runtime());
    let server = second.block_on(Server::start());
    let url = server.url();
    let mut replay = first.block_on(async {
        let bus = Bus::connect(url).await.unwrap();
        bus.provision::<Clocks>().await.unwrap();
        bus.replay::<Struck>(DeliverFrom::New).await.unwrap()
    });
    let (begun, waits) = tokio::sync::oneshot::channel();
    let waiting = second.spawn(async move {
        let first = {
            let mut next = pin!(replay.next());
            let pending = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
            begun.send(pending).unwrap();
            next.await
        };
        if first.is_some() {
            while replay.next().await.is_some() {}
        }
    });
    assert!(second.block_on(waits).unwrap(), "it waits");
    drop(first);
    second.block_on(async { timeout(ENDS, waiting).await.expect("it ends").unwrap() });
}
