//! Views of what was recorded, as a test asks for it: typed, and of one kind.

use std::sync::Arc;

use bytes::Bytes;

use super::operation::{Ending, Operation, RecordedOperation};
use super::record::{Answer, Asked, Handled, NotHandled, Published, Record};
use super::recording::Recording;
use super::{TestBus, recorder};
use crate::cloud_event;
use crate::dead_letter::DeadLetterReason;
use crate::message::{DeclaredError as _, Decode, Event, Message, Request, StreamEvent, versions};

/// Recordings by type, in the order in which they began. What is still under way is not
/// among it: [`wait_idle`](TestBus::wait_idle) first.
impl TestBus {
    /// Events published through the bus, its publishers and the contexts of its handlers, records among
    /// them, such as those of an outbox, which count as what a receiver would take them for. What could not be
    /// published is not among it.
    pub fn published<E: Event + Decode>(&self) -> Recording<E, Published> {
        self.read("published", |entry| match &entry.end {
            Ending::Published(ack) => Some(Published { ack: ack.clone() }),
            _ => None,
        })
    }

    /// Messages for which handlers returned `Ok`, or a declared error: each time they did.
    pub fn handled<M: Decode>(&self) -> Recording<M, Handled> {
        self.read("handled", |entry| match entry.end {
            Ending::Handled { .. } | Ending::Replied(_) | Ending::Declared { .. } => {
                Some(Handled { attempt: entry.attempt(), sequence: entry.sequence() })
            }
            _ => None,
        })
    }

    /// Events that come again, because a handler failed, panicked, took too long or deferred: each time
    /// it did.
    pub fn retried<E: Event + Decode>(&self) -> Recording<E, NotHandled> {
        self.read("retried", |entry| match &entry.end {
            Ending::Retried { error, delay } => {
                Some(NotHandled { delay: *delay, ..not_handled(entry, error) })
            }
            _ => None,
        })
    }

    /// Messages that handlers gave up with [`Failure::reject`](crate::Failure::reject), or their routes
    /// with `classify`. What is given up after its last attempt is
    /// [`dead_lettered`](Self::dead_lettered), and so is a stream's event that was rejected.
    pub fn rejected<M: Decode>(&self) -> Recording<M, NotHandled> {
        self.read("rejected", |entry| match &entry.end {
            Ending::Rejected(error) => Some(not_handled(entry, error)),
            Ending::PutAside { reason: DeadLetterReason::Rejected, .. } => put_aside(entry),
            _ => None,
        })
    }

    /// Stream events that don't come again and were not handled: rejected, or after their last
    /// attempt; [`Record::reason`] says which. Each is a dead letter by now, unless its registry
    /// keeps none. What can't be decoded is [`undecodable`](Self::undecodable), as it is no `E`.
    pub fn dead_lettered<E: StreamEvent + Decode>(&self) -> Recording<E, NotHandled> {
        self.read("dead-lettered", put_aside)
    }

    /// Messages that do not come again although their handlers failed or panicked: events without a stream,
    /// and requests, whose asker got the error.
    pub fn failed<M: Decode>(&self) -> Recording<M, NotHandled> {
        self.read("failed", |entry| match &entry.end {
            Ending::Failed(error) => Some(not_handled(entry, error)),
            _ => None,
        })
    }

    /// Payloads that came for the handlers of `M` and are none, as they came.
    pub fn undecodable<M: Decode>(&self) -> Recording<Bytes, NotHandled> {
        self.select("undecodable", name_of::<M>(), |entry| {
            let Ending::Undecodable(error) = &entry.end else { return None };
            entry.declared_by(M::DECLARATIONS)?;
            Some(Ok((entry.payload.clone(), not_handled(entry, error))))
        })
    }

    /// Requests asked through the bus and the contexts of its handlers, answered or not.
    pub fn asked<R: Request + Decode>(&self) -> Recording<R, Asked> {
        self.read("asked", |entry| match &entry.end {
            Ending::Asked => Some(Asked { error: None }),
            Ending::AskedInVain(error) => Some(Asked { error: Some(error.clone()) }),
            _ => None,
        })
    }

