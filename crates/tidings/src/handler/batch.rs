//! Batches: many events at once, settled one by one.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use crate::context::Context;
use crate::failure::Failure;
use crate::lock::locked;

/// Events that are handled together: as many as came within a time, up to a number.
///
/// ```
/// # use tidings::prelude::*;
/// use tidings::Batch;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "meters.{meter}.read")]
/// # struct MeterRead { meter: u64, value: f64 }
/// # async fn insert(rows: &[(u64, f64)]) -> Result<(), std::io::Error> { Ok(()) }
/// async fn record(batch: Batch<MeterRead>, _cx: Context) -> Result<(), Failure> {
///     let mut rows = Vec::new();
///     for read in &batch {
///         if read.value.is_nan() {
///             read.fail(Failure::reject("no number"));
///         } else {
///             rows.push((read.meter, read.value));
///         }
///     }
///     // An error is that of all events that were not settled on their own.
///     insert(&rows).await?;
///     Ok(())
/// }
///
/// let route = Route::of::<Batch<MeterRead>>(record)
///     .max_size(500)
///     .max_wait(Duration::from_millis(200));
/// let registry = Registry::new("meters").route(route);
/// ```
///
/// The events are in the order in which they came. When the handler returns `Ok`, every event is
/// done that was not failed with [`BatchItem::fail`]; when it returns an error, panics or passes its
/// deadline, every event has failed that was not settled with [`BatchItem::done`] or
/// [`BatchItem::fail`]. Each of a stream's events is then acknowledged, retried or put aside by
/// itself.
///
/// The [`Context`] beside the batch is that of no event: what is published through it has a new id
/// each time. Publish through [`BatchItem::context`] what follows from one event, so that a second
/// run repeats its id.
#[derive(Debug)]
pub struct Batch<E> {
    items: Vec<BatchItem<E>>,
}

/// An event of a batch. It dereferences to the event.
#[derive(Debug)]
pub struct BatchItem<E> {
    event: E,
    cx: Context,
    mark: Mark,
}

/// Mark of a handler on one event: none, that it is done, or that it failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark(Arc<Mutex<Option<Result<(), Failure>>>>);

impl Mark {
    /// The mark of an event that has failed before its handler had it.
    pub(crate) fn failed(failure: Failure) -> Self {
        Self(Arc::new(Mutex::new(Some(Err(failure)))))
    }

    pub(crate) fn take(&self) -> Option<Result<(), Failure>> {
        locked(&self.0).take()
    }

    fn set(&self, mark: Result<(), Failure>) {
        *locked(&self.0) = Some(mark);
    }
}

impl<E> Batch<E> {
    pub(super) fn new(items: Vec<BatchItem<E>>) -> Self {
        Self { items }
    }

    /// Number of events in the batch; never 0.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns `true` if there is no event; never so.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The events, in the order in which they came.
    pub fn iter(&self) -> std::slice::Iter<'_, BatchItem<E>> {
        self.items.iter()
    }
}

impl<E> BatchItem<E> {
    pub(super) fn new(event: E, cx: Context, mark: Mark) -> Self {
        Self { event, cx, mark }
    }

    /// The event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// The event, and what is known of it.
    pub fn into_parts(self) -> (E, Context) {
        (self.event, self.cx)
    }

    /// Context of this event, which publishes on its behalf.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// The event is done, whatever becomes of the others.
    pub fn done(&self) {
        self.mark.set(Ok(()));
    }

    /// The event has failed, whatever becomes of the others.
    pub fn fail(&self, failure: impl Into<Failure>) {
        self.mark.set(Err(failure.into()));
    }
}

impl<E> Deref for BatchItem<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E> IntoIterator for Batch<E> {
    type Item = BatchItem<E>;
    type IntoIter = std::vec::IntoIter<BatchItem<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Batch<E> {
    type Item = &'a BatchItem<E>;
    type IntoIter = std::slice::Iter<'a, BatchItem<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
