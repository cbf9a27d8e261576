//! Chunks on their way to the store, and what becomes of them where an upload is cut.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64URL;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::insistence::Insistence;
use crate::backoff::Backoff;
use crate::confirm::of_stream;
use crate::header::Headers;
use crate::key_value::Store;
use crate::publish_ack::PublishAck;
use crate::subject::Subject;
use crate::transport::{ApiError, Fault, Outgoing, PendingAck, Which};

/// Size of chunks where nothing else is said, as every client's.
const CHUNK: usize = 128 * 1024;
/// Maximum number of bytes that are on the way, unconfirmed: a stream of several replicas bears them, and
/// one on a quick disk always has some to write.
const BYTES: usize = 4 << 20;
/// Maximum number of chunks that are on the way, unconfirmed.
const CHUNKS: usize = 1024;
/// The waits between attempts to remove chunks.
const CLEAR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// Time for which removing chunks is tried.
const CLEAR_FOR: Duration = Duration::from_secs(600);

/// Prefix of a digest, the algorithm of which it names.
pub(super) const SHA_256: &str = "SHA-256=";

/// The size of chunks, where that many bytes are asked for.
pub(super) fn chunk_size(store: &Store, asked: Option<u32>) -> usize {
    let asked = asked.and_then(|asked| usize::try_from(asked).ok()).filter(|asked| *asked > 0);
    asked.unwrap_or(CHUNK).min(store.link.transport.max_payload()).max(1)
}

/// A text for a digest.
pub(crate) fn digest_of(digest: Sha256) -> String {
    [SHA_256, &*BASE64URL.encode(&digest.finalize())].concat()
}

/// The chunks of one object on their way. Dropped before it is [whole](Self::whole), it removes what was
/// stored of them.
pub(super) struct Upload {
    store: Store,
    subject: Subject,
    waiting: VecDeque<InFlight>,
    /// Number of bytes that wait to be confirmed.
    bytes: usize,
    /// Bytes and chunks that were sent.
    size: u64,
    chunks: u64,
    digest: Digest,
    progress: Option<Progress>,
    /// Number of bytes that are stored.
    stored: u64,
    /// How many chunks were refused: nothing is left of them.
    refused: u64,
}

/// Digest of what is sent: made meanwhile, or known before.
enum Digest {
    Made(Sha256),
    Known(String),
}

pub(super) type Progress = Box<dyn FnMut(u64) + Send>;

struct InFlight {
    ack: PendingAck,
    size: usize,
    by: Instant,
}

/// Bytes and chunks that were stored.
pub(super) struct Uploaded {
    pub(super) size: u64,
    pub(super) chunks: u64,
    pub(super) digest: String,
}

impl Upload {
    /// `digest` is that of all that will be sent, where it is known.
    pub(super) fn new(
        store: Store,
        subject: Subject,
        progress: Option<Progress>,
        digest: Option<String>,
    ) -> Self {
        let waiting = VecDeque::new();
        let digest = digest.map_or_else(|| Digest::Made(Sha256::new()), Digest::Known);
        Self {
            store,
            subject,
            waiting,
            bytes: 0,
            size: 0,
            chunks: 0,
            digest,
            progress,
            stored: 0,
            refused: 0,
        }
    }

    /// Sends a chunk, once there is room for it.
    pub(super) async fn send(&mut self, chunk: Bytes) -> Result<(), Fault> {
        while self.waiting.len() >= CHUNKS
            || !self.waiting.is_empty() && self.bytes + chunk.len() > BYTES
        {
            self.confirm_oldest().await?;
        }
        let (subject, headers) = (self.subject.clone(), Headers::new());
        let outgoing = Outgoing { subject, headers, payload: chunk };
        let by = Instant::now() + self.store.link.timeouts.publish;
        let transport = &self.store.link.transport;
        let at_once = poll_fn(|cx| Poll::Ready(transport.store_at_once(&outgoing, by, cx))).await;
        // Before it may be dropped: something of it may be sent.
        self.chunks += 1;
        let ack = match at_once {
            Poll::Ready(sent) => sent?,
            Poll::Pending => match timeout_at(by, transport.store(&outgoing)).await {
                Ok(sent) => sent?,
                Err(_) => return Err(Fault::Timeout),
            },
        };
        let size = outgoing.payload.len();
        self.waiting.push_back(InFlight { ack, size, by });
        self.bytes += size;
        self.size += size as u64;
        // The chunk is on its way while it is digested.
        if let Digest::Made(digest) = &mut self.digest {
            digest.update(&outgoing.payload);
        }
        Ok(())
    }

