//! Getting: an object as a flow of bytes, the digest of which is checked before the last are handed on.

use std::fmt;
use std::future::IntoFuture;
use std::ops::{Bound, RangeBounds};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt as _, try_unfold};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::chunk::Chunks;
use super::config::chunks_of;
use super::description::{last, last_of_leader, read, subject_of};
use super::error::{ObjectGetError, ObjectReadError};
use super::info::{ObjectInfo, ObjectLink};
use super::store::{Objects, store_of};
use super::upload::{SHA_256, digest_of};
use crate::key_value::Store;
use crate::subject::Subject;

/// An object that is to be read: await it, or first say which bytes of it. It gives `None` where there is
/// no such object.
///
/// # Errors
/// Awaited, [`ObjectGetError`].
///
/// # Cancel safety
/// Nothing is lost if the future is dropped.
#[derive(Debug)]
#[must_use = "await it to read the object"]
pub struct GetObject {
    store: Store,
    name: String,
    range: (u64, u64),
}

impl Objects {
    /// Reads an object; `None` at once if there is none. A link is followed, also to another store. Any server of
    /// the store's replicas answers, and one may be a moment behind.
    ///
    /// ```
    /// # use tidings::ObjectStoreConfig;
    /// # use tidings::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.apply(bus.plan_stream(&ObjectStoreConfig::new("notes").to_stream()).await?).await?;
    /// # let notes = bus.objects("notes");
    /// notes.put("monday.txt", "what was said").await?;
    /// let note = notes.get("monday.txt").await?.ok_or("there is no such note")?;
    /// assert_eq!(note.bytes().await?, "what was said");
    /// let part = notes.get("monday.txt").range(5..8).await?.ok_or("there is no such note")?;
    /// assert_eq!(part.bytes().await?, "was");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, [`ObjectGetError`].
    pub fn get(&self, name: impl Into<String>) -> GetObject {
        GetObject { store: self.store.clone(), name: name.into(), range: (0, u64::MAX) }
    }
}

impl Objects {
    /// Reads an object by the word of the store's leader. A link is none.
    pub(crate) async fn get_from_leader(
        &self,
        name: &str,
    ) -> Result<Option<Object>, ObjectGetError> {
        let subject = subject_of(&self.store, name)?;
        let there = last_of_leader(&self.store, &subject).await?.filter(|last| !last.is_marker());
        let info = there.map(|there| read(&self.store, &there)).transpose()?;
        let info = info.filter(|info| !info.is_deleted && info.link.is_none());
        info.map(|info| Object::open(self.store.clone(), info, (0, u64::MAX))).transpose()
    }
}

impl GetObject {
    /// Reads these bytes alone, as far as the object has them. What comes before them is read from the
    /// store and left out; the digest is of the whole object, and so it is not checked unless the range
    /// goes to its end from its beginning.
    pub fn range(mut self, range: impl RangeBounds<u64>) -> Self {
        let begin = match range.start_bound() {
            Bound::Included(begin) => *begin,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        self.range = (begin, end.max(begin));
        self
    }

    async fn open(self) -> Result<Option<Object>, ObjectGetError> {
        let Self { store, name, range } = self;
        let Some(info) = described(&store, &name).await? else { return Ok(None) };
        let Some(link) = &info.link else { return Object::open(store, info, range).map(Some) };
        let ObjectLink { store: target, name: of_it } = link;
        let Some(of_it) = of_it else {
            let (store, target) = (store.bucket().to_owned(), target.clone());
            return Err(ObjectGetError::StoreLink { store, name, target });
        };
        let other = store_of(store.link.clone(), target);
        match described(&other, of_it).await? {
            Some(info) if info.link.is_none() => Object::open(other, info, range).map(Some),
            _ => {
                let (store, target) = (store.bucket().to_owned(), format!("{target}/{of_it}"));
                Err(ObjectGetError::DeadLink { store, name, target })
            }
        }
    }
}

async fn described(store: &Store, name: &str) -> Result<Option<ObjectInfo>, ObjectGetError> {
    let subject = subject_of(store, name)?;
    Ok(last(store, &subject).await?.filter(|info| !info.is_deleted))
}

impl IntoFuture for GetObject {
    type Output = Result<Option<Object>, ObjectGetError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// An object that is read: a [`Stream`] of its bytes, piece by piece, which ends behind the last.
///
/// A few megabytes are on the way at a time, however large it is and however slowly it is read. The last
/// piece is handed on once the digest of all is known to be right.
pub struct Object {
    info: ObjectInfo,
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, ObjectReadError>> + Send>>,
    /// Number of bytes that the reader yields.
    len: u64,
    progress: Option<Box<dyn FnMut(u64) + Send>>,
    read: u64,
    ended: bool,
}

impl Object {
    fn open(store: Store, info: ObjectInfo, range: (u64, u64)) -> Result<Self, ObjectGetError> {
        let digest = info.digest.clone().unwrap_or_default();
        let is_known = digest.starts_with(SHA_256) || digest.is_empty() && info.size == 0;
        if !is_known {
            let (store, name) = (store.bucket().to_owned(), info.meta.name);
            return Err(ObjectGetError::Digest { store, name, digest });
        }
        let (begin, end) = (range.0.min(info.size), range.1.min(info.size));
        let chunks = Subject::from(chunks_of(store.bucket(), &info.nuid));
        let pieces = Pieces {
            chunks: Chunks::new(store.clone(), chunks, info.size, info.chunks),
            store,
            info: info.clone(),
            digest: (begin == 0 && end == info.size).then(Sha256::new),
            begin,
            end,
            at: 0,
            held: None,
        };
        let pieces = try_unfold(pieces, |mut pieces| async move {
            Ok(pieces.next().await?.map(|piece| (piece, pieces)))
        });
        let len = end - begin;
        let (pieces, progress) = (Box::pin(pieces), None);
        Ok(Self { info, pieces, len, progress, read: 0, ended: false })
    }

