//! Things that happen on a test's bus.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

use crate::dead_letter::DeadLetterReason;
use crate::envelope;
use crate::failure::Verdict;
use crate::header::{self, Headers};
use crate::message::{Declaration, Outcome, versions};
use crate::probe::{End, Work};
use crate::publish_ack::PublishAck;
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::{Incoming, Outgoing, Receipt, Settlement};

/// The most of a payload that a line shows, in characters.
const MOST_PAYLOAD: usize = 120;

/// A message, and what came of it.
#[derive(Debug)]
pub(super) struct RecordedOperation {
    pub(super) operation: Operation,
    /// Declaration of the message; more than one only where that can't be said, and what was
    /// expected, and none of a record.
    pub(super) declarations: Vec<&'static Declaration>,
    pub(super) subject: Subject,
    pub(super) headers: Headers,
    pub(super) payload: Bytes,
    pub(super) receipt: Option<Receipt>,
    /// Schedule that it waits for in its stream, if it is to be delivered later.
    pub(super) schedule: Option<Schedule>,
    pub(super) begun: Instant,
    pub(super) end: Ending,
}

/// A message that waits in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// The subject on which the message waits.
    pub(super) subject: Subject,
    /// Time at which the message is delivered.
    pub(super) at: SystemTime,
}

impl Schedule {
    fn of(outgoing: &Outgoing) -> Option<Self> {
        let at = outgoing.headers.get(header::SCHEDULE)?.strip_prefix("@at ")?;
        let at = timestamp::read(at)?;
        Some(Self { subject: outgoing.subject.clone(), at })
    }
}

/// Operation that was done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Publish,
    Ask,
    Handle,
}

/// End of some work: what came of it.
#[derive(Debug)]
pub(super) enum Ending {
    /// Unended, or dropped and without an end for ever.
    Open,
    Published(Option<PublishAck>),
    NotPublished(String),
    /// A reply came.
    Asked,
    /// No reply, or an error.
    AskedInVain(String),
    /// An event's handler returned `Ok`.
    Handled {
        acked: bool,
    },
    Replied(Vec<u8>),
    Declared {
        description: String,
        body: Vec<u8>,
    },
    /// Retried.
    Retried {
        error: String,
        delay: Option<Duration>,
    },
    /// Given up by its handler, where no stream keeps it.
    Rejected(String),
    /// A stream's event was put aside.
    PutAside {
        error: String,
        reason: DeadLetterReason,
    },
    /// A stream's was put aside too.
    Undecodable(String),
    /// The handler failed, and nothing brings the message again.
    Failed(String),
}

impl RecordedOperation {
    pub(super) fn new(work: Work<'_>) -> Self {
        let sent = |operation, declarations, outgoing: &Outgoing| Self {
            operation,
            declarations,
            // What waits is published on its own subject in the end.
            subject: match outgoing.headers.get(header::SCHEDULE_TARGET) {
                Some(target) => Subject::from(target.to_owned()),
                None => outgoing.subject.clone(),
            },
            headers: outgoing.headers.clone(),
            payload: outgoing.payload.clone(),
            receipt: None,
            schedule: Schedule::of(outgoing),
            begun: Instant::now(),
            end: Ending::Open,
        };
        match work {
            Work::Publish(declaration, outgoing) => {
                sent(Operation::Publish, vec![declaration], outgoing)
            }
            Work::Record(outgoing) => sent(Operation::Publish, Vec::new(), outgoing),
            Work::Ask(declaration, outgoing) => sent(Operation::Ask, vec![declaration], outgoing),
            Work::Handle { declarations, incoming } => Self {
                operation: Operation::Handle,
                declarations: envelope::declaration_of(declarations, incoming)
                    .map_or_else(|_| declarations.to_vec(), |one| vec![one]),
                subject: incoming.subject.clone(),
                headers: Headers::clone(&incoming.headers),
                payload: incoming.payload.clone(),
                receipt: incoming.receipt.clone(),
                schedule: None,
                begun: Instant::now(),
                end: Ending::Open,
            },
        }
    }

