//! The description of an object: where it stands, and what is there.

use data_encoding::BASE64URL;
use tidings_subject::MAX_LEN;

use super::error::{ObjectGetError, ObjectNameError};
use super::info::{self, ObjectInfo};
use super::store::Objects;
use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::{StoredMessage, Which};

/// The subject of the description of the object of this name.
pub(super) fn subject_of(store: &Store, name: &str) -> Result<Subject, ObjectNameError> {
    let limit = (MAX_LEN - store.all().as_str().len()) / 4 * 3;
    if name.is_empty() {
        return Err(ObjectNameError::Empty { store: store.bucket().to_owned() });
    }
    if name.len() > limit {
        let store = store.bucket().to_owned();
        return Err(ObjectNameError::TooLong { store, len: name.len(), limit });
    }
    let subject = store.subject(Ok(BASE64URL.encode(name.as_bytes())));
    subject.map_err(|error| ObjectNameError::of(error, store.bucket()))
}

/// Reads a stored description.
pub(super) fn read(store: &Store, message: &StoredMessage) -> Result<ObjectInfo, ObjectGetError> {
    let StoredMessage { sequence, stored_at, payload, .. } = message;
    info::read(payload, store.bucket(), *sequence, *stored_at).map_err(|source| {
        ObjectGetError::Description {
            store: store.bucket().to_owned(),
            name: name_of(store, &message.subject),
            payload: payload.clone(),
            source,
        }
    })
}

/// The name that stands in a subject, as far as it is text.
pub(super) fn name_of(store: &Store, subject: &Subject) -> String {
    let place = store.key_of(subject);
    let decoded = BASE64URL.decode(place.as_bytes()).ok().map(String::from_utf8);
    decoded.and_then(Result::ok).unwrap_or_else(|| place.to_owned())
}

/// The last description of an object, a marker of its removal too.
pub(super) async fn last(
    store: &Store,
    subject: &Subject,
) -> Result<Option<ObjectInfo>, ObjectGetError> {
    let last = store.link.transport.last(store.stream(), subject.as_str()).await;
    let last = last.map_err(|fault| ObjectGetError::of(fault, store.bucket()))?;
    // A server writes one in place of what has expired.
    let last = last.filter(|last| !last.is_marker());
    last.map(|last| read(store, &last)).transpose()
}

/// The description as the stream's leader has it, who has the last word.
pub(super) async fn last_of_leader(
    store: &Store,
    subject: &Subject,
) -> Result<Option<StoredMessage>, ObjectGetError> {
    let which = Which::Last { filter: subject.as_str() };
    let last = store.link.transport.stored(store.stream(), which).await;
    last.map_err(|fault| ObjectGetError::of(fault, store.bucket()))
}

impl Objects {
    /// The description of an object; `None` at once if there is none. That of a link is the link's own.
    ///
    /// # Errors
    /// [`ObjectGetError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn info(&self, name: &str) -> Result<Option<ObjectInfo>, ObjectGetError> {
        let subject = subject_of(&self.store, name)?;
        let last = last(&self.store, &subject).await?;
        Ok(last.filter(|info| !info.is_deleted))
    }
}