    /// Requests that handlers on this bus answered, with the answers.
    pub fn answered<R: Request + Decode>(
        &self,
    ) -> Recording<R, Answer<R::Reply, <R as Request>::Declared>> {
        self.read("answered", |entry| match &entry.end {
            Ending::Replied(body) => Some(
                serde_json::from_slice(body)
                    .map_or_else(|error| Answer::Failed(error.to_string()), Answer::Reply),
            ),
            Ending::Declared { description, body } => Some(
                R::Declared::from_body(body)
                    .map_or_else(|| Answer::Failed(description.clone()), Answer::Declared),
            ),
            Ending::Rejected(error) | Ending::Failed(error) => Some(Answer::Failed(error.clone())),
            _ => None,
        })
    }

    /// Shows nothing any more of what was recorded so far: for a test with several parts.
    pub fn forget(&self) {
        let mut state = self.recorder().state();
        state.from = state.entries.len();
    }

    /// The records of `M` of one kind.
    fn read<M: Decode, K>(
        &self,
        what: &str,
        kind: impl Fn(&RecordedOperation) -> Option<K>,
    ) -> Recording<M, K> {
        self.select(what, name_of::<M>(), |entry| {
            let declaration = entry.declared_by(M::DECLARATIONS)?;
            let kind = kind(entry)?;
            let data = cloud_event::data_of(&entry.headers, &entry.payload);
            let message = M::decode(declaration, &data).or_else(|error| {
                match cloud_event::open_unmarked(&entry.payload) {
                    Some(opened) => M::decode(declaration, &opened.data),
                    None => Err(error),
                }
            });
            Some(message.map(|message| (message, kind)).map_err(|error| error.to_string()))
        })
    }

    fn select<M, K>(
        &self,
        what: &str,
        name: &str,
        read: impl Fn(&RecordedOperation) -> Option<Result<(M, K), String>>,
    ) -> Recording<M, K> {
        let state = self.recorder().state();
        let mut recording = Recording {
            records: Vec::new(),
            title: format!("{what} `{name}`"),
            indices: Vec::new(),
            unreadable: Vec::new(),
            upto: state.entries.len(),
            recorder: Arc::clone(self.recorder()),
        };
        for (index, entry) in state.entries.iter().enumerate().skip(state.from) {
            match read(entry) {
                Some(Ok((message, kind))) => {
                    recording.indices.push(index);
                    recording.records.push(Record {
                        message,
                        subject: entry.subject.to_string(),
                        headers: entry.headers.clone(),
                        kind,
                    });
                }
                Some(Err(error)) => {
                    recording.unreadable.push(format!("{} ({error})", entry.line()));
                }
                None => {}
            }
        }
        drop(state);
        recording
    }
}

impl recorder::State {
    /// Returns `true` if it was published, and no route of this bus would get it.
    pub(super) fn has_no_route(&self, entry: &RecordedOperation) -> bool {
        let subject = entry.subject.as_str();
        let mut routes =
            self.listeners.values().flat_map(|listener| versions(listener.declarations));
        entry.operation == Operation::Publish
            && !routes.any(|d| tidings_subject::matches(d.filter, subject))
    }
}

fn put_aside(entry: &RecordedOperation) -> Option<NotHandled> {
    let Ending::PutAside { error, reason } = &entry.end else { return None };
    Some(NotHandled { reason: Some(reason.clone()), ..not_handled(entry, error) })
}

fn not_handled(entry: &RecordedOperation, error: &str) -> NotHandled {
    NotHandled {
        attempt: entry.attempt(),
        sequence: entry.sequence(),
        error: error.to_owned(),
        delay: None,
        reason: None,
    }
}

/// Name of a message: its wire name, or its type's.
fn name_of<M: Message>() -> &'static str {
    M::NAME.unwrap_or_else(|| std::any::type_name::<M>())
}
