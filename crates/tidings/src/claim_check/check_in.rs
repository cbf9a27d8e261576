//! Storing a payload that is too large for a message, before its event.

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use crate::envelope::Claim;
use crate::header;
use crate::link::Link;
use crate::message::Declaration;
use crate::object_store::{ObjectGetError, ObjectMeta, ObjectPutError, Objects, digest_of};
use crate::transport::Outgoing;

/// Maximum length of a message id that stands in its object's name as it is.
const LONGEST_ID: usize = 256;
/// Name of the metadata of an object that says on which subject its event is published.
const SUBJECT: &str = "tidings-subject";
/// Name of the metadata of an object that says of which stream its event is: a sweep of another stream, or of a store that
/// holds other things too, leaves what is not its own.
pub(super) const STREAM: &str = "tidings-stream";
/// Name of the metadata of an object that says since when it is there: whoever publishes its event again stores it
/// again, and the stream may keep the event of before.
pub(super) const SINCE: &str = "tidings-since";

/// Reason why a payload could not be stored. Nothing of its event was sent.
pub(crate) struct CheckInFault {
    pub(crate) store: &'static str,
    pub(crate) source: ObjectPutError,
}

/// Returns `true` if a message of a large event has more than it may: more than its type says, or than the
/// server takes.
pub(crate) fn is_over(link: &Link, declaration: &Declaration, outgoing: &Outgoing) -> bool {
    let Some(over) = declaration.large else { return false };
    let size = outgoing.payload.len();
    // What waits for its time may outlive its object.
    let may_wait = outgoing.headers.get(header::SCHEDULE).is_some();
    size as u64 > over && !may_wait
        || size + outgoing.headers.wire_len() > link.transport.max_payload()
}

/// Stores the payload of a message as an object, and has the message refer to that.
///
/// The object's name holds the message's id and the payload's digest: the same message again finds its own
/// object, and another one of the same id, which its stream does not store, changes nothing of it.
pub(crate) async fn check_in(
    link: &Link,
    declaration: &Declaration,
    outgoing: &mut Outgoing,
) -> Result<(), CheckInFault> {
    let Some(stream) = declaration.stream else { return Ok(()) };
    let Some(store) = stream.large_store else { return Ok(()) };
    let payload = std::mem::take(&mut outgoing.payload);
    let (size, digest) = (payload.len() as u64, digest_of(Sha256::new_with_prefix(&payload)));
    let id = outgoing.headers.get(header::MESSAGE_ID).unwrap_or_default();
    let object = name_of(id, &digest);
    let meta = ObjectMeta::new(&*object)
        .with_metadata(STREAM, stream.name)
        .with_metadata(SUBJECT, outgoing.subject.as_str());
    let put = Objects::new(link.clone(), store.name).put(meta, Bytes::clone(&payload));
    match put.of_digest(digest.clone()).since(SINCE).await {
        Ok(_) => {
            let store = store.name.to_owned();
            Claim { store, object, size, digest }.put_on(&mut outgoing.headers);
            Ok(())
        }
        Err(source) => {
            outgoing.payload = payload;
            // What was there before is asked for beside.
            let source = match source {
                ObjectPutError::Get(ObjectGetError::NoStore { store }) => {
                    ObjectPutError::NoStore { store }
                }
                source => source,
            };
            Err(CheckInFault { store: store.name, source })
        }
    }
}

/// Name of the object that holds a payload of this digest, of the message with this id.
fn name_of(id: &str, digest: &str) -> String {
    let digest = digest.rsplit_once("SHA-256=").map_or(digest, |(_, digest)| digest);
    let digest = digest.trim_end_matches('=');
    if id.len() <= LONGEST_ID {
        return format!("{id}.{digest}");
    }
    let short = BASE64URL_NOPAD.encode(&Sha256::digest(id));
    format!("{short}.{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(name_of("order.7", "SHA-256=abc="), "order.7.abc");
        let (one, other) = ("x".repeat(257), format!("{}y", "x".repeat(256)));
        let name = |id: &str| name_of(id, "SHA-256=abc=");
        assert_eq!(name(&one).len(), 43 + 4);
        assert_ne!(name(&one), name(&other));
    }
}
