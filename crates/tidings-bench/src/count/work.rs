//! The fixed work that is counted, each piece beside the parts that it can't do without.

#[cfg(feature = "optional")]
mod follow_up;
mod handle;
mod memory;
mod publish;

use std::io::Write as _;

use tokio::runtime::{Builder, Runtime};

use crate::section::counted;

/// Number of messages that a piece of work is done with, and then twice as many: what is done once
/// is in both, and so not in the difference.
pub(crate) const MESSAGES: usize = 100;

/// Part of a case whose cost for one message is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The whole work, as a user writes it.
    Ours,
    /// Cost of bare `serde_json` for the same payload, and of dropping what it has made.
    Serde,
    /// Cost of async-nats for the same message, given everything it takes ready made.
    Client,
    /// Cost of making the client's map of the same headers: a part of `Ours`.
    Headers,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Serde => "serde",
            Self::Client => "client",
            Self::Headers => "headers",
        }
    }
}

/// Does all of it, and says on the standard output what is counted, in that order.
pub(crate) fn run() -> anyhow::Result<()> {
    publish::run()?;
    handle::run()?;
    memory::run()?;
    #[cfg(feature = "optional")]
    {
        follow_up::run()?;
        handle::run_optional()?;
    }
    Ok(())
}

/// Prints the case, the part and the number of messages, and does the work as a counted section.
fn count(case: &str, part: Part, messages: usize, mut work: impl FnMut()) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{case} {} {messages}", part.name())?;
    counted(&mut work);
    Ok(())
}

/// Runtime with one thread: there is one order in which everything happens.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Numbers of messages sent in the two runs, after one that wakes everything up.
fn rounds() -> [Option<usize>; 3] {
    [None, Some(MESSAGES), Some(2 * MESSAGES)]
}

/// Payload as bare serde writes it, into a buffer that is as large as it need be.
fn encoded(event: &impl serde::Serialize, size: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(size);
    let _ = serde_json::to_writer(&mut payload, event);
    payload
}
