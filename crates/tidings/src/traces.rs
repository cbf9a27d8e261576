//! Spans of OpenTelemetry for what is published, asked, handled and put aside, and the trace context that messages
//! carry between them: the feature `opentelemetry`. Without it nothing of it is compiled but names.
#![cfg_attr(
    not(feature = "opentelemetry"),
    expect(dead_code, reason = "only a span reads what is said of one")
)]

#[cfg(feature = "opentelemetry")]
mod handling;
#[cfg(feature = "opentelemetry")]
mod options;
#[cfg(feature = "opentelemetry")]
mod propagation;
#[cfg(feature = "opentelemetry")]
mod receiving;
#[cfg(feature = "opentelemetry")]
mod sending;
#[cfg(feature = "opentelemetry")]
mod settling;
#[cfg(feature = "opentelemetry")]
mod tracer;

mod description;
#[cfg(not(feature = "opentelemetry"))]
mod off;

#[cfg(feature = "opentelemetry")]
pub use options::Traces;

#[cfg(feature = "opentelemetry")]
pub(crate) use {
    handling::{HandlerSpan, RouteSpans},
    receiving::ReceiveSpans,
    sending::SendSpan,
    settling::SettlingByHand,
    tracer::{Parent, Tracing},
};

#[cfg(not(feature = "opentelemetry"))]
pub(crate) use off::{
    HandlerSpan, Parent, ReceiveSpans, RouteSpans, SendSpan, SettlingByHand, Tracing,
};

pub(crate) use description::{Ended, Operation, Sent, kind_of};
