//! The key of a redrive: its public half stands in the dead-letter stream before anything is put back.

use super::error::DeadLetterError;
use super::store;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, Which};
use crate::warrant::{NewKey, Signer, key_subject};

/// Maximum number of keys that stay in a dead-letter stream. What was put back with one that is
/// gone is an event as any other. Fewer in a test, since each takes a while to be made.
pub(super) const MOST: u64 = if cfg!(test) { 8 } else { 1_000 };

/// Makes a key, and waits until the dead-letter stream has it.
pub(super) async fn make(link: &Link, letters: &str) -> Result<Signer, DeadLetterError> {
    let key = NewKey::new();
    let public = key.public();
    let mut headers = Headers::new();
    headers.push(header::MESSAGE_ID, public.clone());
    headers.push(header::EXPECTED_STREAM, letters.to_owned());
    let subject = Subject::from(key_subject(letters));
    let message = Outgoing { subject, headers, payload: public.into() };
    let stored = store::confirmed(link, letters, message).await;
    let ack = stored.map_err(|fault| DeadLetterError::of(fault, letters))?;
    if let Err(fault) = prune(link, letters).await {
        tracing::debug!(letters, %fault, "keys of old redrives can't be removed");
    }
    Ok(key.stored(letters, ack.sequence))
}

/// Removes the oldest keys where there are too many.
async fn prune(link: &Link, letters: &str) -> Result<(), Fault> {
    let subject = key_subject(letters);
    let transport = &link.transport;
    let there = transport.count_messages(letters, &subject).await?;
    for _ in MOST..there {
        let which = Which::Next { from: 1, filter: &subject };
        let Some(oldest) = transport.stored(letters, which).await? else { break };
        store::remove(transport, letters, oldest.sequence).await?;
    }
    Ok(())
}
