//! Proof that a message was put back by somebody who may do that. Some headers of such a message
//! steer its consumers, and whoever publishes can write headers: they count with a signature alone.
//!
//! Each redrive has a key of its own. It signs what it puts back, and lays the public half into the
//! dead-letter stream, on a subject where only those may write who may put letters back.

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use sha2::{Digest as _, Sha256};
use tidings_subject::check_stream_name;

use crate::header::{self, Headers};
use crate::subject::LETTERS;

/// The beginning of all that is signed, so that a signature of something else is none of it.
const FORM: &str = "tidings-warrant-1";
/// Number of characters of a signature.
const SIGNATURE: usize = 86;

/// The subject in a dead-letter stream on which the keys of its redrives stand.
pub(crate) fn key_subject(letters: &str) -> String {
    format!("{LETTERS}.{letters}._back")
}

/// The key of one redrive.
pub(crate) struct Signer {
    pair: KeyPair,
    /// `<dead-letter stream>.<sequence of the public key>`
    place: String,
}

/// A key that is not in its stream yet.
pub(crate) struct NewKey(KeyPair);

impl NewKey {
    pub(crate) fn new() -> Self {
        Self(KeyPair::new_user())
    }

    /// The public half, as it stands in the dead-letter stream.
    pub(crate) fn public(&self) -> String {
        self.0.public_key()
    }

    /// The signer, once the public half stands in its stream with this sequence.
    pub(crate) fn stored(self, letters: &str, sequence: u64) -> Signer {
        Signer { pair: self.0, place: format!("{letters}.{sequence}") }
    }
}

impl Signer {
    /// The header that says so of a message; `None` if the key can't sign.
    pub(crate) fn sign(&self, subject: &str, headers: &Headers, payload: &[u8]) -> Option<String> {
        let signature = self.pair.sign(&digest(subject, headers, payload)).ok()?;
        Some(format!("{}.{}", self.place, BASE64URL_NOPAD.encode(&signature)))
    }
}

/// A header at least as long as the one that will stand in its place.
pub(crate) fn blank(letters: &str, around: u64) -> String {
    format!("{letters}.{}.{}", around.saturating_mul(10), "A".repeat(SIGNATURE))
}

/// A message's claim of who put it back, not believed yet.
#[derive(Debug)]
pub(crate) struct Warrant {
    /// The dead-letter stream.
    pub(crate) letters: String,
    /// The sequence of the key there.
    pub(crate) sequence: u64,
    signature: Vec<u8>,
}

impl Warrant {
    /// Reads a message's warrant; `None` where there is none.
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        let (letters, rest) = headers.get(header::WARRANT)?.split_once('.')?;
        let (sequence, signature) = rest.split_once('.')?;
        check_stream_name(letters).ok()?;
        Some(Self {
            letters: letters.to_owned(),
            sequence: sequence.parse().ok()?,
            signature: BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?,
        })
    }

    /// Returns `true` if the owner of this public key signed the message, as it is.
    pub(crate) fn holds(
        &self,
        key: &str,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
    ) -> bool {
        let key = KeyPair::from_public_key(key);
        key.is_ok_and(|key| key.verify(&digest(subject, headers, payload), &self.signature).is_ok())
    }
}

/// Digest that is signed: of all of a message but what servers add and take away. The order of different
/// headers is none of it, since clients keep none.
fn digest(subject: &str, headers: &Headers, payload: &[u8]) -> [u8; 32] {
    let mut pairs: Vec<(String, &str, &str)> = headers
        .iter()
        .filter(|(name, _)| header::is_warranted(name))
        .map(|(name, value)| (name.to_ascii_lowercase(), name, value.trim()))
        .collect();
    pairs.sort_by(|(a, as_a, _), (b, as_b, _)| (a, as_a).cmp(&(b, as_b)));
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    };
    add(FORM.as_bytes());
    add(subject.as_bytes());
    for (name, _, value) in &pairs {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    add(payload);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.push(*name, *value);
        }
        headers
    }

    #[test]
    fn a_signature_holds_for_the_message_as_it_was_signed() {
        let key = NewKey::new();
        let public = key.public();
        let owner = key.stored("aside", 7);
        let signed =
            || headers(&[("Nats-Msg-Id", "1"), ("tenant", "acme"), ("Tidings-Only", "A/b")]);
        let text = owner.sign("orders.a", &signed(), b"{}").unwrap();
        assert_eq!(blank("aside", 1).len(), text.len() + 1);
        let mut sent = signed();
        sent.push(header::WARRANT, text.clone());
        let warrant = Warrant::of(&sent).unwrap();
        assert_eq!((warrant.letters.as_str(), warrant.sequence), ("aside", 7));
        assert!(warrant.holds(&public, "orders.a", &sent, b"{}"));
        // Another order, and what a server adds, make no difference.
        let mut other =
            headers(&[("Tidings-Only", "A/b"), ("tenant", " acme"), ("Nats-Msg-Id", "1")]);
        other.push("Nats-Stream-Source", "x");
        assert!(warrant.holds(&public, "orders.a", &other, b"{}"));

        assert!(!warrant.holds(&public, "orders.b", &sent, b"{}"));
        assert!(!warrant.holds(&public, "orders.a", &sent, b"{ }"));
        assert!(!warrant.holds(&NewKey::new().public(), "orders.a", &sent, b"{}"));
        assert!(!warrant.holds("", "orders.a", &sent, b"{}"));
        for (name, value) in [("Tidings-Only", "A/c"), ("Nats-Msg-Id", "2"), ("tenant", "else")] {
            let mut changed = signed();
            changed.set(name, value);
            assert!(!warrant.holds(&public, "orders.a", &changed, b"{}"), "{name}");
        }
        let mut more = signed();
        more.push("Tidings-Origin", "ORDERS.1.1");
        assert!(!warrant.holds(&public, "orders.a", &more, b"{}"));
    }

    #[test]
    fn what_is_no_warrant_is_read_as_none() {
        for text in ["", "a", "a.1", "a.x.AAAA", "a.1.!", ".1.AAAA", "a b.1.AAAA", "a.-1.AAAA"] {
            assert!(Warrant::of(&headers(&[("Tidings-Warrant", text)])).is_none(), "{text:?}");
        }
        assert!(Warrant::of(&Headers::new()).is_none());
    }
}
