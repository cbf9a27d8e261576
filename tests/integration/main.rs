//! Tidings against a real nats-server: one test binary, one module for each thing tried.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod backstop;
mod blocking_handler;
mod catalog;
mod chaos;
mod close_offline;
mod cloud_event_interop;
mod config;
mod connect;
mod connection_event;
mod delete_marker;
mod denied;
mod differ;
mod discovery;
mod domain;
mod drift;
mod empty_payload;
mod error_reference;
mod external_program;
mod fake_stream;
mod health;
mod ingest;
mod key_value_interop;
mod large_event;
mod lazy;
mod limits;
mod many_routes;
mod message_trace;
mod metrics;
mod object_interop;
mod object_store;
mod order_flow;
mod postgres;
mod probe;
mod queue_group_departure;
mod recovery;
mod restart;
mod revoked_credential;
mod runtime;
mod runtime_end;
mod span;
mod stream_recreation;
mod subscription_connection;
mod task_panic;
mod test_server;
mod testing;
mod traces;
mod trust;
mod unreadable_header;
mod warrant;
mod watch_push;

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use tokio::sync::Mutex;

/// Held by a test that keeps all cores busy, so that only one of them runs at a time.
static BUSY: Mutex<()> = Mutex::const_new(());
/// Long enough for what must happen, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

/// Waits for what must happen soon.
#[track_caller]
fn soon<F: IntoFuture>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(SOON, future).await;
        outcome.unwrap_or_else(|_| panic!("nothing within {SOON:?} at {place}"))
    }
}

/// An error with all its sources, as people and logs see them.
fn everything(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?} {error:#?}").expect("text");
        source = error.source();
    }
    text
}
