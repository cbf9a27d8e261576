//! Reading a stream on one of the two sides, by a consumer or a replay, to its end.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Delivery, DeliveryKind, Stored, Subscription};
use tokio::time::timeout;

use super::super::event::Told;
use super::super::step::Start;
use super::{SOON, Side, consumer_name, word};

/// Time that is waited for what must not come.
const SURPLUS: Duration = Duration::from_millis(30);

impl Side<'_> {
    pub(super) async fn drain(
        &mut self,
        consumer: u8,
        start: Start,
        habit: u64,
        expected: Option<usize>,
    ) -> Vec<String> {
        let consume = self.bus.consume::<Told>(consumer_name(consumer)).from(self.from(start));
        let most = if self.session.one_at_a_time { 1 } else { 100 };
        let consume = consume.max_ack_pending(most).ack_wait(self.session.ack_wait);
        let mut flow = match consume.await {
            Ok(flow) => flow,
            Err(error) => return vec![word(Err::<(), _>(error))],
        };
        let later = &mut self.later[usize::from(consumer)];
        *later |= matches!(start, Start::Sequence(_));
        let counts = !*later;
        let quiet = if self.session.silence {
            self.session.ack_wait + Duration::from_millis(300)
        } else {
            SURPLUS
        };
        let mut lines = Vec::new();
        while lines.len() < 200 {
            let wait = if expected.is_some_and(|count| lines.len() < count) { SOON } else { quiet };
            let Ok(next) = timeout(wait, flow.next()).await else { break };
            let delivery = match next {
                Some(Ok(delivery)) => delivery,
                Some(Err(error)) => {
                    lines.push(word(Err::<(), _>(error)));
                    continue;
                }
                None => break,
            };
            let (sequence, attempt) = (delivery.sequence(), delivery.attempt());
            // What is sent ahead decides how much had been sent when one was sent again.
            let counts = counts && (attempt == 1 || self.session.one_at_a_time);
            let pending = counts.then(|| delivery.pending());
            // Each message has its turn of the habit, and is done with the third time.
            let turn = if attempt > 2 { 0 } else { (habit >> (sequence % 16 * 4)) % 8 };
            let (what, settled) = match turn {
                0..4 => ("ack", delivery.ack_confirmed().await),
                4 => ("reject", delivery.reject("no").await),
                5 if self.session.silence => ("silence", Ok(())),
                _ if attempt > 1 => ("ack", delivery.ack_confirmed().await),
                _ => ("nak", delivery.nak(None).await),
            };
            lines.push(format!(
                "{sequence} attempt {attempt} {pending:?} pending {what} {}",
                word(settled)
            ));
        }
        self.end(flow).await;
        if !self.session.one_at_a_time {
            // What is sent ahead decides where among the others a message comes again.
            lines.sort();
        }
        lines
    }

    /// Reads a flow to its end.
    pub(super) async fn read(
        &self,
        mut flow: Subscription<Told, Stored>,
        expected: Option<usize>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let is_due = expected.is_some_and(|count| lines.len() < count);
            match timeout(if is_due { SOON } else { SURPLUS }, flow.next()).await {
                Ok(Some(Ok(delivery))) => lines.push(line(&delivery)),
                Ok(Some(Err(error))) => lines.push(word(Err::<(), _>(error))),
                Ok(None) | Err(_) => break,
            }
        }
        self.end(flow).await;
        lines
    }

    /// Ends a flow. The client says so from a task of its own, which the first flush may overtake.
    async fn end<K: DeliveryKind>(&self, flow: Subscription<Told, K>) {
        drop(flow);
        for _ in 0..2 {
            let _ = self.bus.flush().await;
        }
    }

    pub(super) fn from(&self, start: Start) -> DeliverFrom {
        match start {
            Start::Beginning => DeliverFrom::Beginning,
            Start::Sequence(sequence) => DeliverFrom::Sequence(sequence),
            Start::LastPerSubject => DeliverFrom::LastPerSubject,
            Start::New => DeliverFrom::New,
            Start::Time(back) => {
                let place = self.begun.len().saturating_sub(1 + usize::from(back));
                DeliverFrom::Time(self.begun[place])
            }
        }
    }
}

/// A delivery of a replay in words; an id that was made by chance is none of them.
fn line(delivery: &Delivery<Told, Stored>) -> String {
    let id = delivery.message_id().filter(|id| id.starts_with("id")).unwrap_or_default();
    format!("{} {} {id} {} pending", delivery.sequence(), delivery.subject(), delivery.pending())
}
