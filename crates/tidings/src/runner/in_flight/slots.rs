//! The messages of a stream that tasks handle, each in a slot until its guard is dropped.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::time::Instant;

use crate::context::HandledMessage;
use crate::lock::locked;

/// A stream's message that a task handles.
#[derive(Debug)]
pub(crate) struct TaskSlot {
    pub(crate) message: Arc<HandledMessage>,
    pub(crate) begun: Instant,
    pub(crate) told: Instant,
}

/// Slots of a route.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<Table>);

#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Option<TaskSlot>>,
    free: Vec<usize>,
}

/// Keeps a message in its slot, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    slots: Arc<Slots>,
    slot: usize,
}

impl Slots {
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        locked(&self.0)
    }

    /// A task begins to handle this message.
    pub(crate) fn fill(self: &Arc<Self>, task: TaskSlot) -> InFlightGuard {
        let mut table = self.table();
        let slot = if let Some(slot) = table.free.pop() {
            table.slots[slot] = Some(task);
            slot
        } else {
            table.slots.push(Some(task));
            table.slots.len() - 1
        };
        InFlightGuard { slots: Arc::clone(self), slot }
    }
}

impl Table {
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &TaskSlot> {
        self.slots.iter().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut TaskSlot> {
        self.slots.iter_mut().flatten()
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut table = self.slots.table();
        table.slots[self.slot] = None;
        table.free.push(self.slot);
    }
}
