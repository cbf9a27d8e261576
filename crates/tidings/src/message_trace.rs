//! Ways of messages through servers, as these tell them (ADR-41): which subscriptions and streams a message on a subject
//! reaches, and why it does not reach others.

mod error;
mod question;
mod report;

pub use error::TraceError;
pub use question::MessageTrace;
pub use report::{
    ConnectionKind, MessageTraceReport, ServerTrace, TraceEvent, TraceEventKind, TraceServer,
};
