//! The guide: a page for each task, of which every example runs on the bus in memory.
//!
//! | page | answers |
//! | --- | --- |
//! | [`first_steps`] | the crate and its features, the first program, which bus keeps which promise, when not to use it |
//! | [`publishing`] | ids, options, many events, all or nothing |
//! | [`schedules`] | events that come later, or again and again: listed, moved and cancelled |
//! | [`subscribing`] | typed deliveries: live, from a stream's history, durably by hand |
//! | [`raw`] | messages without their types: listening, single messages of a stream, lists of streams and consumers |
//! | [`handling`] | handlers, requests, every option of a route, order, batches, the end |
//! | [`layers`] | layers of tower around handlers, values for handlers, what becomes of what a layer refuses |
//! | [`retries`] | when a failed event comes again, dead letters, and the way back |
//! | [`topology`] | streams and consumers: declaring, creating, planning, changing |
//! | [`key_value`] | values by key: buckets, revisions, watching, what expires |
//! | [`objects`] | files and other large things by name: storing, reading, links, watching, what a cut upload leaves |
//! | [`large_events`] | events that don't fit into a message: declaring, what is promised, what removes their objects |
//! | [`contracts`] | what messages promise, as files: what a change breaks, whether it is meant, what other languages read |
//! | [`testing`] | `TestBus`: recording, virtual time, faults, one handler alone |
//! | [`operating`] | connecting, permissions, status, shutdown, the program `tidings` |
//! | [`metrics`] | figures for Prometheus and others, a dashboard, alert rules |
//! | [`tracing`] | spans of OpenTelemetry, the trace context in messages, `tracing` |
//! | [`kubernetes`] | probes, the grace period, secrets, rolling deploys of shared durable consumers |
//! | [`wire`] | the wire format, for other languages, and every error with its way out |
//! | [`migrating`] | from async-nats by hand |

#[doc = include_str!("guide/first_steps.md")]
pub mod first_steps {}
#[doc = include_str!("guide/publishing.md")]
pub mod publishing {}
#[doc = include_str!("guide/schedules.md")]
pub mod schedules {}
#[doc = include_str!("guide/subscribing.md")]
pub mod subscribing {}
#[doc = include_str!("guide/raw.md")]
pub mod raw {}
#[doc = include_str!("guide/handling.md")]
pub mod handling {}
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
#[doc = include_str!("guide/layers.md")]
pub mod layers {}
#[doc = include_str!("guide/retries.md")]
pub mod retries {}
#[doc = include_str!("guide/topology.md")]
pub mod topology {}
#[doc = include_str!("guide/key_value.md")]
pub mod key_value {}
#[doc = include_str!("guide/objects.md")]
pub mod objects {}
#[doc = include_str!("guide/large_events.md")]
pub mod large_events {}
#[doc = include_str!("guide/contracts.md")]
pub mod contracts {}
#[doc = include_str!("guide/testing.md")]
pub mod testing {}
#[doc = include_str!("guide/operating.md")]
pub mod operating {}
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
#[doc = include_str!("guide/metrics.md")]
pub mod metrics {}
#[cfg(feature = "opentelemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
#[doc = include_str!("guide/tracing.md")]
pub mod tracing {}
#[doc = include_str!("guide/kubernetes.md")]
pub mod kubernetes {}
#[doc = include_str!("guide/wire.md")]
pub mod wire {}
#[doc = include_str!("guide/migrating.md")]
pub mod migrating {}
