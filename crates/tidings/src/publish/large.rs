//! Events that may be too large for a message: their payloads go through an object store, or are refused.

use super::{Prepared, PublishError};
use crate::claim_check::{self, CheckInFault};
use crate::header;
use crate::link::Link;
use crate::message::Declaration;
use crate::transport::Outgoing;

/// Stores the payload of a message as an object, if the message would be too large with it.
pub(super) async fn check_in(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: &mut Outgoing,
) -> Result<(), PublishError> {
    if !claim_check::is_over(link, declaration, outgoing) {
        return Ok(());
    }
    if outgoing.headers.get(header::SCHEDULE).is_some() {
        let problem = "it waits for its time, which its object may not live to see";
        return Err(refused(link, outgoing, problem));
    }
    let stored = claim_check::check_in(link, declaration, outgoing).await;
    stored.map_err(|CheckInFault { store, source }| PublishError::Large {
        subject: outgoing.subject.to_string(),
        store,
        source: Box::new(source),
    })
}

/// Stores the payloads of those messages that would be too large with them.
pub(crate) async fn check_in_all(
    link: &Link,
    parts: &[Prepared],
) -> Result<Option<Vec<Prepared>>, (usize, PublishError)> {
    let is_over = |part: &Prepared| claim_check::is_over(link, part.declaration, &part.outgoing);
    if !parts.iter().any(is_over) {
        return Ok(None);
    }
    let mut parts = parts.to_vec();
    for (place, part) in parts.iter_mut().enumerate() {
        let checked = check_in(link, part.declaration, &mut part.outgoing).await;
        checked.map_err(|error| (place, error))?;
    }
    Ok(Some(parts))
}

/// Refuses a message that would be too large for what is done with it.
pub(crate) fn refuse_large(
    link: &Link,
    declaration: &Declaration,
    outgoing: &Outgoing,
    problem: &'static str,
) -> Result<(), PublishError> {
    let size = outgoing.payload.len() + outgoing.headers.wire_len();
    if declaration.large.is_some() && size > link.transport.max_payload() {
        return Err(refused(link, outgoing, problem));
    }
    Ok(())
}

fn refused(link: &Link, outgoing: &Outgoing, problem: &'static str) -> PublishError {
    // What waits stands on a subject of its own, which says nothing to who publishes it.
    let target = outgoing.headers.get(header::SCHEDULE_TARGET);
    PublishError::LargeRefused {
        subject: target.unwrap_or(outgoing.subject.as_str()).to_owned(),
        size: outgoing.payload.len() + outgoing.headers.wire_len(),
        limit: link.transport.max_payload(),
        problem,
    }
}
