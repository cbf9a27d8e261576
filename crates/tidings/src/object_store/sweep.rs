//! Removing chunks that nobody describes: those of uploads that were cut.

use std::collections::HashSet;
use std::future::poll_fn;
use std::time::Duration;

use super::config::chunks_of;
use super::description::read;
use super::error::ObjectGetError;
use super::store::Objects;
use super::watch::open;
use crate::key_value::{Start, Step};
use crate::subject::Subject;
use crate::transport::{Fault, Which};

impl Objects {
    /// Removes what cut uploads have left: chunks that no description names, the last of which is older
    /// than this. Gives how many uploads they were of. Choose a time in which no upload stands still.
    ///
    /// # Errors
    /// [`ObjectGetError`]
    ///
    /// # Cancel safety
    /// Some of them are removed if the future is dropped.
    pub async fn sweep(&self, older_than: Duration) -> Result<u64, ObjectGetError> {
        let (store, stream) = (&self.store, self.store.stream());
        let transport = &store.link.transport;
        let failed = |fault: Fault| ObjectGetError::of(fault, store.bucket());
        // Those of uploads that end meanwhile are described by then.
        let mut described = None;
        let all = chunks_of(store.bucket(), "*");
        let mut swept = 0;
        for subject in transport.subjects(stream, &all).await.map_err(failed)? {
            let described = match &mut described {
                Some(described) => described,
                none => none.insert(self.described().await?),
            };
            let nuid = subject.rsplit('.').next().unwrap_or_default();
            if described.contains(nuid) {
                continue;
            }
            let which = Which::Last { filter: &subject };
            let Some(last) = transport.stored(stream, which).await.map_err(failed)? else {
                continue;
            };
            let now = transport.stream_time(stream).await.map_err(failed)?;
            let age = now.unwrap_or_else(|| transport.now()).duration_since(last.stored_at);
            if age.is_ok_and(|age| age >= older_than) {
                let filter = Subject::from(subject);
                transport.purge_stream(stream, Some(&filter)).await.map_err(failed)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Identities of all versions that a description names.
    async fn described(&self) -> Result<HashSet<String>, ObjectGetError> {
        let failed = |fault| ObjectGetError::of(fault, self.store.bucket());
        let mut flow = open(&self.store, Start::Values).await?;
        let mut described = HashSet::new();
        while let Some(step) = poll_fn(|cx| flow.poll_step(cx)).await {
            match step {
                Step::Message(message) if message.is_marker() => {}
                // What can't be read may name any: then none is swept.
                Step::Message(message) => {
                    let info = read(&self.store, &message)?;
                    if !info.is_deleted {
                        described.insert(info.nuid);
                    }
                }
                Step::Current => return Ok(described),
                Step::Resynchronised => described.clear(),
                Step::Gone => {
                    return Err(ObjectGetError::NoStore { store: self.name().to_owned() });
                }
                Step::Failed(fault) => return Err(failed(fault)),
            }
        }
        Err(ObjectGetError::Closed)
    }
}
