//! Plan of what a registry would do to the streams and consumers that it needs.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::plan::{Wiring, plan};
use super::{Registry, ServeError, answer, store};
use crate::claim_check::store_config;
use crate::link::Link;
use crate::retry::LONGEST;
use crate::route::RouteSpec;
use crate::subscribe::SubscribeError;
use crate::topology::{self, ConsumerPlan, Setting, StreamPlan};
use crate::transport::ConsumerConfig;

/// Plan for the streams, stores and consumers of a registry, made by [`Registry::plan`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RegistryPlan {
    /// The streams of its events, with the object stores of what is large, and its buckets and object stores,
    /// each once.
    pub streams: Vec<StreamPlan>,
    /// The durable consumers of its routes, in the order of these.
    pub consumers: Vec<ConsumerPlan>,
}

impl RegistryPlan {
    /// Lets changes be made that lose messages, where nothing else stands against them:
    /// [`StreamPlan::allow_data_loss`] and [`ConsumerPlan::allow_data_loss`] of each.
    #[must_use]
    pub fn allow_data_loss(mut self) -> Self {
        self.streams = self.streams.into_iter().map(StreamPlan::allow_data_loss).collect();
        self.consumers = self.consumers.into_iter().map(ConsumerPlan::allow_data_loss).collect();
        self
    }
}

pub(super) async fn plan_report(
    registry: &Registry,
    link: &Link,
) -> Result<RegistryPlan, ServeError> {
    let mut survey = RegistryPlan { streams: Vec::new(), consumers: Vec::new() };
    let environment = link.environment.with(registry.stream_edit.0.clone());
    let mut seen = BTreeSet::new();
    let wirings = plan(registry)?;
    answer::check(link, &registry.routes, &wirings).await?;
    for (route, wiring) in registry.routes.iter().zip(wirings) {
        let Wiring::Durable { stream, config } = wiring else { continue };
        let message = || route.label();
        if seen.insert(stream.name) {
            let fitted = environment.fit((stream.config)());
            let store = stream.large_store.map(|store| store_config(store, &fitted.config));
            let failed = |fault, name: &str| ServeError::Provision {
                message: message(),
                source: topology::not_planned(fault, name),
            };
            let planned = topology::plan_fitted(&link.transport, fitted).await;
            survey.streams.push(planned.map_err(|fault| failed(fault, stream.name))?);
            if let Some(store) = store {
                let planned = topology::plan_stream(&link.transport, &store).await;
                survey.streams.push(planned.map_err(|fault| failed(fault, &store.name))?);
            }
        }
        let planned = topology::plan_consumer(&link.transport, stream.name, &config).await;
        let planned = planned.map_err(|fault| ServeError::Subscribe {
            message: message(),
            source: SubscribeError::of_consumer(fault, stream.name, &config.name),
        })?;
        survey.consumers.push(planned.noting(notes(route, &config)));
    }
    store::plans(registry, &link.transport, &environment, &mut survey.streams).await?;
    Ok(survey)
}

/// Notes on the fields in which a server shows other numbers than the route says.
fn notes(route: &RouteSpec, config: &ConsumerConfig) -> Vec<String> {
    let text = |time: Duration| Setting::from(time).to_string();
    let (ack_wait, first) = (route.ack_wait().min(LONGEST), config.wait_of(1));
    let waits = (first != ack_wait).then(|| {
        format!(
            "ack_wait {}: {} for the handler's word, and the first wait of the retry policy",
            text(first),
            text(ack_wait)
        )
    });
    let deliveries = route.retry().attempts().zip(config.max_deliver).map(|(attempts, most)| {
        format!(
            "max_deliver {most}: {attempts} attempts, and {} deliveries that are none, to put aside or give back",
            most.saturating_sub(attempts)
        )
    });
    waits.into_iter().chain(deliveries).collect()
}

/// A plan behind the other, each in lines.
impl fmt::Display for RegistryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams = self.streams.iter().map(ToString::to_string);
        let plans = streams.chain(self.consumers.iter().map(ToString::to_string));
        f.write_str(&plans.collect::<Vec<_>>().join("\n"))
    }
}