    async fn confirm_oldest(&mut self) -> Result<(), Fault> {
        let Some(oldest) = self.waiting.front_mut() else { return Ok(()) };
        let confirmed = if oldest.ack.is_timed() {
            (&mut oldest.ack).await
        } else {
            timeout_at(oldest.by, &mut oldest.ack).await.unwrap_or(Err(Fault::Timeout))
        };
        let size = oldest.size;
        self.waiting.pop_front();
        self.refused += u64::from(is_refused(&confirmed));
        of_stream(confirmed?, self.store.stream())?;
        self.bytes -= size;
        self.stored += size as u64;
        if let Some(progress) = &mut self.progress {
            progress(self.stored);
        }
        Ok(())
    }

    /// Waits until all chunks are stored.
    pub(super) async fn end(&mut self) -> Result<(), Fault> {
        while !self.waiting.is_empty() {
            self.confirm_oldest().await?;
        }
        Ok(())
    }

    /// Leaves the chunks to who describes them.
    pub(super) fn whole(mut self) -> Uploaded {
        let (size, chunks) = (self.size, std::mem::take(&mut self.chunks));
        let digest = match &mut self.digest {
            Digest::Made(digest) => digest_of(std::mem::take(digest)),
            Digest::Known(digest) => std::mem::take(digest),
        };
        Uploaded { size, chunks, digest }
    }

    /// Removes what was stored of it: waits for that as long as a publish may take, then it goes on by
    /// itself.
    pub(super) async fn abandon(mut self) {
        if let Some(clearing) = self.clearing() {
            let _ = timeout(self.store.link.timeouts.publish, clearing).await;
        }
    }

    fn clearing(&mut self) -> Option<Insistence<()>> {
        let chunks = std::mem::take(&mut self.chunks);
        let mut refused = self.refused;
        if chunks == refused {
            return None;
        }
        let (store, subject) = (self.store.clone(), self.subject.clone());
        let waiting = std::mem::take(&mut self.waiting);
        Some(Insistence::new(async move {
            // A chunk on its way could arrive after the purge that is to remove it.
            for InFlight { ack, by, .. } in waiting {
                let answer = timeout_at(by, ack).await;
                refused += u64::from(answer.is_ok_and(|answer| is_refused(&answer)));
            }
            if refused < chunks {
                clear(&store, &subject).await;
            }
        }))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        drop(self.clearing());
    }
}

/// Returns `true` if the stream says that it has not stored a chunk, for whatever reason.
fn is_refused(answer: &Result<PublishAck, Fault>) -> bool {
    matches!(answer, Err(Fault::Api(error)) if !error.is_passing())
}

/// Removes all chunks of a subject, and insists on it while the server is away.
pub(super) async fn clear(store: &Store, subject: &Subject) {
    let (transport, stream) = (&store.link.transport, store.stream());
    let until = Instant::now() + CLEAR_FOR;
    let mut waits = CLEAR.waits();
    loop {
        let fault = match transport.purge_stream(stream, Some(subject)).await {
            Ok(_) => match transport.stored(stream, Which::Last { filter: subject.as_str() }).await
            {
                Ok(None) => return,
                // One came behind.
                Ok(Some(_)) => None,
                Err(fault) => Some(fault),
            },
            Err(fault) => Some(fault),
        };
        let is_over = match &fault {
            // With the store went all that was in it.
            Some(Fault::Api(error)) if error.code == ApiError::STREAM_NOT_FOUND => return,
            Some(Fault::Api(error)) => !error.is_passing(),
            Some(Fault::Denied(_) | Fault::Closed) => true,
            _ => false,
        };
        if is_over || Instant::now() >= until {
            let (store, subject) = (store.bucket(), subject.as_str());
            let fault = fault.map(|fault| fault.to_string());
            tracing::warn!(store, subject, fault, "chunks of an object are left; sweep the store");
            return;
        }
        sleep(waits.lengthen()).await;
    }
}
