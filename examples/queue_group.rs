//! Three workers share the work: each message goes to one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tidings::prelude::*;
use tokio::sync::Semaphore;

/// A picture was uploaded. No stream keeps it: whoever listens now gets it.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "pictures.uploaded")]
struct PictureUploaded {
    number: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    const PICTURES: u32 = 300;
    let bus = tidings_examples::bus().await?;
    let handled = Arc::new(Semaphore::new(0));

    // Three instances of one service, here in one process: the registry's name is their queue group.
    let mut workers = Vec::new();
    for _ in 0..3 {
        let count = Arc::new(AtomicU32::new(0));
        let (counter, handled) = (Arc::clone(&count), Arc::clone(&handled));
        // A closure is a handler too, and brings what it needs.
        let shrink = move |_: PictureUploaded, _: Context| {
            counter.fetch_add(1, Ordering::Relaxed);
            handled.add_permits(1);
            std::future::ready(Ok(()))
        };
        let running =
            Registry::new("thumbnails").handle::<PictureUploaded>(shrink).start(&bus).await?;
        workers.push((running, count));
    }

    let pictures = bus.publisher::<PictureUploaded>();
    pictures.publish_all((0..PICTURES).map(|number| PictureUploaded { number })).await?;

    // All are handled, each by one worker.
    let _all = handled.acquire_many(PICTURES).await?;
    let mut sum = 0;
    for (number, (running, count)) in workers.into_iter().enumerate() {
        running.shutdown().await;
        let count = count.load(Ordering::Relaxed);
        println!("worker {number}: {count} pictures");
        sum += count;
    }
    assert_eq!(sum, PICTURES);
    Ok(())
}
