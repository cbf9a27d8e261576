//! Faults that a test injects.

use std::time::Duration;

use super::recorder::Recorder;
use crate::message::{Declaration, Decode, Event, Message, StreamEvent};

/// Faults that a test injects, message by message; made by [`TestBus::faults`](super::TestBus::faults).
///
/// ```
/// # use tidings::prelude::*;
/// use tidings::testing::TestBus;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestBus::in_memory();
/// test.faults().fail_publish::<UserCreated>(1);
/// let user = UserCreated { name: "Ada".into() };
/// assert!(test.bus().publish(&user).await.is_err());
/// assert!(test.bus().publish(&user).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Faults<'a> {
    recorder: &'a Recorder,
}

impl<'a> Faults<'a> {
    pub(super) fn new(recorder: &'a Recorder) -> Self {
        Self { recorder }
    }

    /// The next `times` publishes of `E` fail, and nothing is sent: with
    /// [`PublishError::Unconfirmed`](crate::PublishError::Unconfirmed) where a stream keeps it, as
    /// when no confirmation comes; else with [`PublishError::Unsent`](crate::PublishError::Unsent),
    /// as when the connection takes no message.
    pub fn fail_publish<E: Event>(&self, times: usize) -> &Self {
        self.add::<E>(FaultKind::FailPublish, times)
    }

    /// The acks of the next `times` messages whose handler returned `Ok` are lost: each comes
    /// again, at once and not after the ack wait.
    pub fn lose_ack<E: StreamEvent>(&self, times: usize) -> &Self {
        self.add::<E>(FaultKind::LoseAck, times)
    }

    /// The next `times` messages whose handler returned `Ok` are delivered again although they are
    /// acked, as after a server was lost: the handler gets each once more, as its next attempt.
    pub fn redeliver<E: StreamEvent>(&self, times: usize) -> &Self {
        self.add::<E>(FaultKind::Redeliver, times)
    }

    /// Each message of `M` waits for this time before its handler gets it, from now on, on tokio's
    /// clock. [`Duration::ZERO`] ends it.
    pub fn hold<M: Decode>(&self, time: Duration) -> &Self {
        self.recorder.state().rules.set_hold(M::DECLARATIONS, time);
        self
    }

    fn add<M: Message>(&self, kind: FaultKind, times: usize) -> &Self {
        self.recorder.state().rules.add(kind, M::DECLARATIONS, times);
        self
    }
}

/// Kind of a fault that happens a number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    FailPublish,
    LoseAck,
    Redeliver,
}

type Declarations = &'static [&'static Declaration];

/// Faults that are still to happen.
#[derive(Debug, Default)]
pub(super) struct Rules {
    faults: Vec<(FaultKind, Declarations, usize)>,
    holds: Vec<(Declarations, Duration)>,
}

impl Rules {
    fn add(&mut self, kind: FaultKind, of: Declarations, times: usize) {
        self.faults.push((kind, of, times));
    }

    fn set_hold(&mut self, of: Declarations, time: Duration) {
        self.holds.retain(|(held, _)| !concerns(held, of));
        if !time.is_zero() {
            self.holds.push((of, time));
        }
    }

    /// Returns `true` if this message is the next that it happens to.
    pub(super) fn take(&mut self, kind: FaultKind, message: &[&'static Declaration]) -> bool {
        let mut faults = self.faults.iter_mut();
        let fault = faults.find(|(k, of, left)| *k == kind && *left > 0 && concerns(of, message));
        fault.is_some_and(|(.., left)| {
            *left -= 1;
            true
        })
    }

    /// Whether anything is still to go wrong with a handler's message of these.
    pub(super) fn concern(&self, message: &[&'static Declaration]) -> bool {
        let is_left = |(kind, of, left): &(FaultKind, Declarations, usize)| {
            *kind != FaultKind::FailPublish && *left > 0 && concerns(of, message)
        };
        self.faults.iter().any(is_left) || self.hold(message).is_some()
    }

    pub(super) fn hold(&self, message: &[&'static Declaration]) -> Option<Duration> {
        let hold = self.holds.iter().find(|(of, _)| concerns(of, message));
        hold.map(|(_, time)| *time)
    }
}

fn concerns(of: Declarations, message: &[&'static Declaration]) -> bool {
    of.iter().any(|declared| message.iter().any(|one| one.is(declared)))
}
