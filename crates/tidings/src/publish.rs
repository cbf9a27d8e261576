//! Publishing: one event, or many at a time.

mod batch;
mod error;
mod send;

pub use batch::PublishAllError;
pub(crate) use batch::publish_all;
pub use error::PublishError;

use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::Event;

/// Publishes one event with these headers. `derived` makes the id of an event that declares none.
pub(crate) async fn publish<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    derived: Option<String>,
) -> Result<E::Ack, PublishError> {
    let encoded = envelope::encode(event)?;
    let declaration = encoded.declaration;
    let outgoing = envelope::seal(encoded, headers, || event.message_id().or(derived));
    send::send(link, declaration, outgoing).await
}
