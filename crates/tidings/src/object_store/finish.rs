//! Storing a description, with which an object begins to be there, and what was before ends.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::config::chunks_of;
use super::description::last_of_leader;
use super::error::{ObjectGetError, ObjectPutError};
use super::info::{self, ObjectInfo};
use super::upload::clear;
use crate::confirm::{Copies, of_stream};
use crate::header::{self, Headers};
use crate::key_value::Store;
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::{Fault, Outgoing, StoredMessage};

/// The description of before.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// Revision of the description; 0 if there was none.
    pub(super) revision: u64,
    /// Identity of the version; empty if there was none.
    pub(super) nuid: String,
    /// The description, if there was one that could be read.
    pub(super) info: Option<ObjectInfo>,
}

impl Before {
    pub(super) fn of(info: Option<&ObjectInfo>) -> Self {
        info.map_or_else(Self::default, |info| Self {
            revision: info.revision,
            nuid: info.nuid.clone(),
            info: Some(info.clone()),
        })
    }

    /// Time since which an object of this name is there, as its metadata of this name say, or its description
    /// is stored; `None` if there is none.
    fn since(&self, name: &str) -> Option<String> {
        let info = self.info.as_ref().filter(|info| !info.is_deleted)?;
        info.meta.metadata.get(name).cloned().or_else(|| timestamp::write(info.modified))
    }

    /// Looks for what is described, whoever did so, and in what form: it is to be replaced.
    pub(super) async fn find(store: &Store, subject: &Subject) -> Result<Self, ObjectGetError> {
        let last = store.link.transport.last(store.stream(), subject.as_str()).await;
        let last = last.map_err(|fault| ObjectGetError::of(fault, store.bucket()))?;
        Ok(Self::read(store, last.as_ref()))
    }

    fn read(store: &Store, there: Option<&StoredMessage>) -> Self {
        let Some(there) = there else { return Self::default() };
        let StoredMessage { sequence, stored_at, payload, .. } = there;
        let info = info::read(payload, store.bucket(), *sequence, *stored_at).ok();
        let nuid = info.as_ref().map(|info| info.nuid.clone()).unwrap_or_default();
        Self { revision: *sequence, nuid, info }
    }
}

/// A description that is to be stored.
pub(super) struct Finish {
    pub(super) store: Store,
    /// Place of the description.
    pub(super) subject: Subject,
    pub(super) info: ObjectInfo,
    pub(super) before: Before,
    /// The revision that must be there, where one must; 0 is none.
    pub(super) at: Option<u64>,
    /// Name of the metadata that say since when an object of this name is there, whoever has replaced it.
    pub(super) since: Option<&'static str>,
}

impl Finish {
    /// Stores it, whoever stores another one meanwhile, unless that may not be; then removes the chunks
    /// of what it replaces, or its own where it is refused.
    pub(super) async fn run(mut self) -> Result<ObjectInfo, ObjectPutError> {
        match self.describe().await {
            Ok(revision) => self.info.revision = revision,
            Err(error) => {
                // Where the description may still be stored, the chunks stay for it.
                if !matches!(error, ObjectPutError::Unconfirmed { .. } | ObjectPutError::Closed) {
                    self.clear_own().await;
                }
                return Err(error);
            }
        }
        let nuid = &self.before.nuid;
        if !nuid.is_empty() && (*nuid != self.info.nuid || self.info.is_deleted) {
            clear(&self.store, &Subject::from(chunks_of(self.store.bucket(), nuid))).await;
        }
        Ok(self.info)
    }

    async fn clear_own(&self) {
        if self.info.chunks > 0 && self.info.nuid != self.before.nuid {
            let chunks = chunks_of(self.store.bucket(), &self.info.nuid);
            clear(&self.store, &Subject::from(chunks)).await;
        }
    }

    async fn describe(&mut self) -> Result<u64, ObjectPutError> {
        let (store, name) = (self.store.clone(), self.info.meta.name.clone());
        let failed = |fault| ObjectPutError::of(fault, store.bucket(), &name);
        let mut headers = Headers::new();
        headers.push(header::ROLLUP, "sub");
        let payload = Bytes::new();
        let mut outgoing = Outgoing { subject: self.subject.clone(), headers, payload };
        let by = Instant::now() + store.link.timeouts.publish;
        let mut copies = Copies::until(by);
        loop {
            let expected = self.at.unwrap_or(self.before.revision);
            self.say_since();
            outgoing.payload = info::write(&self.info)
                .map_err(|source| ObjectPutError::Encode { name: name.clone(), source })?;
            outgoing.headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
            let fault = match self.send(&outgoing, by).await {
                Ok(revision) => return Ok(revision),
                Err(fault) => fault,
            };
            match &fault {
                Fault::Api(error) if error.is_conflict() => {
                    let there = last_of_leader(&store, &self.subject).await?;
                    let there = Before::read(&store, there.as_ref());
                    // An earlier copy of this description was stored and not confirmed.
                    if there.nuid == self.info.nuid && there.revision > expected {
                        return Ok(there.revision);
                    }
                    if let Some(expected) = self.at {
                        let (store, name) = (store.bucket().to_owned(), name.clone());
                        return Err(ObjectPutError::Conflict { store, name, expected });
                    }
                    self.before = there;
                    if Instant::now() >= by {
                        return Err(failed(Fault::Timeout));
                    }
                    continue;
                }
                Fault::NoResponders => {
                    let there = store.link.transport.stream_snapshot(store.stream()).await;
                    if let Ok(None) = there {
                        return Err(failed(fault));
                    }
                }
                // What it expects keeps it from being stored twice.
                Fault::Timeout => {}
                Fault::Api(error) if error.is_passing() => {}
                _ => return Err(failed(fault)),
            }
            if !copies.wait().await {
                return Err(failed(Fault::Timeout));
            }
        }
    }

    /// Says since when there is an object, where that is to be said.
    fn say_since(&mut self) {
        let Some(name) = self.since else { return };
        let metadata = &mut self.info.meta.metadata;
        match self.before.since(name) {
            Some(since) => metadata.insert(name.to_owned(), since),
            None => metadata.remove(name),
        };
    }

    /// Sends the description once, and gives its revision.
    async fn send(&self, outgoing: &Outgoing, by: Instant) -> Result<u64, Fault> {
        let link = &self.store.link;
        let by = by.min(Instant::now() + link.timeouts.ack);
        let at_once =
            poll_fn(|cx| Poll::Ready(link.transport.store_at_once(outgoing, by, cx))).await;
        let ack = match at_once {
            Poll::Ready(sent) => sent?,
            Poll::Pending => match timeout_at(by, link.transport.store(outgoing)).await {
                Ok(sent) => sent?,
                Err(_) => return Err(Fault::Timeout),
            },
        };
        let confirmed = if ack.is_timed() {
            ack.await
        } else {
            timeout_at(by, ack).await.unwrap_or(Err(Fault::Timeout))
        };
        Ok(of_stream(confirmed?, self.store.stream())?.sequence)
    }
}