    /// Description of the object.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Tells how many bytes were handed on, with each piece.
    /// What it counts in is shared with whoever looks: an `Arc<AtomicU64>`, a channel.
    #[must_use]
    pub fn progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// The next piece of it; `None` behind the last.
    ///
    /// # Errors
    /// [`ObjectReadError`], after which nothing follows.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Bytes, ObjectReadError>> {
        futures_util::StreamExt::next(self).await
    }

    /// All of its bytes, in memory.
    ///
    /// # Errors
    /// [`ObjectReadError`]
    ///
    /// # Cancel safety
    /// What was read is dropped with the future.
    pub async fn bytes(mut self) -> Result<Bytes, ObjectReadError> {
        let Some(first) = self.next().await.transpose()? else { return Ok(Bytes::new()) };
        if first.len() as u64 == self.len {
            // Behind it there is only the end.
            return match self.next().await {
                Some(Err(error)) => Err(error),
                _ => Ok(first),
            };
        }
        // What a description says is nobody's promise.
        let room = usize::try_from(self.len.min(64 << 20)).unwrap_or_default();
        let mut all = BytesMut::with_capacity(room);
        all.extend_from_slice(&first);
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.freeze())
    }

    /// Writes all of its bytes and flushes; gives how many there were.
    ///
    /// # Errors
    /// [`ObjectReadError`]. What was written by then is not all of the object: behind a wrong digest it lacks
    /// the last bytes.
    ///
    /// # Cancel safety
    /// A part of it was written if the future is dropped.
    pub async fn write_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> Result<u64, ObjectReadError> {
        let mut written = 0;
        let (store, name) = (self.info.store.clone(), self.info.meta.name.clone());
        let failed = |source| {
            let (store, name) = (store.clone(), name.clone());
            ObjectReadError::Write { store, name, source }
        };
        while let Some(piece) = self.next().await {
            let piece = piece?;
            writer.write_all(&piece).await.map_err(failed)?;
            written += piece.len() as u64;
        }
        writer.flush().await.map_err(failed)?;
        Ok(written)
    }
}

impl Stream for Object {
    type Item = Result<Bytes, ObjectReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let next = std::task::ready!(this.pieces.poll_next_unpin(cx));
        match &next {
            Some(Ok(piece)) => {
                this.read += piece.len() as u64;
                if let Some(progress) = &mut this.progress {
                    progress(this.read);
                }
            }
            Some(Err(_)) | None => this.ended = true,
        }
        Poll::Ready(next)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The bytes of an object that are still to come.
struct Pieces {
    store: Store,
    chunks: Chunks,
    info: ObjectInfo,
    /// The digest so far, where all is read.
    digest: Option<Sha256>,
    begin: u64,
    end: u64,
    /// Number of bytes that were read.
    at: u64,
    /// A piece that waits for the next one.
    held: Option<Bytes>,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectReadError> {
        loop {
            if self.at >= self.end {
                if let Some(digest) = self.digest.take() {
                    self.check(digest)?;
                }
                return Ok(self.held.take());
            }
            let store = self.store.bucket();
            let read = self.chunks.next().await;
            let Some(chunk) = read.map_err(|fault| ObjectGetError::of(fault, store))? else {
                let (store, name) = (store.to_owned(), self.info.meta.name.clone());
                let (size, read) = (self.info.size, self.at);
                return Err(ObjectReadError::Incomplete { store, name, size, read });
            };
            if let Some(digest) = &mut self.digest {
                digest.update(&chunk);
            }
            let begin = self.at;
            self.at += chunk.len() as u64;
            let piece = part(&chunk, begin, self.begin, self.end);
            if piece.is_empty() {
                continue;
            }
            if let Some(piece) = self.held.replace(piece) {
                return Ok(Some(piece));
            }
        }
    }

    fn check(&self, digest: Sha256) -> Result<(), ObjectReadError> {
        let (store, name) = (|| self.store.bucket().to_owned(), self.info.meta.name.clone());
        if self.at > self.info.size {
            return Err(ObjectReadError::TooLong { store: store(), name, size: self.info.size });
        }
        let found = digest_of(digest);
        let expected = self.info.digest.clone().unwrap_or_default();
        // Some clients leave the signs at its end out.
        if self.info.size > 0 && found.trim_end_matches('=') != expected.trim_end_matches('=') {
            let store = store();
            return Err(ObjectReadError::WrongDigest { store, name, expected, found });
        }
        Ok(())
    }
}

/// The part of a chunk, which begins at a place, that lies between two places.
fn part(chunk: &Bytes, at: u64, begin: u64, end: u64) -> Bytes {
    let len = chunk.len() as u64;
    let from = begin.saturating_sub(at).min(len);
    let to = end.saturating_sub(at).min(len).max(from);
    match (usize::try_from(from), usize::try_from(to)) {
        (Ok(from), Ok(to)) => chunk.slice(from..to),
        _ => Bytes::new(),
    }
}
