//! Figures of routes for the recorder of the crate `metrics`: what was counted meanwhile, and how far
//! consumers are behind.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::plan::Wiring;
use crate::link::Link;
use crate::message::Declaration;
use crate::runner::{Counters, RouteReport, RouteState, StateCell};

const CONSUMED: &str = "messaging_client_consumed_messages_total";
const DURATION: &str = "messaging_process_duration_seconds";
const DEAD_LETTERS: &str = "tidings_dead_letters_total";
const DROPPED: &str = "tidings_dropped_messages_total";
const INTERRUPTIONS: &str = "tidings_interruptions_total";
const PANICS: &str = "tidings_handler_panics_total";
const RETRIES: &str = "tidings_retries_total";
const IN_FLIGHT: &str = "tidings_in_flight_messages";
const UP: &str = "tidings_route_up";
const LAG: &str = "tidings_consumer_lag_messages";
const UNSETTLED: &str = "tidings_consumer_unsettled_messages";
const REDELIVERED: &str = "tidings_consumer_redelivered_messages";

/// A name, and what of a report it is.
type Figure = (&'static str, fn(&RouteReport) -> u64);

/// A route whose figures are recorded.
pub(super) struct Measured {
    counters: Arc<Counters>,
    state: Arc<StateCell>,
    labels: Vec<Label>,
    /// Stream and name of its durable consumer.
    durable: Option<(&'static str, String)>,
    told: Option<RouteReport>,
}

impl Measured {
    /// Begins to record how long its handler takes.
    pub(super) fn new(
        (registry, label): (&str, &str),
        declarations: &'static [&'static Declaration],
        wiring: &Wiring,
        (counters, state): (Arc<Counters>, Arc<StateCell>),
    ) -> Self {
        let templates: Vec<_> = declarations.iter().map(|one| one.template).collect();
        let (group, durable) = match wiring {
            Wiring::Queue { group, .. } | Wiring::Endpoint { group, .. } => (group, None),
            Wiring::Durable { stream, config } => {
                (&config.name, Some((stream.name, config.name.clone())))
            }
        };
        Self::of((registry, label), templates.join(" "), group, durable, (counters, state))
    }

    /// Begins to record how long the handler of a bucket takes.
    pub(super) fn of_watch(
        (registry, label): (&str, &str),
        running: (Arc<Counters>, Arc<StateCell>),
    ) -> Self {
        Self::of((registry, label), label.to_owned(), registry, None, running)
    }

    fn of(
        (registry, label): (&str, &str),
        template: String,
        group: &str,
        durable: Option<(&'static str, String)>,
        (counters, state): (Arc<Counters>, Arc<StateCell>),
    ) -> Self {
        let labels = vec![
            Label::from_static_parts("messaging_system", "nats"),
            Label::new("messaging_destination_template", template),
            Label::new("messaging_consumer_group_name", group.to_owned()),
            Label::new("tidings_registry", registry.to_owned()),
            Label::new("tidings_route", label.to_owned()),
        ];
        counters.time(metrics::histogram!(DURATION, labels.clone()));
        Self { counters, state, labels, durable, told: None }
    }

    /// Records what has changed since the last time, and how the route is.
    fn record(&mut self) {
        let now = self.counters.report(String::new());
        let before = self.told.as_ref();
        let since = |of: fn(&RouteReport) -> u64| of(&now).saturating_sub(before.map_or(0, of));
        let outcomes: [Figure; 7] = [
            ("handled", |report| report.handled),
            ("failed", |report| report.failed),
            ("rejected", |report| report.rejected),
            ("deferred", |report| report.deferred),
            ("undecodable", |report| report.undecodable),
            ("given_back", |report| report.given_back),
            ("aborted", |report| report.aborted),
        ];
        for (outcome, of) in outcomes {
            let mut labels = self.labels.clone();
            labels.push(Label::from_static_parts("tidings_outcome", outcome));
            counter!(CONSUMED, labels).increment(since(of));
        }
        let others: [Figure; 5] = [
            (RETRIES, |report| report.retried),
            (DEAD_LETTERS, |report| report.dead_lettered),
            (DROPPED, |report| report.dropped),
            (INTERRUPTIONS, |report| report.interrupted),
            (PANICS, |report| report.panicked),
        ];
        for (name, of) in others {
            counter!(name, self.labels.clone()).increment(since(of));
        }
        let is_up = self.state.state() == RouteState::Running;
        gauge!(UP, self.labels.clone()).set(f64::from(u8::from(is_up)));
        #[expect(clippy::cast_precision_loss, reason = "a figure that somebody looks at")]
        gauge!(IN_FLIGHT, self.labels.clone()).set(now.in_flight as f64);
        self.told = Some(now);
    }

    /// Records how far its consumer is behind; nothing where the server does not say.
    async fn record_lag(&self, link: &Link, within: Duration) {
        let Some((stream, consumer)) = &self.durable else { return };
        let asked = timeout(within, link.transport.consumer_state(stream, consumer)).await;
        let Ok(Ok(state)) = asked else { return };
        for (name, messages) in
            [(LAG, state.pending), (UNSETTLED, state.ack_pending), (REDELIVERED, state.redelivered)]
        {
            #[expect(clippy::cast_precision_loss, reason = "a figure that somebody looks at")]
            gauge!(name, self.labels.clone()).set(messages as f64);
        }
    }
}

/// Records the figures of all routes from time to time, and a last time once their handlers have ended.
pub(super) async fn record(
    mut routes: Vec<Measured>,
    link: Link,
    every: Duration,
    end: CancellationToken,
) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while end.run_until_cancelled(ticks.tick()).await.is_some() {
        routes.iter_mut().for_each(Measured::record);
        for route in &routes {
            if end.run_until_cancelled(route.record_lag(&link, every)).await.is_none() {
                break;
            }
        }
    }
    routes.iter_mut().for_each(Measured::record);
}

/// Says what each figure is, with its unit.
pub(super) fn describe() {
    describe_counter!(
        CONSUMED,
        Unit::Count,
        "Messages that came to routes and were taken by hand, by what became of them"
    );
    describe_histogram!(DURATION, Unit::Seconds, "How long handlers took");
    describe_counter!(DEAD_LETTERS, Unit::Count, "Messages that were given up");
    describe_counter!(DROPPED, Unit::Count, "Messages lost since they came faster than handled");
    describe_counter!(INTERRUPTIONS, Unit::Count, "How often a subscription lost its connection");
    describe_counter!(PANICS, Unit::Count, "How often a handler panicked");
    describe_counter!(
        RETRIES,
        Unit::Count,
        "How often a message was to come again after a failure"
    );
    describe_gauge!(IN_FLIGHT, Unit::Count, "Messages that are being handled");
    describe_gauge!(UP, Unit::Count, "1 while a route takes messages, else 0");
    describe_gauge!(LAG, Unit::Count, "Messages that a consumer has still to deliver");
    describe_gauge!(UNSETTLED, Unit::Count, "Messages delivered and not settled");
    describe_gauge!(REDELIVERED, Unit::Count, "Unsettled messages that were delivered again");
}
