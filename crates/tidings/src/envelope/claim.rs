//! The reference to an object that holds a payload which is too large for its message.

use std::error::Error;

use crate::header::{self, Headers};

/// Place of a payload that is an object, as the headers of its event's message say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) store: String,
    pub(crate) object: String,
    /// Size in bytes.
    pub(crate) size: u64,
    pub(crate) digest: String,
}

impl Claim {
    /// Writes the claim into a message's headers.
    pub(crate) fn put_on(self, headers: &mut Headers) {
        headers.set(header::LARGE_STORE, self.store);
        headers.set(header::LARGE_OBJECT, self.object);
        headers.set(header::LARGE_SIZE, self.size.to_string());
        headers.set(header::LARGE_DIGEST, self.digest);
    }

    /// Reads it off the headers of a message; `None` if its payload is in the message itself.
    pub(crate) fn of(headers: &Headers) -> Option<Result<Self, LargeEventError>> {
        let object = headers.get(header::LARGE_OBJECT)?;
        let text = |name| {
            headers.get(name).ok_or_else(|| LargeEventError::Reference {
                header: name,
                value: None,
                object: object.to_owned(),
            })
        };
        let read = || {
            let size = text(header::LARGE_SIZE)?;
            Ok(Self {
                store: text(header::LARGE_STORE)?.to_owned(),
                object: object.to_owned(),
                size: size.parse().map_err(|_| LargeEventError::Reference {
                    header: header::LARGE_SIZE,
                    value: Some(size.to_owned()),
                    object: object.to_owned(),
                })?,
                digest: text(header::LARGE_DIGEST)?.to_owned(),
            })
        };
        Some(read())
    }
}

/// The payload of a large event could not be had: its message refers to an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LargeEventError {
    /// A header of the reference is missing, or is none.
    #[error(
        "the message refers to object `{object}` and {}: it was not written by Tidings",
        match value {
            Some(value) => format!("has the header `{header}: {value}`, which can't be read"),
            None => format!("lacks the header `{header}`"),
        }
    )]
    Reference {
        /// The header.
        header: &'static str,
        /// The header's value, if it has one.
        value: Option<String>,
        /// The object.
        object: String,
    },
    /// The payload was not read from its object: the type is not declared `large` here, or the message was
    /// taken without its type.
    #[error(
        "the payload is object `{object}` of store `{store}`, and was not read from there: declare the type \
         `large` as its publisher does, or read a message without its type with `Bus::open_large`"
    )]
    Unread {
        /// The store.
        store: String,
        /// The object.
        object: String,
    },
    /// The message refers to another store than the one that its stream declares. Nothing was read.
    #[error(
        "the message refers to object `{object}` of store `{store}`, and its stream declares `large_store` \
         `{declared}`: events are read from there alone"
    )]
    OtherStore {
        /// The store that the message names.
        store: String,
        /// The object.
        object: String,
        /// The declared store; empty if there is none.
        declared: String,
    },
    /// The object is missing: it was removed, or grew too old, before its event did.
    #[error("object `{object}` of store `{store}` is gone, and with it the payload of the event")]
    Missing {
        /// The store.
        store: String,
        /// The object.
        object: String,
    },
    /// The object is another one than the event was published with.
    #[error(
        "object `{object}` of store `{store}` is not the one that the event was published with: it is {found}, \
         and should be {expected}"
    )]
    Changed {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// Digest and size that the message says.
        expected: String,
        /// Digest and size of the object.
        found: String,
    },
    /// The object is not as it was stored: parts are missing, or others than were written.
    #[error("the payload of the event can't be read: {source}")]
    Damaged {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// The damage.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store can't be read now: another attempt may do better.
    #[error("object `{object}` of store `{store}` can't be read now: {source}")]
    Unreachable {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl LargeEventError {
    /// Returns `true` if another attempt may do better: the store was not reached.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            store: "orders-large".to_owned(),
            object: "order.7.abc".to_owned(),
            size: 5_000_000,
            digest: "SHA-256=abc".to_owned(),
        }
    }

    #[test]
    fn what_headers_say_is_read() {
        let mut headers = Headers::new();
        assert!(Claim::of(&headers).is_none());
        claim().put_on(&mut headers);
        assert_eq!(Claim::of(&headers).unwrap().unwrap(), claim());
        claim().put_on(&mut headers);
        assert_eq!(headers.len(), 4, "said once");
    }

    #[test]
    fn what_is_no_reference_names_its_header() {
        for name in [header::LARGE_STORE, header::LARGE_SIZE, header::LARGE_DIGEST] {
            let mut headers = Headers::new();
            claim().put_on(&mut headers);
            headers.remove(name);
            let error = Claim::of(&headers).unwrap().unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.is_passing());
        }
        let mut headers = Headers::new();
        claim().put_on(&mut headers);
        headers.set(header::LARGE_SIZE, "5 MB");
        let error = Claim::of(&headers).unwrap().unwrap_err();
        assert!(error.to_string().contains("5 MB"), "{error}");
    }
}
