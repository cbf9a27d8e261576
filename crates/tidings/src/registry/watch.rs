//! Handlers of buckets, begun once these are there.

use super::provision::StartFault;
use super::{Registry, ServeError};
use crate::context::RouteContext;
use crate::key_value::NewsFeed;
use crate::link::Link;
use crate::runner::{ActiveWatch, Lifecycle};
use crate::stream::Environment;
use crate::topology::{self, Modes};

/// A handler of a bucket that may begin.
pub(super) struct StartedWatch {
    pub(super) label: String,
    pub(super) active: ActiveWatch,
    pub(super) feed: NewsFeed,
}

/// Makes the buckets, as far as the modes let it, and opens them for their handlers.
pub(super) async fn start(
    registry: &Registry,
    link: &Link,
    (modes, environment): (Modes, &Environment),
    lifecycle: &Lifecycle,
) -> Result<Vec<StartedWatch>, ServeError> {
    let mut started = Vec::with_capacity(registry.watches.len());
    for watch in &registry.watches {
        let label = watch.label().to_owned();
        let wanted = environment.fit((watch.stream.config)()).config;
        topology::provision(&link.transport, &wanted, modes.streams)
            .await
            .map_err(|fault| StartFault::Provision(fault).named(label.clone()))?;
        let bucket = watch.watched.bucket;
        let feed = NewsFeed::open(link, &watch.watched).await;
        let feed = feed.map_err(|source| ServeError::Watch { bucket, source })?;
        let context = RouteContext { link: link.clone(), stop: lifecycle.stop.clone() };
        let active = ActiveWatch::new(watch, &registry.name, context, lifecycle);
        started.push(StartedWatch { label, active, feed });
    }
    Ok(started)
}
