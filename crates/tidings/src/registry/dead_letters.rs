//! A registry's dead-letter stream, made ready before anything runs.

use std::error::Error;

use tidings_subject::check_stream_name;

use super::plan::Wiring;
use super::{Registry, ServeError};
use crate::backstop::Backstop;
use crate::link::Link;
use crate::stream::{Environment, StreamConfig};
use crate::topology::Modes;

/// Creates the dead-letter stream where it is missing, and what puts aside what nobody settled;
/// `None` where nothing can become a dead letter, or none is wanted.
pub(super) async fn prepare(
    registry: &Registry,
    link: &Link,
    wirings: &[Wiring],
    (modes, environment): (Modes, &Environment),
) -> Result<Option<Backstop>, ServeError> {
    let durables = || {
        wirings.iter().filter_map(|wiring| match wiring {
            Wiring::Durable { stream, config } => Some((stream, config.name.as_str())),
            Wiring::Queue { .. } | Wiring::Endpoint { .. } => None,
        })
    };
    let policy = &registry.dead_letters;
    let Some(letters) = policy.stream_of(&registry.name) else { return Ok(None) };
    if durables().next().is_none() {
        return Ok(None);
    }
    let refused = |source: Box<dyn Error + Send + Sync>| ServeError::DeadLetters {
        registry: registry.name.clone(),
        stream: letters.clone(),
        source,
    };
    check_stream_name(&letters).map_err(|why| refused(format!("its name {why}").into()))?;
    let streams: Vec<StreamConfig> =
        durables().map(|(stream, _)| environment.fit((stream.config)()).config).collect();
    let routes = durables().map(|(stream, consumer)| (stream.name, consumer));
    // What the registry changes are its own streams.
    let config = link.environment.fit(policy.config(&letters, &streams, routes)).config;
    let backstop = Backstop::prepare(link.clone(), config, modes).await;
    backstop.map(Some).map_err(|why| refused(why.into()))
}
