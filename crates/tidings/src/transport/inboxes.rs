//! Core subscriptions that are read as one.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::transport::{Fault, Inbox, Incoming};

/// Number of messages that are taken of one subscription before the next has its turn.
const IN_TURN: usize = 32;

/// Core subscriptions, each of which has its turn. It ends when all of them have.
#[derive(Debug)]
pub(crate) struct Inboxes {
    all: Vec<Inbox>,
    /// Inbox whose turn it is, and how many messages it has yielded in it.
    turn: usize,
    taken: usize,
}

impl Inboxes {
    /// Ends the interest; what was sent here by then is still yielded.
    pub(crate) fn stop(&mut self) {
        self.all.iter_mut().for_each(Inbox::stop);
    }

    /// Inboxes that have not ended.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Inbox> {
        self.all.iter()
    }

    fn next_turn(&mut self) {
        self.turn += 1;
        self.taken = 0;
    }
}

impl FromIterator<Inbox> for Inboxes {
    fn from_iter<I: IntoIterator<Item = Inbox>>(inboxes: I) -> Self {
        Self { all: inboxes.into_iter().collect(), turn: 0, taken: 0 }
    }
}

impl Inboxes {
    /// The next message, written in the place of `into`.
    #[inline]
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match &mut *self.all {
            // The usual case.
            [inbox] => inbox.poll_into(cx, into),
            _ => self.poll_in_turn(cx, into),
        }
    }

    fn poll_in_turn(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        let mut empty = 0;
        while empty < self.all.len() {
            if self.turn >= self.all.len() {
                self.turn = 0;
            }
            let turn = self.turn;
            match self.all[turn].poll_into(cx, into) {
                Poll::Ready(Some(next)) => {
                    self.taken += 1;
                    if self.taken >= IN_TURN {
                        self.next_turn();
                    }
                    return Poll::Ready(Some(next));
                }
                Poll::Ready(None) => drop(self.all.remove(turn)),
                Poll::Pending => {
                    self.next_turn();
                    empty += 1;
                }
            }
        }
        if self.all.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Stream for Inboxes {
    type Item = Result<Incoming, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut incoming = Incoming::default();
        let next = self.get_mut().poll_into(cx, &mut incoming);
        next.map(|next| next.map(|next| next.map(|()| incoming)))
    }
}
