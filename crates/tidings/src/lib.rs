//! A typed event bus for Rust over NATS: **the message type is the contract**.
//!
//! What a message is called, where it is sent, which stream keeps it, what identifies it, what it
//! is answered with and what that may fail with: each is declared once, on its type. Everywhere
//! else a program names the type. [`Bus`] is one type for two transports: a nats-server
//! ([`Bus::connect`]), or this process ([`Bus::in_memory`]) for tests and examples.
//!
//! ```
//! use tidings::prelude::*;
//!
//! // Declare: an event, the stream that keeps it, and a request.
//!
//! /// A customer placed an order.
//! #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
//! #[event(subject = "orders.{region}.created", stream = Orders)]
//! struct OrderCreated {
//!     #[event(id)]
//!     order_id: u64,
//!     region: String,
//! }
//!
//! /// Everything that happens to an order, kept for a week.
//! #[derive(EventStream)]
//! #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d")]
//! struct Orders;
//!
//! /// How many orders are there?
//! #[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
//! #[request(subject = "orders-report.count", reply = u64)]
//! struct CountOrders {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
//! # let count = Arc::new(AtomicU64::new(0));
//! # let (counter, counted) = (Arc::clone(&count), count);
//! let bus = Bus::in_memory(); // or Bus::connect("nats://127.0.0.1:4222").await?
//!
//! // Handle: the message type says how. The stream and the durable consumer of the event's
//! // handler are created where they are missing; the request's is a service endpoint.
//! let report = Registry::new("report")
//!     .handle::<OrderCreated>(move |_: OrderCreated, _: Context| {
//!         counter.fetch_add(1, SeqCst);
//!         async { Ok(()) } // acknowledged now; after an error it would come again
//!     })
//!     .handle::<CountOrders>(move |_: CountOrders, _: Context| {
//!         let count = counted.load(SeqCst);
//!         async move { Ok(count) }
//!     })
//!     .start(&bus)
//!     .await?;
//! let mut live = bus.subscribe::<OrderCreated>().await?;
//!
//! // Publish: stored when this returns. The id makes it the same event the second time.
//! let order = OrderCreated { order_id: 7, region: "eu".into() };
//! assert!(!bus.publish(&order).await?.duplicate);
//! assert!(bus.publish(&order).await?.duplicate);
//!
//! // Subscribe: typed deliveries, as they come.
//! let delivery = live.next().await.ok_or("the bus is closed")??;
//! assert_eq!((delivery.order_id, delivery.subject()), (7, "orders.eu.created"));
//!
//! // Replay: what the stream has kept.
//! let mut history = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await?;
//! let first = history.next().await.ok_or("the bus is closed")??;
//! assert_eq!((first.order_id, first.sequence()), (7, 1));
//!
//! // Ask: one handler answers.
//! while bus.request(&CountOrders {}).await? < 1 {}
//!
//! // End: what was begun is finished and acknowledged.
//! assert_eq!(report.shutdown().await[0].handled, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go next
//!
//! [`guide`] has a page for each task. In the reference:
//!
//! | to | see |
//! | --- | --- |
//! | declare | [`macro@Event`], [`macro@EventStream`], [`macro@Request`], [`macro@Token`]: the derives and their keys |
//! | publish | [`Bus::publish`], [`Bus::message`] for options ([`Draft`]), [`Publisher`] for many, [`Bus::atomic`] for all or nothing, [`PublishAck`] |
//! | listen | [`Bus::subscribe`], [`Bus::subscribe_to`] with a [`Message::filter`], [`Subscription`], [`Delivery`] |
//! | read a stream | [`Bus::replay`] with [`DeliverFrom`], [`Bus::consume`] and [`Delivery::ack`] |
//! | ask | [`Bus::request`], [`RequestError`] |
//! | handle | [`Handler`], [`Context`], [`Failure`] |
//! | run a service | [`Registry`], [`Route`], [`Retry`], [`Serve`], [`Running`] |
//! | see what could not be handled, and put it back | [`Bus::dead_letters`], [`DeadLetters`], [`DeadLetter`], [`DeadLetterPolicy`] |
//! | see which services run | [`Bus::discover`], [`ServiceInfo`] |
//! | connect | [`Bus::builder`], [`Bus::from_env`], [`BusConfig`], [`BusBuilder::connect_lazily`] |
//! | see how the connection is | [`Bus::state`], [`Bus::events`] |
//! | answer a probe | [`Bus::health`], [`Running::health`] |
//! | make a stream, look into it | [`Bus::provision`], [`StreamConfig`], [`Bus::stream`]; a registry makes those of its handlers |
//! | change a stream that exists | [`Bus::plan`], [`StreamPlan`], [`Bus::apply`]; [`Topology`] says what a registry may do, [`Registry::plan`] what it would |
//! | test a service | [`testing`]: [`TestBus`](testing::TestBus) |
//! | list, move and cancel what comes later | [`Draft::delay`], [`Draft::at`], [`Draft::every`], [`Bus::schedules`], [`Schedules`] |
//! | keep values by key | [`macro@Bucket`], [`Bus::key_value`], [`KeyValue`]; [`Bus::bucket`] by name |
//! | keep files and other large things | [`Bus::objects`], [`Objects`], [`ObjectStoreConfig`] |
//! | show what messages promise | [`Message::descriptors`], [`contract::Catalog`] |
//!
//! # What is promised
//!
//! - An event without a stream is delivered at most once, to who listens at that time. `Ok` means
//!   that it was handed to the connection.
//! - An event with a stream is stored when publishing returns `Ok`, once for each `Nats-Msg-Id`
//!   within the stream's duplicate window. It is delivered at least once: a handler should bear
//!   being called twice with the same event.
//! - A request is handled by one handler, and answered with the reply, with the error that the
//!   request declares, or with an error that says why not. It is never asked again by itself.
//! - A value that can't stand in a subject, a header that can't be written and a payload that can't
//!   be decoded are errors that name the field, the header or the message. Nothing is dropped
//!   silently: what nobody can be told is logged with `tracing`.
//!
//! # Errors
//!
//! Each operation has an error of its own: [`ConnectError`], [`PublishError`], [`AtomicError`],
//! [`SubscribeError`], [`ReceiveError`], [`RequestError`], [`SettleError`], [`ProvisionError`], [`ApplyError`],
//! [`ServeError`], [`DeadLetterError`], [`CloseError`], [`ConfigError`]. Their variants say what has happened, and
//! their texts the way out; all but those that name a single mistake are `#[non_exhaustive]`. After [`PublishError::Unconfirmed`],
//! [`AtomicError::Unconfirmed`], [`RequestError::Timeout`] and [`SettleError::Unconfirmed`] it is unknown whether the other side
//! has done what was asked; the variants `Closed` and `Client` say nothing of it either. A handler
//! of an event returns [`Failure`], which any error becomes with `?`.
//!
//! # Cancel safety
//!
//! [`Subscription::next`] loses nothing when its future is dropped, so it can stand in
//! `tokio::select!`. When the future of a publish or a request is dropped, the message may or may
//! not have been sent. A handler's future is dropped only when a shutdown's deadline has passed;
//! its stream event then comes again.
//!
//! # Features
//!
//! | feature | default | gives |
//! | --- | --- | --- |
//! | `memory` | yes | [`Bus::in_memory`]: the broker that runs inside the process, and `NATS_URL=memory:` |
//! | `websockets` | no | servers at `ws://` and `wss://` |
//! | `testing` | no | [`testing`], the harness of a service's tests; it implies `memory` |
//!
//! A program that only talks to a nats-server needs neither: with `default-features = false` its
//! binary carries no broker. Its tests add the harness as a dev-dependency, with
//! `features = ["testing"]`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(
        feature = "metrics",
        feature = "opentelemetry",
        feature = "testing",
        feature = "tower",
        feature = "validation"
    )),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "the documentation speaks of all features, and is built with all of them where its links are checked"
    )
)]

