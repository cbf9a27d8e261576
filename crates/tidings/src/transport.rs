//! The transports of a bus: the seam between the typed part and NATS or memory.
//!
//! Everything above speaks of `Outgoing`, `Incoming` and `Settlement`; everything below moves
//! bytes. Both transports refuse the same things with the same [`Fault`].

mod admin;
mod announcer;
mod atomic;
mod connection_event;
mod connection_events;
mod connection_observer;
mod connection_state;
mod consume;
mod consumer_config;
mod delivery_filter;
mod denial;
mod dropped;
mod fault;
mod inbox;
mod inboxes;
mod incoming;
mod incoming_headers;
mod ingest;
#[cfg(feature = "memory")]
pub(crate) mod memory;
pub(crate) mod nats;
mod on;
mod ordered;
mod outage;
mod outgoing;
mod pending_ack;
mod poll_into;
mod raw_message;
mod reach;
mod receipt;
mod reconfiguring;
mod seam;
mod settle;
mod since;
mod skip_counters;
mod state;
mod stored;
mod unreadable;
mod waiting;
mod warrant_verifier;

pub(crate) use crate::settlement::{Settlement, SettlementReason};
pub(crate) use announcer::Announcer;
pub(crate) use atomic::AtomicFault;
pub use connection_event::{ConnectionEvent, ConnectionEventKind, ConnectionRole};
pub use connection_events::ConnectionEvents;
#[cfg(feature = "metrics")]
pub(crate) use connection_observer::ConnectionObserver;
pub use connection_state::{ConnectionState, ConnectionStatus, ServerInfo};
pub(crate) use consume::Pull;
pub use consumer_config::DeliverFrom;
pub(crate) use consumer_config::{AckPolicy, ConsumerConfig, Foreign};
pub use denial::{Denial, DeniedAction};
pub(crate) use dropped::Dropped;
pub(crate) use fault::{ApiError, Fault};
pub(crate) use inbox::{CAPACITY, Inbox};
pub(crate) use inboxes::Inboxes;
pub(crate) use incoming::Incoming;
pub(crate) use incoming_headers::IncomingHeaders;
pub(crate) use ingest::{Ingested, Stopped};
pub(crate) use nats::NatsIngest as Ingest;
pub(crate) use nats::NatsRun as StoredRun;
pub(crate) use ordered::{ConsumerKind, Extent, Ordered, Sent};
pub use outage::Outage;
pub(crate) use outage::because;
pub(crate) use outgoing::Outgoing;
pub(crate) use pending_ack::PendingAck;
pub(crate) use poll_into::PollInto;
pub use raw_message::RawMessage;
pub(crate) use reach::Reach;
pub(crate) use receipt::Receipt;
pub(crate) use seam::Transport;
pub(crate) use settle::Settle;
pub(crate) use skip_counters::SkipCounters;
pub use state::{ConsumerInfo, ConsumerState, StreamInfo, StreamState};
pub(crate) use state::{ConsumerSnapshot, Identity, StreamBounds, StreamSnapshot};
pub(crate) use stored::{StoredHeaders, StoredMessage, Which, is_splittable};
pub(crate) use unreadable::Unreadable;
pub(crate) use warrant_verifier::WarrantVerifier;
