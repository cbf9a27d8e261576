//! An event made ready to be sent: its message, its id, and when it is due.

use std::time::SystemTime;

use super::PublishError;
use super::postpone::{Postponement, postpone};
use crate::cloud_event::CloudEvents;
use crate::envelope;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{Causation, Declaration, Event};
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
    /// `true` if it is scheduled, and takes the place of a copy that waits for another time. What a
    /// handler's second run publishes with a derived id does not: that of the first run holds.
    pub(crate) reschedules: bool,
}

impl Prepared {
    /// Returns `true` if it is published again and again, and not once.
    pub(crate) fn recurs(&self) -> bool {
        let schedule = self.outgoing.headers.get(header::SCHEDULE);
        schedule.is_some_and(|schedule| !schedule.starts_with("@at "))
    }
}

/// Prepares an event to be sent, and delivered at once or by a schedule. One that says no id gets one from its causation,
/// where it has any.
pub(crate) fn prepare<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    asked: Option<&Postponement>,
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
    let reschedules = asked.is_some_and(|asked| !is_derived || asked.recurs());
    if let Some(asked) = asked {
        outgoing = postpone(link, event, outgoing, asked)?;
    }
    Ok(Prepared { declaration, outgoing, run_before_since, parent: Parent::default(), reschedules })
}
