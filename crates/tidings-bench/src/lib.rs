//! Benchmarks of Tidings beside async-nats and `serde_json` written by hand.
//!
//! `compare` runs each row of a table twice in turns, raw and ours; `soak` runs at full speed for
//! minutes and watches memory; `routes` starts ten thousand of them.

mod background;
pub mod compare;
mod environment;
pub mod event;
mod handler;
mod lap;
mod memory;
mod meter;
mod processor_time;
mod responder;
pub mod routes;
pub mod soak;
mod windowed_publisher;
mod wire;
mod wire_consumer;
mod wire_publisher;

use std::process::ExitCode;

pub use processor_time::processor_time;

/// Exit code of a program, which prints its error: `Ok(false)` fails without a word, since all was
/// said.
#[expect(clippy::print_stderr, reason = "the last word of a program")]
pub fn exit(done: anyhow::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
