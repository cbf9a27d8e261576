//! Figures of what a bus sends and of its connection, for the recorder of the crate `metrics`.

use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use metrics::{
    Counter, Histogram, Label, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::lock::locked;
use crate::message::Declaration;
use crate::publish_ack::PublishAck;
use crate::transport::{
    ConnectionEvent, ConnectionEventKind, ConnectionObserver, ConnectionRole, ConnectionState,
    ConnectionStatus,
};

const SENT: &str = "messaging_client_sent_messages_total";
const DURATION: &str = "messaging_client_operation_duration_seconds";
const CONNECTION_UP: &str = "tidings_connection_up";
const RECONNECTS: &str = "tidings_reconnects_total";
const LOST: &str = "tidings_slow_consumer_dropped_messages_total";

/// Figures of a bus.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Interval at which figures are recorded that are not recorded as they arise.
    pub(crate) every: Duration,
    /// Figures of each message and operation, by the address of its declaration.
    sent: Mutex<HashMap<(usize, &'static str), Arc<Figures>>>,
}

/// Figures of one message that is sent.
#[derive(Debug)]
struct Figures {
    labels: Vec<Label>,
    sent: Counter,
    stored: Counter,
    duplicate: Counter,
    replied: Counter,
    duration: Histogram,
}

/// A message on its way, whose time is taken.
#[derive(Debug)]
pub(super) struct Measured {
    figures: Arc<Figures>,
    begun: Instant,
    is_told: bool,
}

impl Metrics {
    pub(crate) fn new(every: Duration) -> Self {
        describe_counter!(
            SENT,
            Unit::Count,
            "Messages that were to be sent, by what became of them"
        );
        describe_histogram!(DURATION, Unit::Seconds, "How long publishing and asking took");
        describe_gauge!(CONNECTION_UP, Unit::Count, "1 while there is a connection, else 0");
        describe_counter!(RECONNECTS, Unit::Count, "How often a lost connection was made again");
        describe_counter!(LOST, Unit::Count, "Messages that core subscriptions had no room for");
        Self { every, sent: Mutex::default() }
    }

    /// A message is about to be sent.
    pub(super) fn begin(
        &self,
        declaration: &'static Declaration,
        operation: &'static str,
    ) -> Measured {
        let place = (ptr::from_ref(declaration).addr(), operation);
        let mut all = locked(&self.sent);
        let new = || Figures::new(declaration, operation).into();
        let figures = Arc::clone(all.entry(place).or_insert_with(new));
        drop(all);
        Measured { figures, begun: Instant::now(), is_told: false }
    }

    /// Counts records that were published, by what became of each. They are data: what declares them is not known here.
    #[cold]
    pub(crate) fn records<'a>(
        outcomes: impl Iterator<Item = Result<Option<&'a PublishAck>, &'static str>>,
    ) {
        let labels = [
            Label::from_static_parts("messaging_system", "nats"),
            Label::from_static_parts("messaging_operation_name", "publish_record"),
        ];
        let count = |outcome, by: u64| {
            if by > 0 {
                counter!(SENT, with(&labels, "tidings_outcome", outcome)).increment(by);
            }
        };
        let (mut sent, mut stored, mut duplicate) = (0, 0, 0);
        for outcome in outcomes {
            match outcome {
                Ok(None) => sent += 1,
                Ok(Some(ack)) if ack.duplicate => duplicate += 1,
                Ok(Some(_)) => stored += 1,
                Err(kind) => {
                    let labels = with(&labels, "error_type", kind);
                    counter!(SENT, with(&labels, "tidings_outcome", "failed")).increment(1);
                }
            }
        }
        count("sent", sent);
        count("stored", stored);
        count("duplicate", duplicate);
    }

    /// Observer of a connection that is like this now.
    pub(crate) fn observer(state: &ConnectionState) -> Arc<dyn ConnectionObserver> {
        let is_up = |status: &ConnectionStatus| *status == ConnectionStatus::Connected;
        let connection = ConnectionFigures { lost: counter!(LOST) };
        connection.lost.increment(0);
        is(ConnectionRole::Main, is_up(&state.status));
        made_again(ConnectionRole::Main, 0);
        if let Some(status) = &state.listening {
            is(ConnectionRole::Listening, is_up(status));
        }
        Arc::new(connection)
    }
}

