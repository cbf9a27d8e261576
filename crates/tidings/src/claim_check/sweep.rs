//! Removing the objects of events that no stream holds any more.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use super::check_in::{SINCE, STREAM};
use super::holder::{Holder, holders};
use super::sweep_error::SweepLargeError;
use crate::envelope::Claim;
use crate::link::Link;
use crate::object_store::{ObjectInfo, Objects};
use crate::timestamp;

/// Age below which an object stays in any case, where nothing else is said: its event may be on its way.
const GRACE: Duration = Duration::from_secs(3600);
/// Number of times that all streams are read: an event that becomes a dead letter or is put back meanwhile
/// may be missed by the first.
const PASSES: usize = 2;

/// Sweep of the object store of a stream's large events: await it, or first say how old an object is that may
/// go.
///
/// # Errors
/// Awaited, [`SweepLargeError`].
///
/// # Cancel safety
/// Some of the objects are removed if the future is dropped.
#[must_use = "await it to sweep"]
pub struct SweepLarge {
    link: Link,
    stream: String,
    store: String,
    grace: Duration,
    is_dry: bool,
}

/// Report of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LargeSweep {
    /// Number of objects that an event or a dead letter still refers to.
    pub kept: u64,
    /// Number of objects that are too young to go, whether anything refers to them or not.
    pub young: u64,
    /// Number of objects that were removed.
    pub removed: u64,
    /// Number of objects that are no large events of this stream: another stream's, or stored by somebody else. They stay.
    pub others: u64,
    /// Number of uploads that were cut, and whose parts were removed.
    pub uploads: u64,
}

impl SweepLarge {
    pub(crate) fn new(link: Link, stream: &str, store: &str) -> Self {
        Self {
            link,
            stream: stream.to_owned(),
            store: store.to_owned(),
            grace: GRACE,
            is_dry: false,
        }
    }

    /// Sets the age below which an object stays in any case; the default is an hour.
    ///
    /// An object is stored before its event: choose a time that no publish takes, with all that is tried
    /// again, nor a process that stands still half-way.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.grace = age;
        self
    }

    /// Removes nothing, and reports as removed what would be; cut uploads are not looked for.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }

    async fn run(self) -> Result<LargeSweep, SweepLargeError> {
        let Self { link, stream, store, grace, is_dry } = self;
        let objects = Objects::new(link.clone(), &store);
        let mut report = LargeSweep::default();
        let mut old = Candidates::find(&link, &objects, &stream, grace, &mut report).await?;
        if let Some(oldest) = old.oldest {
            let since = oldest.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
            let mut holders = holders(&link.transport, &stream, since).await?;
            for _ in 0..PASSES {
                for holder in &mut holders {
                    old.take_out(holder, &store, &mut report).await?;
                }
            }
            if is_dry {
                report.removed = old.objects.len() as u64;
                return Ok(report);
            }
            for object in old.objects.into_values() {
                match objects.remove_unchanged(&object).await {
                    Ok(true) => report.removed += 1,
                    // The same event was published again.
                    Ok(false) => report.young += 1,
                    Err(source) => {
                        let (object, source) = (object.meta.name, Box::new(source));
                        return Err(SweepLargeError::Remove { store, object, source });
                    }
                }
            }
        }
        if is_dry {
            return Ok(report);
        }
        let swept = objects.sweep(grace).await;
        report.uploads =
            swept.map_err(|source| SweepLargeError::Objects { store, source: source.into() })?;
        Ok(report)
    }
}

impl IntoFuture for SweepLarge {
    type Output = Result<LargeSweep, SweepLargeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for SweepLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, store, grace, is_dry, .. } = self;
        f.debug_struct("SweepLarge")
            .field("stream", stream)
            .field("store", store)
            .field("older_than", grace)
            .field("dry_run", is_dry)
            .finish_non_exhaustive()
    }
}

/// Objects that are old enough to go, and that nothing was seen to refer to.
struct Candidates {
    objects: HashMap<String, ObjectInfo>,
    oldest: Option<SystemTime>,
}

impl Candidates {
    async fn find(
        link: &Link,
        objects: &Objects,
        stream: &str,
        grace: Duration,
        report: &mut LargeSweep,
    ) -> Result<Self, SweepLargeError> {
        let store = || objects.name().to_owned();
        // By the store's clock, as the age of what it has.
        let now = link.transport.stream_time(objects.stream()).await;
        let now =
            now.map_err(|fault| SweepLargeError::Objects { store: store(), source: fault.into() })?;
        let now = now.unwrap_or_else(|| link.transport.now());
        let mut found = Self { objects: HashMap::new(), oldest: None };
        let mut list = objects
            .list()
            .await
            .map_err(|source| SweepLargeError::Objects { store: store(), source: source.into() })?;
        while let Some(object) = list.next().await {
            let object = object.map_err(|source| SweepLargeError::Objects {
                store: store(),
                source: source.into(),
            })?;
            if object.meta.metadata.get(STREAM).map(String::as_str) != Some(stream) {
                report.others += 1;
                continue;
            }
            if now.duration_since(object.modified).is_ok_and(|age| age >= grace) {
                // No event that refers to it was stored before.
                let since = object.meta.metadata.get(SINCE).and_then(|text| timestamp::read(text));
                let since = since.unwrap_or(object.modified).min(object.modified);
                found.oldest = Some(found.oldest.unwrap_or(since).min(since));
                found.objects.insert(object.meta.name.clone(), object);
            } else {
                report.young += 1;
            }
        }
        Ok(found)
    }

    /// Takes out what the messages of a stream refer to, from where it was read to up to its end.
    async fn take_out(
        &mut self,
        holder: &mut Holder,
        store: &str,
        report: &mut LargeSweep,
    ) -> Result<(), SweepLargeError> {
        if self.objects.is_empty() {
            return Ok(());
        }
        let read = holder.read_on(|headers| {
            if let Some(Ok(claim)) = Claim::of(headers)
                && claim.store == store
                && self.objects.remove(&claim.object).is_some()
            {
                report.kept += 1;
            }
        });
        read.await
    }
}
