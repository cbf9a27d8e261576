//! Writing: a change of one key, sent until the stream says what became of it.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use super::Store;
use super::entry::is_removed;
use super::error::PutError;
use super::send::send;
use crate::bucket::KeyError;
use crate::confirm::Unstored;
use crate::envelope::new_id;
use crate::header::{self, Headers};
use crate::subject::Subject;
use crate::transport::{ApiError, Fault, Outgoing};
use crate::write_buffer;
use bytes::Bytes;
use serde::Serialize;

/// A change of one key that is to be made: await it, or first say more of it. It gives the revision.
///
/// # Errors
/// Awaited, [`PutError`].
///
/// # Cancel safety
/// Dropping the future leaves it unknown whether the change was made.
#[derive(Debug)]
#[must_use = "await it to make the change"]
pub struct Write {
    store: Store,
    prepared: Result<Prepared, PutError>,
}

#[derive(Debug)]
struct Prepared {
    subject: Subject,
    headers: Headers,
    payload: Bytes,
    /// The revision that the key must have, where it must have one; 0 is none.
    at: Option<u64>,
    /// `true` if a key that was removed is as good as one that never was.
    creates: bool,
}

impl Store {
    fn write(
        &self,
        key: Result<String, KeyError>,
        operation: Option<&'static str>,
        payload: impl FnOnce() -> Result<Bytes, PutError>,
    ) -> Write {
        let prepared = self.subject(key).map_err(PutError::Key).and_then(|subject| {
            let mut headers = Headers::new();
            if let Some(operation) = operation {
                headers.push(header::KV_OPERATION, operation);
            }
            Ok(Prepared { subject, headers, payload: payload()?, at: None, creates: false })
        });
        Write { store: self.clone(), prepared }
    }

    pub(super) fn put(&self, key: Result<String, KeyError>, value: &impl Serialize) -> Write {
        self.write(key, None, || {
            let written = write_buffer::payload(|room| serde_json::to_writer(room, value));
            let bucket = || self.bucket().to_owned();
            written.map_err(|source| PutError::Encode { bucket: bucket(), source })
        })
    }

    pub(super) fn create(&self, key: Result<String, KeyError>, value: &impl Serialize) -> Write {
        let mut write = self.put(key, value).at(0);
        if let Ok(prepared) = &mut write.prepared {
            prepared.creates = true;
        }
        write
    }

    pub(super) fn delete(&self, key: Result<String, KeyError>) -> Write {
        self.write(key, Some("DEL"), || Ok(Bytes::new()))
    }

    pub(super) fn purge(&self, key: Result<String, KeyError>) -> Write {
        self.write(key, Some("PURGE"), || Ok(Bytes::new())).alone()
    }
}

impl Write {
    /// Makes the change only if the key's last revision is this one; 0 for a key that never had one.
    pub fn at(mut self, revision: u64) -> Self {
        if let Ok(prepared) = &mut self.prepared {
            prepared.at = Some(revision);
        }
        self
    }

    /// Lets the value expire after this time, in whole seconds (server 2.11, ADR-48); a purge is
    /// remembered for so long. The bucket must have `limit_markers`.
    ///
    /// The history of the key goes with the value before: what is older would be the key's value again
    /// once this one is gone. The time is that of this value alone: the next one of the key lives without end, unless it
    /// says a time, too.
    ///
    /// Where a bucket keeps several values of a key, the server (2.15) lengthens a time that is shorter than its
    /// `limit_markers` to that. A bucket that its values' type declares so refuses it,
    /// [`PutError::TtlBelowMarkers`]; of one that is opened by its name this is not known.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        if ttl.as_secs() < 1 || ttl.subsec_nanos() != 0 {
            self.prepared = self.prepared.and(Err(PutError::Ttl { ttl }));
            return self;
        }
        if let Some(markers) = self.store.shortest_ttl().filter(|markers| ttl < *markers) {
            let bucket = self.store.bucket().to_owned();
            self.prepared =
                self.prepared.and(Err(PutError::TtlBelowMarkers { bucket, ttl, markers }));
            return self;
        }
        if let Ok(prepared) = &mut self.prepared {
            prepared.headers.set(header::TTL, ttl.as_secs().to_string());
        }
        self.alone()
    }

    /// Makes the message replace all older ones of its key.
    fn alone(mut self) -> Self {
        if let Ok(prepared) = &mut self.prepared {
            prepared.headers.set(header::ROLLUP, "sub");
        }
        self
    }

    async fn send(self) -> Result<u64, PutError> {
        let Self { store, prepared } = self;
        let Prepared { subject, mut headers, payload, at, creates } = prepared?;
        if let Some(revision) = at {
            headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, revision.to_string());
        }
        headers.push(header::MESSAGE_ID, new_id());
        let mut outgoing = Outgoing { subject, headers, payload };
        let unstored = match send(&store, &outgoing).await {
            Ok(revision) => return Ok(revision),
            Err(unstored) => unstored,
        };
        // Boxed: most are stored at once, and their futures are smaller without it.
        Box::pin(async move {
            let conflict = match unstored {
                Unstored::Refused(Fault::Api(error)) if error.is_conflict() => error,
                unstored => return Err(error(unstored, &store, &outgoing)),
            };
            let (bucket, key) = (store.bucket().to_owned(), store.key_of(&outgoing.subject));
            if !creates {
                let (key, expected) = (key.to_owned(), at.unwrap_or_default());
                let description = conflict.description;
                return Err(PutError::Conflict { bucket, key, expected, description });
            }
            // A key that was removed can be created.
            let last =
                match store.link.transport.last(store.stream(), outgoing.subject.as_str()).await {
                    Ok(last) => last,
                    Err(fault) => return Err(PutError::Client { bucket, source: fault.into() }),
                };
            let removed = last.as_ref().map_or(0, |last| last.sequence);
            if last.is_some_and(|last| !is_removed(&last)) {
                return Err(PutError::Exists { bucket, key: key.to_owned(), revision: removed });
            }
            outgoing.headers.set(header::EXPECTED_LAST_SUBJECT_SEQUENCE, removed.to_string());
            match send(&store, &outgoing).await {
                // Somebody has created it meanwhile.
                Err(Unstored::Refused(Fault::Api(error))) if error.is_conflict() => {
                    let (key, revision) = (store.key_of(&outgoing.subject).to_owned(), removed + 1);
                    Err(PutError::Exists {
                        bucket,
                        key,
                        revision: said(&error).unwrap_or(revision),
                    })
                }
                stored => stored.map_err(|unstored| error(unstored, &store, &outgoing)),
            }
        })
        .await
    }
}

impl IntoFuture for Write {
    type Output = Result<u64, PutError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

#[cold]
fn error(unstored: Unstored, store: &Store, outgoing: &Outgoing) -> PutError {
    let (bucket, key) = (store.bucket(), store.key_of(&outgoing.subject));
    let names = || (bucket.to_owned(), key.to_owned());
    match unstored {
        Unstored::Refused(fault) => PutError::of(fault, bucket, key),
        Unstored::Leaderless => {
            let (bucket, key) = names();
            PutError::Leaderless { bucket, key }
        }
        Unstored::Unsent => {
            let (bucket, key) = names();
            PutError::Unsent { bucket, key }
        }
        Unstored::Unconfirmed => {
            let (bucket, key) = names();
            PutError::Unconfirmed { bucket, key }
        }
    }
}

/// The revision that a conflict tells: `wrong last sequence: 7`.
fn said(conflict: &ApiError) -> Option<u64> {
    conflict.description.rsplit(' ').next()?.parse().ok()
}
