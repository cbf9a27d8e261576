//! Table of those who wait for an answer. A question has a slot here from when it is asked until its answer
//! is taken, or nobody waits for it any more; the next question takes the same slot.

mod slot_table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use async_nats::{Message, Subject};
use bytes::BytesMut;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::slot_table::{Question, ReplySlot, SlotTable, State};
use crate::lock::locked;
use crate::transport::nats::codec::ack_subject::permission_subject;
use crate::transport::nats::reply::reply_token::{Generation, ReplyToken};
use crate::transport::nats::reply::secret::{self};
use crate::transport::{Denial, DeniedAction, Fault};

/// Number of bytes that are set aside for subjects at a time. A subject keeps the whole piece while
/// it is on its way, and allocators have pieces of less than 1 KiB at hand.
const PIECE: usize = 960;

/// The questions of a connection that are not answered yet.
#[derive(Debug)]
pub(crate) struct PendingReplies {
    /// `_INBOX.<id>.`: every answer's subject begins with it.
    prefix: String,
    table: Mutex<SlotTable>,
    /// Told when a question is to be answered earlier than all others, by its time.
    earlier: Notify,
    /// The server does not let the answers come; it is asked anew with the next question.
    denied: AtomicBool,
}

impl PendingReplies {
    pub(crate) fn new(inbox_prefix: &str) -> Self {
        let prefix = format!("{inbox_prefix}.{}.", secret::token());
        let last = [prefix.as_bytes(), &[0; ReplyToken::LENGTH]].concat().into();
        let (table, earlier) =
            (Mutex::new(SlotTable { last, ..SlotTable::default() }), Notify::new());
        Self { prefix, table, earlier, denied: AtomicBool::new(false) }
    }

