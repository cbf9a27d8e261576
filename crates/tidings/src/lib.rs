//! A typed event bus for Rust over NATS: **the message type is the contract**.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod bus;
mod context;
mod delivery;
mod draft;
mod envelope;
mod failure;
mod handler;
mod header;
mod jitter;
mod link;
mod message;
pub mod prelude;
mod publish;
mod publish_ack;
mod publisher;
mod registry;
mod request;
mod retry;
mod route;
mod runner;
mod stream;
mod subject;
mod subscribe;
mod token;
mod topology;
mod transport;

pub use tidings_contract as contract;
pub use tidings_derive::{Event, EventStream, Request, Token};

pub use bus::{Bus, BusBuilder, CloseError, ConnectError};
pub use context::Context;
pub use delivery::{Acker, Delivery, DeliveryKind, Durable, Live, SettleError, Stored};
pub use draft::Draft;
pub use envelope::DecodeError;
pub use failure::Failure;
pub use handler::Handler;
pub use header::{HeaderError, HeaderFault, Headers};
pub use message::{
    Declaration, DeclaredError, Decode, Event, Filter, Message, MessageKind, Request, StreamEvent,
    Undeclared,
};
pub use publish::{PublishAllError, PublishError};
pub use publish_ack::{Acknowledgement, PublishAck};
pub use publisher::Publisher;
pub use registry::{Registry, Running, Serve, ServeError};
pub use request::RequestError;
pub use retry::Retry;
pub use route::Route;
pub use runner::RouteReport;
pub use stream::{
    Compression, ConsumerLimits, Discard, EventStream, External, Persistence, Placement, Republish,
    Retention, Source, SourceConsumer, SourceStart, Storage, StreamConfig, StreamDeclaration,
    SubjectTransform,
};
pub use subject::{ParseSubjectError, Subject, SubjectError};
pub use subscribe::{Consume, From, ReceiveError, Replay, Subscribe, SubscribeError, Subscription};
pub use token::Token;
pub use topology::{ProvisionError, Provisioned};

/// What a reader copies from `README.md` compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
