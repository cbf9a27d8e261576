//! Putting: an object from bytes or from a reader.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::future::try_join;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use uuid::Uuid;

use super::config::chunks_of;
use super::description::subject_of;
use super::error::ObjectPutError;
use super::finish::{Before, Finish};
use super::info::ObjectInfo;
use super::insistence::Insistence;
use super::meta::ObjectMeta;
use super::store::Objects;
use super::upload::{Progress, Upload, chunk_size};
use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::Fault;

/// An object that is to be stored: await it, or first say more of it. It gives the description.
///
/// # Errors
/// Awaited, [`ObjectPutError`].
///
/// # Cancel safety
/// Where the future is dropped while chunks are sent, what was stored of them is removed; where it is
/// dropped later, the put goes on by itself, and the object is stored or it is not.
#[must_use = "await it to store the object"]
pub struct PutObject<'a> {
    store: Store,
    meta: ObjectMeta,
    source: Source<'a>,
    at: Option<u64>,
    progress: Option<Progress>,
    /// Digest of what the source has, where that is known.
    digest: Option<String>,
    since: Option<&'static str>,
}

enum Source<'a> {
    Bytes(Bytes),
    Reader(Pin<Box<dyn AsyncRead + Send + 'a>>),
}

impl Objects {
    /// Stores an object of bytes, whatever was there of its name: `objects.put("7.pdf", bytes)`, or with
    /// an [`ObjectMeta`] that says more. It is there, whole, once this is awaited.
    ///
    /// # Errors
    /// Awaited, [`ObjectPutError`].
    pub fn put<'a>(&self, meta: impl Into<ObjectMeta>, data: impl Into<Bytes>) -> PutObject<'a> {
        PutObject::new(self.store.clone(), meta.into(), Source::Bytes(data.into()))
    }

    /// Stores an object of what a reader yields, up to its end. Chunks are as large as they may be,
    /// however little it yields at a time.
    ///
    /// ```
    /// use tidings::ObjectStoreConfig;
    /// use tidings::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::in_memory();
    /// bus.apply(bus.plan_stream(&ObjectStoreConfig::new("notes").to_stream()).await?).await?;
    /// let notes = bus.objects("notes");
    /// let reader: &[u8] = b"what was said"; // a file, a socket
    /// let stored = notes.put_from("monday.txt", reader).await?;
    /// assert_eq!(stored.size, 13);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, [`ObjectPutError`]; [`ObjectPutError::Read`] where the reader fails, and then nothing is
    /// left of the object.
    pub fn put_from<'a>(
        &self,
        meta: impl Into<ObjectMeta>,
        reader: impl AsyncRead + Send + 'a,
    ) -> PutObject<'a> {
        PutObject::new(self.store.clone(), meta.into(), Source::Reader(Box::pin(reader)))
    }
}

impl<'a> PutObject<'a> {
    fn new(store: Store, meta: ObjectMeta, source: Source<'a>) -> Self {
        Self { store, meta, source, at: None, progress: None, digest: None, since: None }
    }

    /// Stores it only if the object's revision is this one; 0 for one that never was there.
    pub fn at(mut self, revision: u64) -> Self {
        self.at = Some(revision);
        self
    }

    /// Tells how many bytes are stored, each time that it is known of more.
    /// What it counts in is shared with whoever looks: an `Arc<AtomicU64>`, a channel.
    pub fn progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Says the digest of the bytes, which is not made once more then.
    pub(crate) fn of_digest(mut self, digest: String) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Says in the metadata of this name since when there is an object of this one's name, whoever has replaced
    /// it; nothing where there was none.
    pub(crate) fn since(mut self, name: &'static str) -> Self {
        self.since = Some(name);
        self
    }

    async fn send(self) -> Result<ObjectInfo, ObjectPutError> {
        let Self { store, mut meta, source, at, progress, digest, since } = self;
        let subject = subject_of(&store, &meta.name)?;
        let size = chunk_size(&store, meta.chunk_size);
        meta.chunk_size = u32::try_from(size).ok();
        let nuid = Uuid::now_v7().simple().to_string();
        let chunks = Subject::from(chunks_of(store.bucket(), &nuid));
        let mut upload = Upload::new(store.clone(), chunks, progress, digest);
        // What is replaced is asked for beside the chunks.
        let before = async { Before::find(&store, &subject).await.map_err(ObjectPutError::from) };
        let filled = async {
            let filled = fill(&mut upload, source, size).await;
            filled.map_err(|unread| match unread {
                Unread::Fault(fault) => ObjectPutError::of(fault, store.bucket(), &meta.name),
                Unread::Reader(source) => {
                    let (store, name) = (store.bucket().to_owned(), meta.name.clone());
                    ObjectPutError::Read { store, name, source }
                }
            })
        };
        let before = match try_join(before, filled).await {
            Ok((before, ())) => before,
            Err(error) => {
                upload.abandon().await;
                return Err(error);
            }
        };
        let uploaded = upload.whole();
        let info = ObjectInfo {
            store: store.bucket().to_owned(),
            meta,
            nuid,
            size: uploaded.size,
            chunks: uploaded.chunks,
            digest: Some(uploaded.digest),
            link: None,
            revision: 0,
            modified: store.link.transport.now(),
            is_deleted: false,
        };
        Insistence::new(Finish { store, subject, info, before, at, since }.run()).await
    }
}

impl<'a> IntoFuture for PutObject<'a> {
    type Output = Result<ObjectInfo, ObjectPutError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for PutObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (store, meta) = (self.store.bucket(), &self.meta);
        f.debug_struct("PutObject")
            .field("store", &store)
            .field("meta", meta)
            .finish_non_exhaustive()
    }
}

enum Unread {
    Fault(Fault),
    Reader(io::Error),
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Sends all of a source in chunks of this size, and waits until they are stored.
async fn fill(upload: &mut Upload, source: Source<'_>, size: usize) -> Result<(), Unread> {
    match source {
        Source::Bytes(mut bytes) => {
            while !bytes.is_empty() {
                let chunk = bytes.split_to(size.min(bytes.len()));
                upload.send(chunk).await?;
            }
        }
        Source::Reader(mut reader) => loop {
            let mut chunk = BytesMut::with_capacity(size);
            let mut limited = (&mut reader).take(size as u64);
            while chunk.len() < size
                && limited.read_buf(&mut chunk).await.map_err(Unread::Reader)? > 0
            {}
            let is_last = chunk.len() < size;
            if !chunk.is_empty() {
                upload.send(chunk.freeze()).await?;
            }
            if is_last {
                break;
            }
        },
    }
    Ok(upload.end().await?)
}
