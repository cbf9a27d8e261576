//! Handlers of buckets, begun once these are there.

use super::{Registry, ServeError, store};
use crate::context::RouteContext;
use crate::key_value::NewsFeed;
use crate::link::Link;
use crate::runner::{ActiveWatch, Lifecycle};
use crate::stream::Environment;
use crate::topology::Modes;

/// A handler of a bucket that may begin.
pub(super) struct StartedWatch {
    pub(super) label: String,
    pub(super) active: ActiveWatch,
    pub(super) feed: NewsFeed,
}

/// Makes all stores, as far as the modes let it, and opens the buckets among them that are watched.
pub(super) async fn start(
    registry: &mut Registry,
    link: &Link,
    (modes, environment): (Modes, &Environment),
    lifecycle: &Lifecycle,
) -> Result<Vec<StartedWatch>, ServeError> {
    store::provision(registry, &link.transport, (modes.streams, environment)).await?;
    let mut started = Vec::with_capacity(registry.watches.len());
    for watch in &mut registry.watches {
        #[cfg(feature = "tower")]
        watch.lay(&registry.layers.0);
        let label = watch.label().to_owned();
        let bucket = watch.watched.bucket;
        let feed = NewsFeed::open(link, &watch.watched).await;
        let feed = feed.map_err(|source| ServeError::Watch { bucket, source })?;
        let context = RouteContext { link: link.clone(), stop: lifecycle.stop.clone() };
        let active = ActiveWatch::new(watch, &registry.name, context, lifecycle);
        started.push(StartedWatch { label, active, feed });
    }
    Ok(started)
}
