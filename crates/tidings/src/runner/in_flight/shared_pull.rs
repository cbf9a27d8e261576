//! The pull of a durable consumer, shared by the scheduler that reads it and the task that stands in
//! for a scheduler whose handler blocks.

use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::lock::locked;
use crate::transport::Pull;

/// A consumer's deliveries, until they are taken out and ended.
#[derive(Debug)]
pub(crate) struct SharedPull(Mutex<Option<Pull>>);

impl SharedPull {
    pub(crate) fn new(pull: Pull) -> Self {
        Self(Mutex::new(Some(pull)))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Pull>> {
        locked(&self.0)
    }

    /// Locks the pull, unless somebody else has it now.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, Option<Pull>>> {
        match self.0.try_lock() {
            Ok(pull) => Some(pull),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
