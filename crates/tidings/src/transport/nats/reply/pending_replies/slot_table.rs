//! Slots of the questions that wait for an answer, each with the generation of who has it.

use std::task::Waker;

use async_nats::{Message, Subject};
use bytes::BytesMut;
use tokio::time::Instant;

use crate::transport::Fault;
use crate::transport::nats::reply::reply_token::{Generation, ReplyToken};
use crate::transport::nats::reply::secret::Secrets;

#[derive(Debug, Default)]
pub(super) struct SlotTable {
    pub(super) slots: Vec<ReplySlot>,
    /// The slots that nobody has; the one left last is taken first.
    pub(super) free: Vec<u32>,
    /// Buffer from which the subjects of answers are cut.
    pub(super) text: BytesMut,
    /// The last subject, which the next one overwrites.
    pub(super) last: Box<[u8]>,
    /// Random parts of the subjects of answers.
    pub(super) secrets: Secrets,
    /// No question's time is up before this; `None` if none has a time.
    pub(super) alarm: Option<Instant>,
    /// `true` if nobody is answered any more.
    pub(super) closed: bool,
}

#[derive(Debug)]
pub(super) struct ReplySlot {
    pub(super) generation: Generation,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    Free,
    Asked(Question),
    Answered(Result<Message, Fault>),
}

#[derive(Debug)]
pub(super) struct Question {
    /// Subject of the question.
    pub(super) subject: Subject,
    /// Instant at which its time is up; `None` is never.
    pub(super) by: Option<Instant>,
    /// Waker of the one who looked for the answer, once there is one.
    pub(super) waker: Option<Waker>,
}

impl SlotTable {
    /// The slot, if it is still that of this token.
    pub(super) fn of(&mut self, token: ReplyToken) -> Option<&mut ReplySlot> {
        self.slots.get_mut(token.slot as usize).filter(|slot| slot.generation == token.generation)
    }

    /// Frees the slot; gives what was there.
    pub(super) fn leave(&mut self, token: ReplyToken) -> Option<State> {
        let slot = self.of(token)?;
        let left = std::mem::replace(&mut slot.state, State::Free);
        if matches!(left, State::Free) {
            return None;
        }
        self.free.push(token.slot);
        Some(left)
    }
}

impl ReplySlot {
    /// Puts the answer there for who waits; the first counts. Gives whom to wake.
    pub(super) fn answer(&mut self, answer: Result<Message, Fault>) -> Option<Waker> {
        let State::Asked(question) = &mut self.state else { return None };
        let waker = question.waker.take();
        self.state = State::Answered(answer);
        waker
    }
}
