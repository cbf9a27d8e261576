//! A program on a leaf node whose link breaks for a moment: its own connection does not, so that
//! nothing tells it which of its requests were lost on the way.

use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::{HUB, Proxy, Server, eventually};
use tokio::time::{Instant, sleep};

use super::{ACK_WAIT, Book, CONSUMER, Kneaded, Loaves, RECOVERED};

/// Time that one loaf is in the oven.
const BAKED: Duration = Duration::from_millis(20);
/// Loaves in the oven of one instance. So many that most requests are those of a flow, without
/// heartbeats: nothing but the silence tells that one of them is lost.
const OVEN: usize = 200;
const MANY: u32 = 40_000;

fn route(book: &Book) -> Route<Kneaded> {
    let book = book.clone();
    let handler = move |loaf: Kneaded, cx: Context| {
        let book = book.clone();
        async move {
            sleep(BAKED).await;
            book.handle(loaf, cx).await
        }
    };
    Route::of::<Kneaded>(handler).durable(CONSUMER).ack_wait(ACK_WAIT).concurrency(OVEN)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_requests_for_messages_starve_nobody() {
    let _alone = crate::BUSY.lock().await;
    let hub = Server::with_config(HUB).await;
    let link = Proxy::to(hub.leaf_address().await).await;
    let leaf = Server::leaf(link.address()).await;
    let bus = Bus::connect(hub.url()).await.unwrap();
    bus.provision::<Loaves>().await.unwrap();
    let loaves = (0..MANY).map(|number| Kneaded { number });
    bus.publisher::<Kneaded>().publish_all(loaves).await.unwrap();
    let (book, mut instances) = (Book::default(), Vec::new());
    for _ in 0..2 {
        let far = Bus::connect(leaf.url()).await.unwrap();
        let registry = Registry::new("bakery").route(route(&book));
        instances.push(registry.start(&far).await.unwrap());
    }
    book.wait_for(0..1_000).await;
    link.lose_questions_from("CONSUMER.MSG.NEXT");
    eventually(RECOVERED, "requests are lost", || async {
        let lost = link.lost_questions().matches("CONSUMER.MSG.NEXT").count();
        if lost > 3 { Ok(()) } else { Err(lost) }
    })
    .await;
    link.cut();
    let client = leaf.client().await;
    let ask = || client.request("$JS.API.INFO", "".into());
    eventually(RECOVERED, "the link is back", ask).await;
    let (begun, before) = (Instant::now(), book.0.lock().unwrap().len());
    book.wait_for(0..MANY).await;
    let (took, loaves) = (begun.elapsed(), book.0.lock().unwrap().len() - before);
    // Some seconds of work, some until the loss is noticed, and one ack wait: half a minute where
    // much else runs. Requests that count although they were lost leave a hundred loaves in six
    // seconds: these would take half an hour.
    assert!(took < Duration::from_secs(90), "{loaves} took {took:?}");
    println!("{loaves} loaves took {took:?}");
    for running in instances {
        running.shutdown().await;
    }
}
