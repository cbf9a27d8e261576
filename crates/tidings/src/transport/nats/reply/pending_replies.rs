//! Who waits for which answer. A question has a place here from when it is asked until its answer
//! is taken, or nobody waits for it any more; the next question takes the same place.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use async_nats::{Message, Subject};
use bytes::BytesMut;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::lock::locked;
use crate::transport::nats::codec::ack_subject::publish_subject;
use crate::transport::nats::reply::reply_token::{ReplyToken, Turn};
use crate::transport::nats::reply::secret::{self, Secrets};
use crate::transport::{Denial, DeniedAction, Fault};

/// How many bytes of subjects are set aside at a time. A subject keeps the whole piece while it is
/// on its way, and allocators have pieces of less than 1 KiB at hand.
const PIECE: usize = 960;

/// All questions of a connection that are not answered yet.
#[derive(Debug)]
pub(crate) struct PendingReplies {
    /// `_INBOX.<id>.`: every answer's subject begins with it.
    prefix: String,
    room: Mutex<Room>,
    /// One is to be answered earlier than all others, by its time.
    earlier: Notify,
    /// The server does not let the answers come; it is asked anew with the next question.
    denied: AtomicBool,
}

#[derive(Debug, Default)]
struct Room {
    places: Vec<Place>,
    /// The places that nobody has; the one left last is taken first.
    free: Vec<u32>,
    /// What the subjects of answers are cut from.
    text: BytesMut,
    /// The last one, in whose place the next is written.
    last: Box<[u8]>,
    /// Random parts of the subjects of answers.
    secrets: Secrets,
    /// No question's time is up before this; `None` if none has a time.
    alarm: Option<Instant>,
    /// Nobody is answered any more.
    closed: bool,
}

#[derive(Debug)]
struct Place {
    turn: Turn,
    state: State,
}

#[derive(Debug)]
enum State {
    Free,
    Asked(Question),
    Answered(Result<Message, Fault>),
}

#[derive(Debug)]
struct Question {
    /// Where it was asked.
    subject: Subject,
    /// When its time is up.
    by: Option<Instant>,
    /// It is there once somebody has looked for the answer.
    waker: Option<Waker>,
}

impl PendingReplies {
    pub(crate) fn new(inbox_prefix: &str) -> Self {
        let prefix = format!("{inbox_prefix}.{}.", secret::token());
        let last = [prefix.as_bytes(), &[0; ReplyToken::LENGTH]].concat().into();
        let (room, earlier) = (Mutex::new(Room { last, ..Room::default() }), Notify::new());
        Self { prefix, room, earlier, denied: AtomicBool::new(false) }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        locked(&self.room)
    }