#[cfg(test)]
extern crate self as tidings;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod atomic;
mod backoff;
mod backstop;
mod bucket;
mod bus;
mod claim_check;
mod cloud_event;
mod confirm;
mod context;
mod dead_letter;
mod delivery;
mod discovery;
mod draft;
mod duration;
mod envelope;
mod failure;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod guide;
mod handler;
mod header;
mod health;
mod jitter;
mod key_value;
mod link;
mod lock;
mod message;
mod message_trace;
mod object_store;
mod observe;
mod payload;
mod prefetch;
pub mod prelude;
mod probe;
mod publish;
mod publish_ack;
mod publisher;
mod recurrence;
mod registry;
mod request;
mod retry;
mod route;
mod runner;
mod schedules;
mod settlement;
mod stream;
mod subject;
mod subscribe;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod text;
mod timestamp;
mod token;
mod topology;
mod traces;
mod transport;
mod user_code;
#[cfg(feature = "validation")]
mod validation;
mod warrant;
mod write_buffer;

/// Contracts of messages as data: descriptors, catalogs and the folder `schemas/`.
pub use tidings_contract as contract;
pub use tidings_derive::{Bucket, Event, EventStream, Request, Token};
pub use tidings_subject::{NameError, TokenError};

pub use atomic::AtomicBatch;
pub use bucket::{Bucket, BucketConfig, BucketConfigError, BucketKey, KeyError, KeyFilter};
pub use bus::{Bus, BusBuilder, BusConfig, CloseError, ConfigError, ConnectError, Secret};
pub use claim_check::{LargeSweep, SweepLarge, SweepLargeError};
pub use cloud_event::{CloudEvent, CloudEventFault, CloudEventMode, CloudEvents, CloudEventsError};
pub use context::{Context, Origin};
pub use dead_letter::{
    DeadLetter, DeadLetterError, DeadLetterFilter, DeadLetterList, DeadLetterPolicy,
    DeadLetterProgress, DeadLetterReason, DeadLetters, Purge, PurgeReport, Redrive, RedriveReport,
};
pub use delivery::{Acker, Delivery, DeliveryKind, Durable, Live, SettleError, Stored};
pub use discovery::{EndpointInfo, ServiceInfo};
pub use draft::Draft;
pub use envelope::{DecodeError, LargeEventError, Violation};
pub use failure::{Failure, Verdict};
pub use handler::{Batch, BatchItem, Handler, Input, WatchHandler};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use handler::{
    BoxError, HandlerError, HandlerFuture, HandlerRequest, HandlerResponse, HandlerService,
    SpanLayer, SpanService,
};
pub use header::{HeaderError, HeaderFault, Headers};
pub use health::{Health, HealthReason, HealthThresholds};
pub use key_value::{
    Change, Changes, Declared, Entry, EntryError, GetError, KeyList, KeyValue, Keys, PutError,
    Removal, RemovalReason, TextKeys, UpdateError, Watch, WatchError, WatchEvent, Write,
};
pub use message::{
    Declaration, DeclaredError, Decode, Event, Filter, Message, MessageKind, ReadBackError,
    Request, StreamEvent, SubjectFilter, Undeclared, Upcast,
};
pub use message_trace::{
    ConnectionKind, MessageTrace, MessageTraceReport, ServerTrace, TraceError, TraceEvent,
    TraceEventKind, TraceServer,
};
pub use object_store::{
    GetObject, Object, ObjectChanges, ObjectEvent, ObjectGetError, ObjectInfo, ObjectLink,
    ObjectList, ObjectMeta, ObjectNameError, ObjectPutError, ObjectReadError, ObjectStoreConfig,
    ObjectWatch, ObjectWatchError, Objects, PutObject,
};
pub use publish::{
    AtomicError, AtomicRecordsError, PublishAllError, PublishError, PublishRecordError, Record,
    RecordError, StoredIds,
};
pub use publish_ack::{Acknowledgement, AtomicAck, PublishAck};
pub use publisher::Publisher;
pub use recurrence::{Recurrence, RecurrenceError, When};
pub use registry::{
    Control, HealthProbe, NoRoute, Registry, RegistryCatalogError, RegistryPlan, RouteStatus,
    Running, Serve, ServeError,
};
pub use request::RequestError;
pub use retry::Retry;
pub use route::{CircuitBreaker, Route, WatchRoute};
pub use runner::{RouteReport, RouteState};
pub use schedules::{ScheduleError, ScheduleHandle, ScheduleList, Scheduled, Schedules};
pub use stream::{
    Compression, ConsumerLimits, Discard, EventStream, External, LargeStore, Persistence,
    Placement, Republish, Retention, Source, SourceConsumer, SourceStart, Storage, StreamConfig,
    StreamDeclaration, StreamJsonError, StreamOverride, SubjectTransform,
};
pub use subject::{ParseSubjectError, Subject, SubjectError};
pub use subscribe::{
    Consume, RawSubscription, ReceiveError, Replay, Subscribe, SubscribeError, SubscribeRaw,
    Subscription,
};
pub use token::Token;
pub use topology::{
    ApplyConsumerError, ApplyError, ConsumerOwner, ConsumerPlan, Difference, DifferenceKind,
    ListError, PlanAction, ProvisionError, Provisioned, Setting, StreamError, StreamHandle,
    StreamPlan, Topology,
};
#[cfg(feature = "opentelemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
pub use traces::Traces;
pub use transport::{
    ConnectionEvent, ConnectionEventKind, ConnectionEvents, ConnectionRole, ConnectionState,
    ConnectionStatus, ConsumerInfo, ConsumerState, DeliverFrom, Denial, DeniedAction, Outage,
    RawMessage, ServerInfo, StreamInfo, StreamState,
};
#[cfg(feature = "validation")]
pub use validation::{PayloadValidator, ValidatorError};

/// The former name of [`DeliverFrom`].
#[deprecated(note = "use `tidings::DeliverFrom`, which is also in the prelude")]
pub type From = DeliverFrom;

/// Doctests of `README.md`: what a reader copies from it compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
