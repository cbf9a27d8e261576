//! Routes of buckets.

use super::Route;
use super::watch::WatchRoute;
use crate::bucket::Bucket;
use crate::handler::WatchHandler;

impl Route {
    /// A handler of what becomes of the bucket of `V`: all values first, then
    /// [`WatchEvent::Current`](crate::WatchEvent::Current), then each change, one after the other.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::WatchEvent;
    ///
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
    /// #[bucket(name = "rates", key = "{currency}")]
    /// struct Rate { currency: String, cents: u64 }
    ///
    /// async fn learn(event: WatchEvent<Rate, RateKey>, _cx: Context) -> Result<(), Failure> {
    ///     match event {
    ///         WatchEvent::Put(rate) => println!("{} cents", rate.value.cents),
    ///         WatchEvent::Removed(removal) => println!("no {} any more", removal.key.currency),
    ///         WatchEvent::Resynchronised => println!("forget what was told"),
    ///         _ => {}
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::in_memory();
    /// let running = Registry::new("shop").watch(Route::watch::<Rate>(learn)).start(&bus).await?;
    /// bus.key_value::<Rate>().put(&Rate { currency: "eur".into(), cents: 108 }).await?;
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Unlike a stream's events, which instances share, every instance is told of every change: what a
    /// handler knows, it knows in each of them. Nothing is acknowledged, and a process that begins anew is
    /// told all values again. After a lost connection, a restart of the server, or where the bucket was
    /// purged or made again, [`Resynchronised`](crate::WatchEvent::Resynchronised) comes, and then all that
    /// the bucket has.
    ///
    /// What fails comes again ([`retry`](WatchRoute::retry)), and what follows waits for it. What is
    /// published through the [`Context`](crate::Context) has an id made of the change, so that several
    /// instances, and several attempts, store it once within the duplicate window. A value that is
    /// not of the type is logged and counted as undecodable, and the next one follows.
    ///
    /// The registry makes the bucket where it is missing, as its [`streams`](crate::Registry::streams) mode
    /// says.
    pub fn watch<V: Bucket>(handler: impl WatchHandler<V>) -> WatchRoute<V> {
        WatchRoute::new(handler)
    }
}
