//! Reading a payload from the object that holds it.

use std::borrow::Cow;

use bytes::Bytes;

use crate::envelope::{Claim, LargeEventError};
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{Declaration, versions};
use crate::object_store::{Object, ObjectGetError, ObjectReadError, Objects};
use crate::transport::Incoming;

/// Number of times that an object is opened that is replaced while it is read.
const TRIES: usize = 5;

/// Returns `true` if the payload of a message is in an object.
pub(crate) fn is_claim(headers: &Headers) -> bool {
    headers.get(header::LARGE_OBJECT).is_some()
}

/// Returns `true` if the payload of a message that came is in an object, without reading all of its headers.
pub(crate) fn refers(incoming: &Incoming) -> bool {
    incoming.headers.get(header::LARGE_OBJECT).is_some()
}

/// The message with its payload, wherever that is.
pub(crate) async fn whole<'a>(
    link: &Link,
    declarations: &'static [&'static Declaration],
    incoming: &'a Incoming,
) -> Result<Cow<'a, Incoming>, LargeEventError> {
    if !refers(incoming) {
        return Ok(Cow::Borrowed(incoming));
    }
    let payload = declared(link, declarations, &incoming.headers).await?;
    Ok(Cow::Owned(Incoming { payload, ..incoming.clone() }))
}

/// Reads the payload of a message of these that refers to an object, or fails because a test says so: as it
/// does while its store is out of reach.
pub(crate) async fn declared(
    link: &Link,
    declarations: &'static [&'static Declaration],
    headers: &Headers,
) -> Result<Bytes, LargeEventError> {
    if let Some(probe) = link.probe()
        && probe.hides_object(declarations)
    {
        let Claim { store, object, .. } = read(headers)?;
        let source = "a test puts it out of reach".into();
        return Err(LargeEventError::Unreachable { store, object, source });
    }
    check_out(link, stores(declarations), headers).await
}

/// Names of the stores that the streams of these declare.
fn stores(declarations: &'static [&'static Declaration]) -> impl Iterator<Item = &'static str> {
    let streams = versions(declarations).filter_map(|declaration| declaration.stream);
    streams.filter_map(|stream| stream.large_store).map(|store| store.name)
}

/// Reads the payload of a message that refers to an object, from one of these stores: that which its stream
/// declares. Who may publish does not choose what is read here.
pub(crate) async fn check_out(
    link: &Link,
    stores: impl IntoIterator<Item = &'static str>,
    headers: &Headers,
) -> Result<Bytes, LargeEventError> {
    let claim = read(headers)?;
    let mut declared = None;
    for store in stores {
        if store == claim.store {
            return get(link, &claim).await;
        }
        declared.get_or_insert(store);
    }
    let Claim { store, object, .. } = claim;
    let declared = declared.unwrap_or_default().to_owned();
    Err(LargeEventError::OtherStore { store, object, declared })
}

/// Reads the payload of a message that refers to an object, in whatever store that is.
pub(crate) async fn open(link: &Link, headers: &Headers) -> Result<Bytes, LargeEventError> {
    get(link, &read(headers)?).await
}

fn read(headers: &Headers) -> Result<Claim, LargeEventError> {
    Claim::of(headers).unwrap_or_else(|| {
        Err(LargeEventError::Reference {
            header: header::LARGE_OBJECT,
            value: None,
            object: String::new(),
        })
    })
}

async fn get(link: &Link, claim: &Claim) -> Result<Bytes, LargeEventError> {
    let objects = Objects::new(link.clone(), &claim.store);
    let names = || (claim.store.clone(), claim.object.clone());
    let mut revision = 0;
    for _ in 0..TRIES {
        let opened = match objects.get(&claim.object).await {
            // A replica may be behind: the leader has the last word.
            Ok(None) => objects.get_from_leader(&claim.object).await,
            opened => opened,
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(not_opened(link, &objects, claim, error).await),
        };
        let Some(object) = opened else {
            let (store, object) = names();
            return Err(LargeEventError::Missing { store, object });
        };
        check(claim, &object)?;
        let found = object.info().revision;
        match object.bytes().await {
            Ok(payload) => return Ok(payload),
            // The same event, published again, has replaced it meanwhile.
            Err(ObjectReadError::Incomplete { .. }) if found != revision => revision = found,
            Err(ObjectReadError::Get(error)) => {
                return Err(not_opened(link, &objects, claim, error).await);
            }
            Err(damage) => {
                let (store, object) = names();
                return Err(LargeEventError::Damaged { store, object, source: damage.into() });
            }
        }
    }
    let (store, object) = names();
    let source = "it was replaced each time that it was read".into();
    Err(LargeEventError::Unreachable { store, object, source })
}

/// Checks that an object is the one that the message was published with. That it is whole, reading shows.
fn check(claim: &Claim, object: &Object) -> Result<(), LargeEventError> {
    let info = object.info();
    let digest = info.digest.as_deref().unwrap_or("without a digest");
    let is_same = digest.trim_end_matches('=') == claim.digest.trim_end_matches('=');
    if is_same && info.size == claim.size {
        return Ok(());
    }
    let text = |digest: &str, size| format!("`{digest}` of {size} bytes");
    Err(LargeEventError::Changed {
        store: claim.store.clone(),
        object: claim.object.clone(),
        expected: text(&claim.digest, claim.size),
        found: text(digest, info.size),
    })
}

/// Tells a store that is gone from one that can't be asked now.
async fn not_opened(
    link: &Link,
    objects: &Objects,
    claim: &Claim,
    error: ObjectGetError,
) -> LargeEventError {
    let (store, object) = (claim.store.clone(), claim.object.clone());
    match error {
        ObjectGetError::Name(_)
        | ObjectGetError::Description { .. }
        | ObjectGetError::Digest { .. }
        | ObjectGetError::StoreLink { .. }
        | ObjectGetError::DeadLink { .. } => {
            LargeEventError::Damaged { store, object, source: error.into() }
        }
        ObjectGetError::NoStore { .. }
            if matches!(link.transport.stream(objects.stream()).await, Ok(None)) =>
        {
            LargeEventError::Missing { store, object }
        }
        error => LargeEventError::Unreachable { store, object, source: error.into() },
    }
}