impl Figures {
    fn new(declaration: &'static Declaration, operation: &'static str) -> Self {
        let labels = vec![
            Label::from_static_parts("messaging_system", "nats"),
            Label::from_static_parts("messaging_operation_name", operation),
            Label::from_static_parts("messaging_destination_template", declaration.template),
        ];
        let sent = |outcome| counter!(SENT, with(&labels, "tidings_outcome", outcome));
        Self {
            sent: sent("sent"),
            stored: sent("stored"),
            duplicate: sent("duplicate"),
            replied: sent("replied"),
            duration: histogram!(DURATION, labels.clone()),
            labels,
        }
    }

    /// Counts one that was not sent, or of which nobody knows.
    #[cold]
    fn failed(&self, kind: &'static str, took: Duration) {
        let labels = with(&self.labels, "error_type", kind);
        histogram!(DURATION, labels.clone()).record(took);
        counter!(SENT, with(&labels, "tidings_outcome", "failed")).increment(1);
    }
}

impl Measured {
    pub(super) fn published(mut self, result: Result<Option<&PublishAck>, &'static str>) {
        let figures = self.end();
        let counter = match result {
            Ok(None) => &figures.sent,
            Ok(Some(ack)) if ack.duplicate => &figures.duplicate,
            Ok(Some(_)) => &figures.stored,
            Err(kind) => return figures.failed(kind, self.begun.elapsed()),
        };
        counter.increment(1);
        figures.duration.record(self.begun.elapsed());
    }

    pub(super) fn replied(mut self, result: Result<(), &'static str>) {
        let figures = self.end();
        match result {
            Ok(()) => {
                figures.replied.increment(1);
                figures.duration.record(self.begun.elapsed());
            }
            Err(kind) => figures.failed(kind, self.begun.elapsed()),
        }
    }

    fn end(&mut self) -> Arc<Figures> {
        self.is_told = true;
        Arc::clone(&self.figures)
    }
}

/// Counts a message whose sending was dropped half-way.
impl Drop for Measured {
    fn drop(&mut self) {
        if !self.is_told {
            let labels = with(&self.figures.labels, "tidings_outcome", "abandoned");
            counter!(SENT, labels).increment(1);
        }
    }
}

/// Figures of a bus's connections.
#[derive(Debug)]
struct ConnectionFigures {
    lost: Counter,
}

fn is(connection: ConnectionRole, up: bool) {
    gauge!(CONNECTION_UP, of(connection)).set(f64::from(u8::from(up)));
}

fn made_again(connection: ConnectionRole, times: u64) {
    counter!(RECONNECTS, of(connection)).increment(times);
}

impl ConnectionObserver for ConnectionFigures {
    fn event(&self, event: &ConnectionEvent) {
        let connection = event.connection;
        match &event.kind {
            ConnectionEventKind::Connected => is(connection, true),
            ConnectionEventKind::Reconnected => {
                is(connection, true);
                made_again(connection, 1);
            }
            ConnectionEventKind::Disconnected { .. } | ConnectionEventKind::Closed => {
                is(connection, false);
            }
            _ => {}
        }
    }

    fn dropped(&self) {
        self.lost.increment(1);
    }
}

fn of(connection: ConnectionRole) -> Vec<Label> {
    let role = match connection {
        ConnectionRole::Main => "main",
        ConnectionRole::Listening => "listening",
    };
    vec![
        Label::from_static_parts("messaging_system", "nats"),
        Label::from_static_parts("tidings_connection", role),
    ]
}

fn with(labels: &[Label], name: &'static str, value: &'static str) -> Vec<Label> {
    labels.iter().cloned().chain([Label::from_static_parts(name, value)]).collect()
}
