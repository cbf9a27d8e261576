//! Telling the ack of the stream that a message is for from anybody else's.

use crate::publish_ack::PublishAck;
use crate::transport::Fault;

/// An ack, if it is the stream's own: whoever hears a publish knows where its ack is awaited.
#[inline]
pub(crate) fn of_stream(ack: PublishAck, stream: &str) -> Result<PublishAck, Fault> {
    if ack.stream == stream { Ok(ack) } else { Err(Fault::WrongStream(ack.stream)) }
}
