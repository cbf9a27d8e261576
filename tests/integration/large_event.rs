//! Large events where only a server shows it: a store that is out of reach.

use tidings::prelude::*;
use tidings::{DeadLetterFilter, DecodeError, LargeEventError, ReceiveError, Retry};
use tidings_tests::{Server, eventually};
use tokio::sync::mpsc;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = "1KiB"))]
struct Taken {
    #[event(id)]
    number: u64,
    image: String,
}

/// A server on which `reader` may not publish on some subjects.
fn users(denied: &str) -> String {
    format!(
        "authorization {{ users: [
            {{ user: owner, password: p }}
            {{ user: reader, password: p, permissions: {{ publish: {{ deny: [{denied}] }} }} }}
        ] }}"
    )
}

const READS: &str =
    r#""$JS.API.DIRECT.GET.OBJ_SCANS-large.>", "$JS.API.STREAM.MSG.GET.OBJ_SCANS-large""#;

async fn user(server: &Server, name: &str) -> Bus {
    Bus::builder().server(server.url()).user_and_password(name, "p").connect().await.unwrap()
}

/// A store out of reach is a failure as any other: tried again until it is back, and no letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_out_of_reach_is_tried_again() {
    let server = Server::with_config(&users(READS)).await;
    let (owner, reader) = (user(&server, "owner").await, user(&server, "reader").await);
    owner.provision::<Scans>().await.unwrap();
    let event = Taken { number: 1, image: "x".repeat(5000) };
    owner.publish(&event).await.unwrap();

    // By hand.
    let mut flow = reader.consume::<Taken>("reader").await.unwrap();
    let error = soon(flow.next()).await.unwrap().unwrap_err();
    let ReceiveError::Decode { source: DecodeError::Large { source, .. }, .. } = error else {
        panic!("{error:?}")
    };
    let LargeEventError::Unreachable { store, .. } = &*source else { panic!("{source:?}") };
    assert!(store == "SCANS-large" && source.is_passing(), "{source:?}");
    drop(flow);

    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |event: Taken, cx: Context| {
        let sent = sender.send((cx.attempt(), event));
        async move { sent.map_err(Failure::from) }
    };
    let retry = Retry::fixed(Duration::from_millis(50)).max_attempts(10_000);
    let route = Route::of::<Taken>(handler).retry(retry);
    let running = Registry::new("shop").route(route).start(&reader).await.unwrap();
    eventually(SOON, "it fails", || async {
        let failed = running.report()[0].retried;
        if failed >= 3 { Ok(()) } else { Err(failed) }
    })
    .await;
    assert!(seen.try_recv().is_err());
    server.reload(&users(r#""nothing""#));
    let (attempt, found) = soon(seen.recv()).await.unwrap();
    assert!(attempt > 3 && found == event, "{attempt}");
    running.shutdown().await;
    let count = owner.dead_letters("shop").count(DeadLetterFilter::all()).await;
    assert!(!matches!(count, Ok(1..)), "{count:?}");
}
