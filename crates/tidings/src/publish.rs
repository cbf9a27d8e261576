//! Publishing: one event, or many at a time.

mod atomic;
mod batch;
mod error;
mod ingest;
mod locate;
mod send;
mod window;

pub use atomic::AtomicError;
pub(crate) use atomic::publish_atomically;
pub use batch::PublishAllError;
pub(crate) use batch::publish_all;
pub use error::PublishError;

use std::time::Duration;

use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::{Declaration, Event};
use crate::publish_ack::Acknowledgement;
use crate::transport::Outgoing;

/// Publishes one event with these headers, to be delivered after `delay`. `derived` is the id of an
/// event that declares none.
pub(crate) async fn publish<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    delay: Option<Duration>,
    derived: Option<String>,
) -> Result<E::Ack, PublishError> {
    let mut prepared = prepare(link, event, headers, delay, derived)?;
    send(link, &mut prepared).await
}

/// Publishes a message that is ready.
pub(crate) fn send<A: Acknowledgement>(
    link: &Link,
    prepared: &mut Prepared,
) -> impl Future<Output = Result<A, PublishError>> + Send {
    send::send(link, prepared.declaration, &mut prepared.outgoing)
}

/// A message that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) declaration: &'static Declaration,
    pub(crate) outgoing: Outgoing,
}

/// What [`publish`] sends.
pub(crate) fn prepare<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    delay: Option<Duration>,
    derived: Option<String>,
) -> Result<Prepared, PublishError> {
    let encoded = envelope::encode(event)?;
    let declaration = encoded.declaration;
    let mut outgoing = envelope::seal(encoded, headers, || event.message_id().or(derived));
    if let Some(delay) = delay {
        outgoing = postpone(link, declaration, outgoing, delay)?;
    }
    Ok(Prepared { declaration, outgoing })
}

/// The same message, to be delivered after `delay`.
fn postpone(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: Outgoing,
    delay: Duration,
) -> Result<Outgoing, PublishError> {
    let subject = outgoing.subject.to_string();
    let stream = declaration.stream.filter(|stream| (stream.config)().allow_message_schedules);
    let problem = match (stream, link.transport.now().checked_add(delay)) {
        (None, _) => "its stream does not allow it; declare that with `allow_message_schedules`",
        (_, None) => "there is no such time",
        (Some(stream), Some(at)) => match envelope::postpone(outgoing, stream.name, at) {
            Some(postponed) => return Ok(postponed),
            None => "its id can't stand in a subject; give it another with `.message_id(…)`",
        },
    };
    Err(PublishError::Delay { subject, problem: problem.to_owned() })
}
