//! Recovery: what a running route stands on is taken away, changed by others or moved; it comes
//! back, and nothing is lost.

mod consumer;
mod jetstream;
mod leader;
mod leaf;
mod letter;
mod quorum;
mod replay;
mod shutdown;
mod silence;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::eventually;

/// Long enough for elections, and for what was in flight to come again, on a busy machine too.
const RECOVERED: Duration = Duration::from_secs(100);
const ACK_WAIT: Duration = Duration::from_secs(2);
const CONSUMER: &str = "bakery";

#[derive(EventStream)]
#[stream(name = "LOAVES", subjects("loaves.>"), duplicate_window = "10m")]
struct Loaves;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "loaves.kneaded", stream = Loaves)]
struct Kneaded {
    #[event(id)]
    number: u32,
}

/// Event of the stream that the route does not handle.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "loaves.burnt", stream = Loaves)]
struct Burnt {
    #[event(id)]
    why: String,
}

/// Number of times that each was handled.
#[derive(Debug, Clone, Default)]
struct Book(Arc<Mutex<BTreeMap<u32, u32>>>);

impl Handler<Kneaded> for Book {
    async fn handle(&self, loaf: Kneaded, _: Context) -> Result<(), Failure> {
        *self.0.lock().unwrap().entry(loaf.number).or_default() += 1;
        Ok(())
    }
}

impl Book {
    fn route(&self) -> Route<Kneaded> {
        Route::of::<Kneaded>(self.clone()).durable(CONSUMER).ack_wait(ACK_WAIT)
    }

    /// Waits until all of these were handled.
    #[track_caller]
    fn wait_for(&self, numbers: std::ops::Range<u32>) -> impl Future<Output = ()> {
        // Each look goes on where the last one stopped, and keeps no handler waiting for the book.
        let mut missing = numbers.clone();
        eventually(RECOVERED, format!("{numbers:?} are handled"), move || {
            let known = self.0.lock().unwrap();
            while !missing.is_empty() && known.contains_key(&missing.start) {
                missing.start += 1;
            }
            let seen = if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("{} is missing, of {} known", missing.start, known.len()))
            };
            std::future::ready(seen)
        })
    }

    fn twice(&self) -> usize {
        self.0.lock().unwrap().values().filter(|times| **times > 1).count()
    }
}

/// Publishes them one after the other, each until it is stored.
async fn publish(bus: &Bus, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let loaf = Kneaded { number };
        eventually(RECOVERED, format!("{number} is stored"), || bus.publish(&loaf)).await;
    }
}
