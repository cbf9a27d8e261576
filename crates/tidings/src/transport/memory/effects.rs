//! Effects of an operation, to be done once its own state is consistent.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::task::AtomicWaker;
use smallvec::SmallVec;

use super::alarm::Alarms;
use crate::transport::Outgoing;

/// Wakes the task that polls an inbox or a pull.
pub(super) type TaskWaker = Arc<AtomicWaker>;

/// Wakers of those tasks. Most operations wake one or two, and allocate nothing for that.
pub(super) type TaskWakers = SmallVec<[TaskWaker; 4]>;

/// Effects of an operation, left to be done.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Tasks to be woken once the broker's lock is let go: a waker is foreign code, and may well drop
    /// something that wants the lock.
    pub(super) wakers: TaskWakers,
    /// Messages of the broker itself: advisories and acks.
    pub(super) outbox: VecDeque<Outgoing>,
    /// Alarms for what is to happen later.
    pub(super) alarms: Alarms,
}
