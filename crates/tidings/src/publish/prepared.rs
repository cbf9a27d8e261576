//! An event made ready to be sent: its message, its id, and when it is due.

use std::time::{Duration, SystemTime};

use super::PublishError;
use crate::cloud_event::CloudEvents;
use crate::envelope;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{Causation, Declaration, Event};
use crate::stream::Retention;
use crate::timestamp;
use crate::traces::Parent;
use crate::transport::Outgoing;

/// A message that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) declaration: &'static Declaration,
    pub(crate) outgoing: Outgoing,
    /// Time since which an earlier run of the same handler may have published it.
    pub(crate) run_before_since: Option<SystemTime>,
    /// Parent of its span.
    pub(crate) parent: Parent,
    /// `true` if it is delayed, and takes the place of a copy that waits for another time. What a
    /// handler's second run publishes with a derived id does not: that of the first run holds.
    pub(crate) reschedules: bool,
}

/// Prepares an event to be sent, and after `delay` delivered. One that says no id gets one from its causation, where it
/// has any.
pub(crate) fn prepare<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    delay: Option<Duration>,
    causation: Option<&dyn Causation>,
    cloud_events: Option<&CloudEvents>,
) -> Result<Prepared, PublishError> {
    let encoded = envelope::encode(event, link.reads_back())?;
    let declaration = encoded.declaration;
    let mut run_before_since = None;
    let (mut id, mut is_derived) = (None, false);
    if let Some(causation) = causation
        && declaration.stream.is_some()
        && headers.get(header::MESSAGE_ID).is_none()
    {
        id = event.message_id();
        if id.is_none() {
            let (subject, json) = (encoded.subject.as_str(), &encoded.payload);
            id = causation.derive_id(declaration.name, subject, json);
            is_derived = id.is_some();
            run_before_since = causation.run_before_since();
        }
    }
    let mut outgoing = envelope::seal(encoded, headers, || id.or_else(|| event.message_id()));
    if let Some(options) = cloud_events {
        envelope::wrap(&mut outgoing, event, options, link.transport.now());
    }
    let reschedules = delay.is_some() && !is_derived;
    if let Some(delay) = delay {
        outgoing = postpone(link, declaration, outgoing, delay)?;
    }
    Ok(Prepared { declaration, outgoing, run_before_since, parent: Parent::default(), reschedules })
}

/// Postpones the message by `delay`.
fn postpone(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: Outgoing,
    delay: Duration,
) -> Result<Outgoing, PublishError> {
    let subject = outgoing.subject.to_string();
    let config = declaration.stream.map(|stream| (stream.config)());
    let due = link.transport.now().checked_add(delay).and_then(timestamp::write);
    let problem = match (config.filter(|config| config.allow_message_schedules), due) {
        (None, _) => "its stream does not allow it; declare that with `allow_message_schedules`",
        (_, None) => "it would be due after the year 9999, and no server can read such a time",
        // A server (2.15.1) drops what waits as it confirms it, unless somebody consumes the subject on
        // which it waits.
        (Some(config), _) if config.retention == Retention::Interest => {
            "its stream keeps by interest, and drops what waits; use another retention"
        }
        (Some(config), _) if config.max_age.is_some_and(|age| !age.is_zero() && age <= delay) => {
            "it is as long as the stream's `max_age` or longer, which ends what waits, too"
        }
        (Some(config), Some(at)) => match envelope::postpone(outgoing, &config.name, &at) {
            Some(postponed) => return Ok(postponed),
            None => "its id can't stand in a subject; give it another with `.message_id(…)`",
        },
    };
    Err(PublishError::Delay { subject, problem: problem.to_owned() })
}
