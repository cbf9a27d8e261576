//! Who waits for which answer. A question has a place here from when it is asked until its answer
//! is taken, or nobody waits for it any more; the next question takes the same place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_nats::{Message, Subject};
use bytes::BytesMut;

use super::denial::publish_subject;
use super::ticket::Ticket;
use crate::transport::{Denial, DeniedAction, Fault};

/// How many bytes of subjects are set aside at a time. A subject keeps the whole piece while it is
/// on its way, and allocators have pieces of less than 1 KiB at hand.
const PIECE: usize = 960;

/// All questions of a connection that are not answered yet.
#[derive(Debug)]
pub(super) struct Waiting {
    /// `_INBOX.<id>.`: every answer's subject begins with it.
    prefix: String,
    room: Mutex<Room>,
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
}

#[derive(Debug)]
struct Place {
    turn: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Free,
    /// Asked on this subject. The waker is there once somebody has looked for the answer.
    Asked(Subject, Option<Waker>),
    Answered(Result<Message, Fault>),
}

impl Waiting {
    pub(super) fn new(inbox_prefix: &str) -> Self {
        let prefix = format!("{inbox_prefix}.{}.", uuid::Uuid::now_v7().simple());
        Self { prefix, room: Mutex::default(), denied: AtomicBool::new(false) }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all answers' subjects match.
    pub(super) fn filter(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// Whether the server does not let answers come.
    pub(super) fn is_denied(&self) -> bool {
        self.denied.load(Ordering::Acquire)
    }

    /// The server is asked again whether answers may come.
    pub(super) fn ask_again(&self) {
        self.denied.store(false, Ordering::Release);
    }

    /// That answers may not come.
    pub(super) fn denial(&self) -> Denial {
        Denial {
            action: DeniedAction::Subscribe,
            subject: self.filter(),
            queue_group: None,
            is_inbox: true,
        }
    }

    /// Takes a place for what is asked on `subject`; gives the subject for its answer too.
    pub(super) fn take(&self, subject: Subject) -> Result<(Ticket, Subject), Fault> {
        let mut room = self.room();
        let place = match room.free.pop() {
            Some(place) => place,
            None if room.places.len() == Ticket::PLACES => return Err(too_many()),
            None => {
                room.places.push(Place { turn: 0, state: State::Free });
                u32::try_from(room.places.len() - 1).map_err(|_| too_many())?
            }
        };
        let taken = &mut room.places[place as usize];
        taken.turn = taken.turn.wrapping_add(1);
        taken.state = State::Asked(subject, None);
        let ticket = Ticket { place, turn: taken.turn };
        let longest = self.prefix.len() + Ticket::LONGEST;
        if room.text.capacity() < longest {
            room.text = BytesMut::with_capacity(PIECE.max(longest));
        }
        room.text.extend_from_slice(self.prefix.as_bytes());
        ticket.write(&mut room.text);
        let answer = room.text.split().freeze();
        Ok((ticket, Subject::try_from(answer).map_err(Fault::client)?))
    }

    /// Looks for the answer. Once it is taken the place is free.
    pub(super) fn poll(
        &self,
        ticket: Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, Fault>> {
        let mut room = self.room();
        let Some(place) = room.of(ticket) else { return Poll::Ready(Err(Fault::Closed)) };
        match &mut place.state {
            State::Asked(_, Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            State::Asked(_, waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Free | State::Answered(_) => Poll::Ready(match room.leave(ticket) {
                Some(State::Answered(answer)) => answer,
                _ => Err(Fault::Closed),
            }),
        }
    }

    /// Takes the answer if it is here, and else leaves everything as it is.
    pub(super) fn take_answer(&self, ticket: Ticket) -> Option<Result<Message, Fault>> {
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
    pub(super) fn forget(&self, ticket: Ticket) {
        let left = self.room().leave(ticket);
        drop(left);
    }

    /// Hands out answers. Whoever is to look for one is added to `wakers`; what nobody waits for is
    /// dropped.
    pub(super) fn answer(&self, answers: &mut Vec<Message>, wakers: &mut Vec<Waker>) {
        let mut room = self.room();
        for message in answers.drain(..) {
            let token = message.subject.get(self.prefix.len()..);
            if let Some(place) = token.and_then(Ticket::read).and_then(|ticket| room.of(ticket)) {
                wakers.extend(place.answer(Ok(message)));
            }
        }
    }

    /// Nobody will be answered: the connection was closed.
    pub(super) fn close(&self) {
        self.answer_all(|_| Some(Fault::Closed));
    }

    /// Tells everybody whose question or whose answer is denied; says whether there was anybody.
    pub(super) fn deny(&self, denial: &Denial) -> bool {
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
            let State::Asked(subject, _) = &place.state else { continue };
            if let Some(fault) = fault(subject) {
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
    fn of(&mut self, ticket: Ticket) -> Option<&mut Place> {
        self.places.get_mut(ticket.place as usize).filter(|place| place.turn == ticket.turn)
    }

    /// Frees the place; gives what was there.
    fn leave(&mut self, ticket: Ticket) -> Option<State> {
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
        let State::Asked(_, waker) = &mut self.state else { return None };
        let waker = waker.take();
        self.state = State::Answered(answer);
        waker
    }
}

fn too_many() -> Fault {
    Fault::client("more questions wait for an answer than a connection can hold")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use bytes::Bytes;

    use super::*;

    #[derive(Debug, Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Somebody who waits, and how often they were woken.
    #[derive(Debug, Default)]
    struct Asker(Arc<Count>);

    impl Asker {
        fn look(&self, waiting: &Waiting, ticket: Ticket) -> Poll<Result<Message, Fault>> {
            waiting.poll(ticket, &mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
        }

        fn woken(&self) -> usize {
            self.0.0.swap(0, Ordering::Relaxed)
        }
    }

    fn waiting() -> Waiting {
        Waiting::new("_INBOX")
    }

    fn take(waiting: &Waiting, subject: &'static str) -> (Ticket, Subject) {
        waiting.take(Subject::from_static(subject)).unwrap()
    }

    fn message(subject: &Subject, payload: &'static str) -> Message {
        let payload = Bytes::from_static(payload.as_bytes());
        let subject = subject.clone();
        let (headers, status, description) = (None, None, None);
        Message { subject, reply: None, length: 0, payload, headers, status, description }
    }

    /// Answers all at once, and wakes whoever is to be woken.
    fn answer(waiting: &Waiting, answers: &[(&Subject, &'static str)]) {
        let mut messages: Vec<_> = answers.iter().map(|(to, text)| message(to, text)).collect();
        let mut wakers = Vec::new();
        waiting.answer(&mut messages, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn text(answer: Poll<Result<Message, Fault>>) -> Option<Bytes> {
        match answer {
            Poll::Ready(answer) => Some(answer.unwrap().payload),
            Poll::Pending => None,
        }
    }

    #[test]
    fn each_gets_its_own_answer_and_is_woken_once() {
        let (waiting, first, second) = (waiting(), Asker::default(), Asker::default());
        let (one, to_one) = take(&waiting, "a");
        let (two, to_two) = take(&waiting, "a");
        assert_ne!(to_one, to_two);
        assert_eq!(text(first.look(&waiting, one)), None);
        assert_eq!(text(first.look(&waiting, one)), None);
        assert!(waiting.take_answer(two).is_none());
        // Also for who has not looked yet; of several answers the first counts.
        answer(&waiting, &[(&to_two, "2"), (&to_one, "1"), (&to_one, "again")]);
        assert_eq!((first.woken(), second.woken()), (1, 0));
        assert_eq!(text(first.look(&waiting, one)).unwrap(), "1");
        assert_eq!(waiting.take_answer(two).unwrap().unwrap().payload, "2");
        assert!(waiting.take_answer(two).is_none());
        assert!(matches!(first.look(&waiting, one), Poll::Ready(Err(Fault::Closed))));
    }

    #[test]
    fn a_late_answer_is_nobodys() {
        let (waiting, asker) = (waiting(), Asker::default());
        let (forgotten, to_forgotten) = take(&waiting, "a");
        waiting.forget(forgotten);
        waiting.forget(forgotten);
        let (next, to_next) = take(&waiting, "a");
        assert_eq!(next.place, forgotten.place, "the place is used again");
        answer(&waiting, &[(&to_forgotten, "late")]);
        assert_eq!(text(asker.look(&waiting, next)), None);
        waiting.forget(forgotten);
        answer(&waiting, &[(&to_next, "in time"), (&to_forgotten, "late")]);
        assert_eq!(text(asker.look(&waiting, next)).unwrap(), "in time");
        // A second answer comes when the place is free, then when another has it.
        answer(&waiting, &[(&to_next, "twice")]);
        let (third, to_third) = take(&waiting, "a");
        assert_eq!(third.place, next.place);
        answer(&waiting, &[(&to_next, "thrice"), (&to_third, "3")]);
        assert_eq!(text(asker.look(&waiting, third)).unwrap(), "3");
        assert_eq!(waiting.room().places.len(), 1);
    }

    #[test]
    fn what_is_no_answer_is_dropped() {
        let (waiting, asker) = (waiting(), Asker::default());
        let (one, _) = take(&waiting, "a");
        for token in ["", "*", "zzzz", "éé", "AAAAAAAAAAAAAAA"] {
            let to = Subject::from(format!("{}{token}", waiting.prefix));
            answer(&waiting, &[(&to, "stray"), (&Subject::from_static("x"), "stray")]);
        }
        assert_eq!(text(asker.look(&waiting, one)), None);
    }

    #[test]
    fn who_asked_what_is_denied_is_told() {
        let (waiting, asker) = (waiting(), Asker::default());
        let (a, _) = take(&waiting, "a");
        let (b, to_b) = take(&waiting, "b");
        assert_eq!(text(asker.look(&waiting, a)), None);
        let denied = |subject: &str, action| Denial {
            action,
            subject: subject.to_owned(),
            queue_group: None,
            is_inbox: false,
        };
        assert!(!waiting.deny(&denied("c", DeniedAction::Publish)));
        assert!(!waiting.deny(&denied("a", DeniedAction::Subscribe)));
        assert!(waiting.deny(&denied("a", DeniedAction::Publish)));
        assert!(!waiting.deny(&denied("a", DeniedAction::Publish)), "it was told");
        assert_eq!(asker.woken(), 1);
        assert!(matches!(asker.look(&waiting, a), Poll::Ready(Err(Fault::Denied(_)))));
        answer(&waiting, &[(&to_b, "b")]);
        assert_eq!(text(asker.look(&waiting, b)).unwrap(), "b");
        // No answers at all.
        let (c, _) = take(&waiting, "c");
        assert!(!waiting.is_denied());
        assert!(waiting.deny(&denied(&waiting.filter(), DeniedAction::Subscribe)));
        assert!(waiting.is_denied());
        assert!(matches!(asker.look(&waiting, c), Poll::Ready(Err(Fault::Denied(_)))));
    }

    #[test]
    fn whoever_waits_is_told_that_it_is_closed() {
        let (waiting, asker) = (waiting(), Asker::default());
        let (one, to_one) = take(&waiting, "a");
        let (two, _) = take(&waiting, "a");
        let (gone, _) = take(&waiting, "a");
        waiting.forget(gone);
        assert_eq!(text(asker.look(&waiting, two)), None);
        answer(&waiting, &[(&to_one, "1")]);
        waiting.close();
        assert_eq!(asker.woken(), 1);
        assert_eq!(text(asker.look(&waiting, one)).unwrap(), "1");
        assert!(matches!(asker.look(&waiting, two), Poll::Ready(Err(Fault::Closed))));
    }

    #[test]
    fn subjects_are_cut_from_a_piece_while_there_is_room() {
        let waiting = waiting();
        let subjects: Vec<_> = (0..1000).map(|_| take(&waiting, "a")).collect();
        for (ticket, subject) in subjects {
            let token = subject.strip_prefix(&waiting.prefix).unwrap();
            assert_eq!(Ticket::read(token), Some(ticket));
        }
    }
}