    fn table(&self) -> MutexGuard<'_, SlotTable> {
        locked(&self.table)
    }

    /// Filter that the subjects of all answers match.
    pub(crate) fn filter(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// Returns `true` if the server does not let answers come.
    pub(crate) fn is_denied(&self) -> bool {
        self.denied.load(Ordering::Acquire)
    }

    /// The server is asked again whether answers may come.
    pub(crate) fn ask_again(&self) {
        self.denied.store(false, Ordering::Release);
    }

    /// Denial that says that answers may not come.
    pub(crate) fn denial(&self) -> Denial {
        Denial {
            action: DeniedAction::Subscribe,
            subject: self.filter(),
            queue_group: None,
            is_inbox: true,
        }
    }

    /// Takes a slot for what is asked on `subject`; gives the subject for its answer too. Where
    /// there is none by then it is told so.
    pub(crate) fn take(
        &self,
        subject: Subject,
        by: Option<Instant>,
    ) -> Result<(ReplyToken, Subject), Fault> {
        let mut table = self.table();
        if table.closed {
            return Err(Fault::Closed);
        }
        let generation = Generation::new(table.secrets.next().map_err(Fault::client)?);
        let slot = match table.free.pop() {
            Some(slot) => slot,
            None if table.slots.len() == ReplyToken::SLOTS => return Err(too_many()),
            None => {
                table.slots.push(ReplySlot { generation: Generation::NONE, state: State::Free });
                u32::try_from(table.slots.len() - 1).map_err(|_| too_many())?
            }
        };
        table.slots[slot as usize] =
            ReplySlot { generation, state: State::Asked(Question { subject, by, waker: None }) };
        let token = ReplyToken { slot, generation };
        let SlotTable { text, last, .. } = &mut *table;
        if text.capacity() < last.len() {
            *text = BytesMut::with_capacity(PIECE.max(last.len()));
        }
        if let Some(end) = last.last_chunk_mut() {
            *end = token.text();
        }
        text.extend_from_slice(last);
        let answer = table.text.split().freeze();
        if by.is_some_and(|by| table.alarm.is_none_or(|alarm| by < alarm)) {
            table.alarm = by;
            self.earlier.notify_one();
        }
        drop(table);
        Ok((token, Subject::try_from(answer).map_err(Fault::client)?))
    }

    /// Looks for the answer. Once it is taken the slot is free.
    pub(crate) fn poll(
        &self,
        token: ReplyToken,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, Fault>> {
        let mut table = self.table();
        let Some(slot) = table.of(token) else { return Poll::Ready(Err(Fault::Closed)) };
        match &mut slot.state {
            State::Asked(question) => {
                match &question.waker {
                    Some(waker) if waker.will_wake(cx.waker()) => {}
                    _ => question.waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            State::Free | State::Answered(_) => Poll::Ready(match table.leave(token) {
                Some(State::Answered(answer)) => answer,
                _ => Err(Fault::Closed),
            }),
        }
    }

    /// Takes the answer if it is here, and else leaves everything as it is.
    pub(crate) fn take_answer(&self, token: ReplyToken) -> Option<Result<Message, Fault>> {
        let mut table = self.table();
        match table.of(token)?.state {
            State::Answered(_) => match table.leave(token) {
                Some(State::Answered(answer)) => Some(answer),
                _ => None,
            },
            _ => None,
        }
    }

    /// Forgets a question whose asker no longer waits.
    pub(crate) fn forget(&self, token: ReplyToken) {
        let left = self.table().leave(token);
        drop(left);
    }

    /// Hands out answers. Whoever is to look for one is added to `wakers`; what nobody waits for is
    /// dropped.
    pub(crate) fn answer(&self, answers: &mut Vec<Message>, wakers: &mut Vec<Waker>) {
        let mut table = self.table();
        for message in answers.drain(..) {
            let token = message.subject.get(self.prefix.len()..);
            if let Some(slot) = token.and_then(ReplyToken::read).and_then(|token| table.of(token)) {
                wakers.extend(slot.answer(Ok(message)));
            }
        }
    }

    /// Tells those whose time is up, as it is with each, until this is dropped.
    pub(crate) async fn keep_time(&self) {
        loop {
            let earlier = self.earlier.notified();
            match self.expire(Instant::now()) {
                Some(next) => drop(timeout_at(next, earlier).await),
                None => earlier.await,
            }
        }
    }

    /// Tells those whose time is up; gives the time of the next. One is not taken out of the reckoning
    /// when it is answered, as nearly all are: it is found to be gone here, once for many.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let (mut next, mut wakers) = (None::<Instant>, Vec::new());
        let mut table = self.table();
        for slot in &mut table.slots {
            let State::Asked(Question { by: Some(by), .. }) = slot.state else { continue };
            if by <= now {
                wakers.extend(slot.answer(Err(Fault::Timeout)));
            } else {
                next = Some(next.map_or(by, |next| next.min(by)));
            }
        }
        table.alarm = next;
        drop(table);
        wakers.into_iter().for_each(Waker::wake);
        next
    }

    /// Ends all questions, and refuses new ones: the connection was closed.
    pub(crate) fn close(&self) {
        self.table().closed = true;
        self.answer_all(|_| Some(Fault::Closed));
    }

    /// Tells everybody whose question or whose answer is denied; says whether there was anybody.
    pub(crate) fn deny(&self, denial: &Denial) -> bool {
        match denial.action {
            DeniedAction::Publish => self.answer_all(|subject| {
                let is_denied = permission_subject(subject) == denial.subject;
                is_denied.then(|| Fault::Denied(denial.clone()))
            }),
            DeniedAction::Subscribe if denial.subject == self.filter() => {
                self.denied.store(true, Ordering::Release);
                self.answer_all(|_| Some(Fault::Denied(denial.clone())))
            }
            DeniedAction::Subscribe => false,
        }
    }

    /// Answers each question with the fault that its subject has; says whether there was any.
    fn answer_all(&self, fault: impl Fn(&str) -> Option<Fault>) -> bool {
        let (mut any, mut wakers) = (false, Vec::new());
        for slot in &mut self.table().slots {
            let State::Asked(question) = &slot.state else { continue };
            if let Some(fault) = fault(&question.subject) {
                any = true;
                wakers.extend(slot.answer(Err(fault)));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
        any
    }
}

fn too_many() -> Fault {
    Fault::client("more questions wait for an answer than a connection can hold")
}
