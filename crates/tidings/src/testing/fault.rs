//! Faults that a test injects.

use std::time::Duration;

use super::fault_rule::FaultKind;
use super::recorder::Recorder;
use crate::message::{Decode, Event, Message, StreamEvent};

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

    /// The next `times` reads of an object that holds a payload of `E` fail, as while its store is out of reach:
    /// what is read by hand with [`DecodeError::Large`](crate::DecodeError::Large), and a handler's message is
    /// tried again by its route's [`Retry`](crate::Retry). Only [large events](crate::guide::large_events) have one.
    pub fn hide_object<E: StreamEvent>(&self, times: usize) -> &Self {
        self.add::<E>(FaultKind::HideObject, times)
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

    /// Makes each message of `M` wait for this time before its handler gets it, from now on, on tokio's
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
