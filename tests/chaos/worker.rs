//! The process that is killed: one copy of the registry.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tidings::prelude::*;
use tidings_tests::signal;
use tokio::time::sleep;

use crate::event::{Begun, CONSUMER, Fate, Finished, REGISTRY, Results};

/// Short, so that what was in flight at a kill comes again within the run.
const ACK_WAIT: Duration = Duration::from_secs(2);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
const BEFORE_DEATH: Duration = Duration::from_millis(200);
/// Largest number of times that an event is handled. More than kills that may hit one event, which
/// are deliveries as well.
const ATTEMPTS: u64 = 8;

/// Runs a worker, which says on its output that it listens, and then what it does with each event.
pub(crate) async fn run(mut words: impl Iterator<Item = String>) -> Result<()> {
    let urls = words.next().context("the servers are missing")?;
    let bus = Bus::builder().servers(urls.split(',')).connect().await?;
    bus.provision::<Results>().await?;
    let route = Route::of::<Begun>(work)
        .durable(CONSUMER)
        .ack_wait(ACK_WAIT)
        .retry(Retry::fixed(BETWEEN_ATTEMPTS).max_attempts(ATTEMPTS));
    let running = Registry::new(REGISTRY).route(route).start(&bus).await?;
    println!("listens");
    tokio::signal::ctrl_c().await?;
    running.shutdown().await;
    bus.close().await?;
    Ok(())
}

/// `<number> <attempt> <what became of it>`
async fn work(begun: Begun, cx: Context) -> Result<(), Failure> {
    let (number, attempt) = (begun.number, cx.attempt());
    let at_first = attempt == 1;
    match begun.fate {
        Fate::Unwelcome => {
            println!("{number} {attempt} rejected");
            return Err(Failure::reject("it is unwelcome"));
        }
        Fate::Doomed => {
            println!("{number} {attempt} failed");
            return Err(Failure::retry("it always fails"));
        }
        Fate::Fatal => {
            println!("{number} {attempt} fatal");
            // What is handled beside it is done by then: it shall not pay for it each time.
            sleep(BEFORE_DEATH).await;
            signal("KILL", std::process::id());
        }
        Fate::Late if at_first => {
            println!("{number} {attempt} failed");
            return Err(Failure::retry("it is late"));
        }
        Fate::Sound | Fate::Late | Fate::Halved | Fate::Illegible => {}
    }
    let stored = cx.publish(&Finished { number }).await;
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            println!("{number} {attempt} unpublished");
            return Err(error.into());
        }
    };
    if begun.fate == Fate::Halved && at_first {
        println!("{number} {attempt} failed");
        return Err(Failure::retry("it was halved"));
    }
    println!("{number} {attempt} {}", if stored.duplicate { "repeated" } else { "finished" });
    Ok(())
}