    /// What all answers' subjects match.
    pub(crate) fn filter(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// Whether the server does not let answers come.
    pub(crate) fn is_denied(&self) -> bool {
        self.denied.load(Ordering::Acquire)
    }

    /// The server is asked again whether answers may come.
    pub(crate) fn ask_again(&self) {
        self.denied.store(false, Ordering::Release);
    }

    /// That answers may not come.
    pub(crate) fn denial(&self) -> Denial {
        Denial {
            action: DeniedAction::Subscribe,
            subject: self.filter(),
            queue_group: None,
            is_inbox: true,
        }
    }

    /// Takes a place for what is asked on `subject`; gives the subject for its answer too. Where
    /// there is none by then it is told so.
    pub(crate) fn take(
        &self,
        subject: Subject,
        by: Option<Instant>,
    ) -> Result<(ReplyToken, Subject), Fault> {
        let mut room = self.room();
        if room.closed {
            return Err(Fault::Closed);
        }
        let turn = Turn::new(room.secrets.next().map_err(Fault::client)?);
        let place = match room.free.pop() {
            Some(place) => place,
            None if room.places.len() == ReplyToken::PLACES => return Err(too_many()),
            None => {
                room.places.push(Place { turn: Turn::NONE, state: State::Free });
                u32::try_from(room.places.len() - 1).map_err(|_| too_many())?
            }
        };
        room.places[place as usize] =
            Place { turn, state: State::Asked(Question { subject, by, waker: None }) };
        let ticket = ReplyToken { place, turn };
        let Room { text, last, .. } = &mut *room;
        if text.capacity() < last.len() {
            *text = BytesMut::with_capacity(PIECE.max(last.len()));
        }
        if let Some(end) = last.last_chunk_mut() {
            *end = ticket.text();
        }
        text.extend_from_slice(last);
        let answer = room.text.split().freeze();
        if by.is_some_and(|by| room.alarm.is_none_or(|alarm| by < alarm)) {
            room.alarm = by;
            self.earlier.notify_one();
        }
        drop(room);
        Ok((ticket, Subject::try_from(answer).map_err(Fault::client)?))
    }

    /// Looks for the answer. Once it is taken the place is free.
    pub(crate) fn poll(
        &self,
        ticket: ReplyToken,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, Fault>> {
        let mut room = self.room();
        let Some(place) = room.of(ticket) else { return Poll::Ready(Err(Fault::Closed)) };
        match &mut place.state {
            State::Asked(question) => {
                match &question.waker {
                    Some(waker) if waker.will_wake(cx.waker()) => {}
                    _ => question.waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            State::Free | State::Answered(_) => Poll::Ready(match room.leave(ticket) {
                Some(State::Answered(answer)) => answer,
                _ => Err(Fault::Closed),
            }),
        }
    }

    /// Takes the answer if it is here, and else leaves everything as it is.
    pub(crate) fn take_answer(&self, ticket: ReplyToken) -> Option<Result<Message, Fault>> {
        let mut room = self.room();
        match room.of(ticket)?.state {
            State::Answered(_) => match room.leave(ticket) {
                Some(State::Answered(answer)) => Some(answer),
                _ => None,
            },
            _ => None,
        }
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget(&self, ticket: ReplyToken) {
        let left = self.room().leave(ticket);
        drop(left);
    }

    /// Hands out answers. Whoever is to look for one is added to `wakers`; what nobody waits for is
    /// dropped.
    pub(crate) fn answer(&self, answers: &mut Vec<Message>, wakers: &mut Vec<Waker>) {
        let mut room = self.room();
        for message in answers.drain(..) {
            let token = message.subject.get(self.prefix.len()..);
            if let Some(place) = token.and_then(ReplyToken::read).and_then(|ticket| room.of(ticket))
            {
                wakers.extend(place.answer(Ok(message)));
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
        let mut room = self.room();
        for place in &mut room.places {
            let State::Asked(Question { by: Some(by), .. }) = place.state else { continue };
            if by <= now {
                wakers.extend(place.answer(Err(Fault::Timeout)));
            } else {
                next = Some(next.map_or(by, |next| next.min(by)));
            }
        }
        room.alarm = next;
        drop(room);
        wakers.into_iter().for_each(Waker::wake);
        next
    }

    /// Nobody will be answered, nor asks again: the connection was closed.
    pub(crate) fn close(&self) {
        self.room().closed = true;
        self.answer_all(|_| Some(Fault::Closed));
    }

    /// Tells everybody whose question or whose answer is denied; says whether there was anybody.
    pub(crate) fn deny(&self, denial: &Denial) -> bool {
        match denial.action {
            DeniedAction::Publish => self.answer_all(|subject| {
                let is_denied = publish_subject(subject) == denial.subject;
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
        for place in &mut self.room().places {
            let State::Asked(question) = &place.state else { continue };
            if let Some(fault) = fault(&question.subject) {
                any = true;
                wakers.extend(place.answer(Err(fault)));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
        any
    }
}

impl Room {
    /// The place, if it is still that of this ticket.
    fn of(&mut self, ticket: ReplyToken) -> Option<&mut Place> {
        self.places.get_mut(ticket.place as usize).filter(|place| place.turn == ticket.turn)
    }

    /// Frees the place; gives what was there.
    fn leave(&mut self, ticket: ReplyToken) -> Option<State> {
        let place = self.of(ticket)?;
        let left = std::mem::replace(&mut place.state, State::Free);
        if matches!(left, State::Free) {
            return None;
        }
        self.free.push(ticket.place);
        Some(left)
    }
}

impl Place {
    /// Puts the answer there for who waits; the first counts. Gives whom to wake.
    fn answer(&mut self, answer: Result<Message, Fault>) -> Option<Waker> {
        let State::Asked(question) = &mut self.state else { return None };
        let waker = question.waker.take();
        self.state = State::Answered(answer);
        waker
    }
}

fn too_many() -> Fault {
    Fault::client("more questions wait for an answer than a connection can hold")
}
