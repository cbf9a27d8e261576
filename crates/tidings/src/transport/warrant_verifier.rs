//! Checks that a message was put back by whoever may, as the dead-letter stream that it names shows.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hashbrown::HashMap;
use tokio::time::{Instant, sleep, timeout};

use crate::header::Headers;
use crate::lock::locked;
use crate::transport::{Fault, Transport, Which};
use crate::warrant::{Warrant, key_subject};

/// Time that a key is looked for, where the server does not answer.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Time for which a stream that did not answer is not asked again: messages wait meanwhile.
const SILENCE: Duration = Duration::from_secs(30);
/// Maximum number of keys, and of streams that did not answer, that are remembered.
const MOST: usize = 256;

/// Looks keys up, each once; clones share what they know.
#[derive(Clone)]
pub(crate) struct WarrantVerifier {
    transport: Transport,
    known: Arc<Mutex<KeyCache>>,
}

#[derive(Default)]
struct KeyCache {
    /// Keys, by dead-letter stream and sequence.
    keys: HashMap<(String, u64), String>,
    /// Times until which streams are not asked again.
    silent: HashMap<String, Instant>,
}

impl WarrantVerifier {
    pub(crate) fn new(transport: &Transport) -> Self {
        Self { transport: transport.clone(), known: Arc::default() }
    }

    /// Returns `true` if a message is as one signed it who may put letters back. What can't be
    /// found out is not so.
    pub(crate) async fn verifies(&self, subject: &str, headers: &Headers, payload: &[u8]) -> bool {
        let Some(warrant) = Warrant::of(headers) else { return false };
        match self.key(&warrant).await {
            Some(key) => warrant.holds(&key, subject, headers, payload),
            None => false,
        }
    }

    async fn key(&self, Warrant { letters, sequence, .. }: &Warrant) -> Option<String> {
        let place = (letters.clone(), *sequence);
        {
            let known = self.known();
            if let Some(key) = known.keys.get(&place) {
                return Some(key.clone());
            }
            if known.silent.get(letters).is_some_and(|until| *until > Instant::now()) {
                return None;
            }
        }
        let Ok(found) = timeout(LOOKUP_TIMEOUT, self.look(letters, *sequence)).await else {
            tracing::warn!(letters, "a dead-letter stream does not say who put a message back");
            let mut known = self.known();
            if known.silent.len() >= MOST {
                known.silent.clear();
            }
            known.silent.insert(letters.clone(), Instant::now() + SILENCE);
            return None;
        };
        let key = found?;
        let mut known = self.known();
        if known.keys.len() >= MOST {
            known.keys.clear();
        }
        known.keys.insert(place, key.clone());
        Some(key)
    }

    async fn look(&self, letters: &str, sequence: u64) -> Option<String> {
        loop {
            let fault = match self.transport.stored(letters, Which::At(sequence)).await {
                Ok(found) => {
                    let found = found.filter(|it| it.subject.as_str() == key_subject(letters))?;
                    return String::from_utf8(found.payload.to_vec()).ok();
                }
                Err(fault) => fault,
            };
            let is_passing = match &fault {
                Fault::NoResponders => true,
                Fault::Api(error) => error.is_passing(),
                fault => fault.is_timeout(),
            };
            if !is_passing {
                tracing::debug!(letters, %fault, "a key can't be read");
                return None;
            }
            sleep(PAUSE).await;
        }
    }

    fn known(&self) -> MutexGuard<'_, KeyCache> {
        locked(&self.known)
    }
}

impl fmt::Debug for WarrantVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WarrantVerifier")
    }
}
