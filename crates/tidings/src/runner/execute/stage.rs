//! Stages of a message with which a task goes on.

use std::time::Duration;

use tokio_util::sync::ReusableBoxFuture;

use crate::handler::FutureSlot;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::settle::Settled;

/// Stage of a message when a task goes on with it.
pub(crate) enum Stage {
    /// Unbegun.
    Fresh,
    /// The handler waits for something.
    Begun { slot: FutureSlot, took: Duration },
    /// The handler has ended.
    Ended { handled: HandlerExit, took: Duration },
    /// Settling it waits for something.
    Settling(ReusableBoxFuture<'static, Settled>),
}
