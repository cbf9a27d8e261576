//! Messages with their payloads, which of large events are objects.

use std::borrow::Cow;

use crate::claim_check::{refers, whole};
use crate::envelope::{DecodeError, LargeEventError};
use crate::failure::Failure;
use crate::message::Outcome;
use crate::runner::active_route::ActiveRoute;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::transport::Incoming;

/// The message as its handler is to have it; where its payload can't be had, what becomes of it.
pub(super) async fn with_payload<'a>(
    active: &ActiveRoute,
    message: &'a Incoming,
) -> Result<Cow<'a, Incoming>, HandlerExit> {
    if !active.may_be_large() || !refers(message) {
        return Ok(Cow::Borrowed(message));
    }
    let read = whole(&active.link, active.declarations, message).await;
    read.map_err(|error| unread(message, error))
}

/// A store that can't be reached now is tried again, as a handler that fails; what is gone stays so.
fn unread(message: &Incoming, error: LargeEventError) -> HandlerExit {
    if error.is_passing() {
        return HandlerExit::Returned(Outcome::Failed(Failure::retry(error)));
    }
    HandlerExit::Undecodable(DecodeError::large(message, error))
}