    /// The one of `declarations` that it is.
    pub(super) fn declared_by(
        &self,
        declarations: &'static [&'static Declaration],
    ) -> Option<&'static Declaration> {
        if self.declarations.is_empty() {
            return self.read_by(declarations);
        }
        versions(declarations).find(|ours| self.declarations.iter().any(|own| own.is(ours)))
    }

    /// The one of `declarations` that a receiver would take a record for.
    fn read_by(
        &self,
        declarations: &'static [&'static Declaration],
    ) -> Option<&'static Declaration> {
        let (subject, payload) = (self.subject.clone(), self.payload.clone());
        let headers = self.headers.clone().into();
        let incoming = Incoming { subject, headers, payload, ..Incoming::default() };
        envelope::declaration_of(declarations, &incoming).ok()
    }

    /// Wire name of the message, or names where it is one of several; a record's is not known.
    pub(super) fn name(&self) -> String {
        if self.declarations.is_empty() {
            return "record".to_owned();
        }
        let names: Vec<_> = self.declarations.iter().map(|d| d.name).collect();
        names.join("|")
    }

    /// Returns `true` if its payload is an object, and was that of what was published then.
    pub(super) fn refers_to(&self, published: &Self) -> bool {
        let Some(size) = self.headers.get(header::LARGE_SIZE) else { return false };
        let id = self.headers.get(header::ORIGINAL_ID);
        let id = id.or_else(|| self.headers.get(header::MESSAGE_ID));
        matches!(published.operation, Operation::Publish)
            && self.payload.is_empty()
            && published.headers.get(header::MESSAGE_ID) == id
            && published.payload.len().to_string() == size
    }

    pub(super) fn attempt(&self) -> u64 {
        self.receipt.as_ref().map_or(1, |receipt| receipt.attempt)
    }

    pub(super) fn sequence(&self) -> Option<u64> {
        self.receipt.as_ref().map(|receipt| receipt.sequence)
    }

    /// Writes the operation as one line: what was done, with what, and what came of it.
    pub(super) fn line(&self) -> String {
        let attempt = match self.attempt() {
            1 => String::new(),
            attempt => format!(" (attempt {attempt})"),
        };
        let tags: Vec<_> = self.declarations.iter().map(|d| d.tag).collect();
        let names = if tags.is_empty() { self.name() } else { tags.join("|") };
        let payload = String::from_utf8_lossy(&self.payload);
        let mut payload: String = payload.chars().take(MOST_PAYLOAD + 1).collect();
        if payload.chars().count() > MOST_PAYLOAD {
            payload.pop();
            payload.push('…');
        }
        let (done, why) = self.end.words(self.operation);
        let why = match &self.schedule {
            Some(_) => Some("to be delivered later".to_owned()),
            None => why,
        };
        let why = why.map(|why| format!("; {why}")).unwrap_or_default();
        let subject = &self.subject;
        format!("{done:<12} {names} on {subject}{attempt}: {payload}{why}")
    }
}

impl Ending {
    /// Ending of a handler's work, a publish or a request.
    pub(super) fn new(end: End<'_>) -> Self {
        match end {
            End::Published(stored) => Self::Published(stored.cloned()),
            End::NotPublished(error) => Self::NotPublished(error.to_string()),
            End::Replied => Self::Asked,
            End::NotReplied(error) => Self::AskedInVain(error.to_string()),
            End::Returned(outcome, settlement) => Self::returned(outcome, settlement),
            End::Panicked(text, settlement) => Self::failed(format!("panic: {text}"), settlement),
            End::Failed(error, settlement) => Self::failed(error.to_string(), settlement),
            End::Undecodable(error) => Self::Undecodable(error.to_string()),
            End::PutAside(error, reason) => Self::PutAside {
                error: error.to_string(),
                // Every word is a reason: one that is not known is `Other`.
                reason: reason.parse().unwrap_or(DeadLetterReason::Other(String::new())),
            },
        }
    }

    fn returned(outcome: &Outcome, settlement: Option<&Settlement>) -> Self {
        match outcome {
            Outcome::Done => Self::Handled { acked: settlement.is_some_and(Settlement::is_ack) },
            Outcome::Reply(body) => Self::Replied(body.clone()),
            Outcome::Declared { description, body } => {
                Self::Declared { description: description.clone(), body: body.clone() }
            }
            // Nothing is settled, so it is the failure that says what becomes of it.
            Outcome::Failed(failure)
                if settlement.is_none() && failure.verdict() == Verdict::Reject =>
            {
                Self::Rejected(failure.to_string())
            }
            Outcome::Failed(failure) => Self::failed(failure.to_string(), settlement),
        }
    }

    fn failed(error: String, settlement: Option<&Settlement>) -> Self {
        match settlement {
            Some(Settlement::Nak(delay)) => Self::Retried { error, delay: *delay },
            Some(Settlement::Ack | Settlement::Progress | Settlement::Term(_)) | None => {
                Self::Failed(error)
            }
        }
    }

    /// A word for it, and more where there is more to say.
    fn words(&self, operation: Operation) -> (&'static str, Option<String>) {
        match self {
            Self::Open => match operation {
                Operation::Publish => ("publishing", None),
                Operation::Ask => ("asking", None),
                Operation::Handle => ("handling", None),
            },
            Self::Published(Some(ack)) if ack.duplicate => {
                ("published", Some(format!("a duplicate of {} {}", ack.stream, ack.sequence)))
            }
            Self::Published(_) => ("published", None),
            Self::NotPublished(error) => ("unpublished", Some(error.clone())),
            Self::Asked => ("asked", None),
            Self::AskedInVain(error) => ("asked", Some(error.clone())),
            Self::Handled { .. } => ("handled", None),
            Self::Replied(body) => ("answered", Some(String::from_utf8_lossy(body).into_owned())),
            Self::Declared { description, .. } => ("answered", Some(description.clone())),
            Self::Retried { error, .. } => ("retried", Some(error.clone())),
            Self::Rejected(error) => ("rejected", Some(error.clone())),
            Self::PutAside { error, reason } => ("put aside", Some(format!("{reason}: {error}"))),
            Self::Undecodable(error) => ("undecodable", Some(error.clone())),
            Self::Failed(error) => ("failed", Some(error.clone())),
        }
    }
}
