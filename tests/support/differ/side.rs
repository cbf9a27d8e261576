//! Side of a comparison: a bus that does the steps, and the outcome of each.

mod read;

use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use tidings::Draft;
use tidings::prelude::*;
use tokio::time::{sleep, timeout};

use super::event::{Differ, Doubt, Heard, RaiseDoubt, Told};
use super::session::{LIFE, Session};
use super::step::{Expect, Post, Step};
use super::unexpected;

/// Longest time that what is on its way may take.
const SOON: Duration = Duration::from_secs(5);

/// Result of a step, and the state of the stream then.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) lines: Vec<String>,
    pub(super) state: String,
}

/// A bus in a session.
pub(super) struct Side<'a> {
    bus: Bus,
    session: &'a Session,
    /// The sequence that was given last, here.
    last: u64,
    last_of: [u64; 3],
    /// `true` for each of the two consumers that started with a sequence.
    later: [bool; 2],
    /// Times at which each step was begun, here.
    begun: Vec<SystemTime>,
}

/// A result without its wording: the kinds and the code of an error.
fn word<T: Debug>(result: Result<T, impl Debug>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => {
            let text = format!("{error:?}");
            let kinds = text.split([' ', '{']).next().unwrap_or_default();
            let number = |key: &str| {
                let (_, rest) = text.split_once(key)?;
                Some(rest.split(|c: char| !c.is_ascii_digit()).next()?.to_owned())
            };
            format!("{kinds} {}", number("code: ").unwrap_or_default())
        }
    }
}

impl<'a> Side<'a> {
    pub(super) fn new(bus: Bus, session: &'a Session) -> Self {
        Self { bus, session, last: 0, last_of: [0; 3], later: [false; 2], begun: Vec::new() }
    }

    /// Removes what another session left.
    pub(super) async fn clear(&self) -> Result<()> {
        match self.bus.stream::<Differ>().delete().await {
            Ok(()) | Err(tidings::StreamError::NoStream { .. }) => Ok(()),
            Err(error) => unexpected(&error),
        }
    }

    /// Does a step; who was first says how much is to be waited for.
    pub(super) async fn run(&mut self, step: &Step, first: Option<&Outcome>) -> Outcome {
        self.begun.push(SystemTime::now());
        let stream = self.bus.stream::<Differ>();
        let expected = first.map(|first| first.lines.len());
        let lines = match step {
            Step::Begin => vec![self.begin(first).await],
            Step::Change(config) => vec![self.configure(config).await],
            Step::Publish(post) => vec![self.publish(post).await],
            Step::PublishAll(kinds) => {
                let events = kinds.iter().map(|kind| told(*kind, 10));
                vec![word(self.bus.publish_all(events).await)]
            }
            Step::Atomic(posts) => vec![self.atomic(posts).await],
            Step::Drain { consumer, start, habit } => {
                self.drain(*consumer, *start, *habit, expected).await
            }
            Step::Replay(start) => match self.bus.replay::<Told>(self.from(*start)).await {
                Ok(flow) => self.read(flow, expected).await,
                Err(error) => vec![word(Err::<(), _>(error))],
            },
            Step::ReplayOf(kind, start) => {
                let filter = Told::filter().kind(name(*kind));
                match self.bus.replay_of(filter, self.from(*start)).await {
                    Ok(flow) => self.read(flow, expected).await,
                    Err(error) => vec![word(Err::<(), _>(error))],
                }
            }
            Step::Delete(back) => {
                vec![word(stream.delete_message((self.last + 1).saturating_sub(*back)).await)]
            }
            Step::Purge => vec![word(stream.purge().await)],
            Step::PurgeOf(kind) => {
                vec![word(stream.purge_of(Told::filter().kind(name(*kind))).await)]
            }
            Step::DeleteConsumer(consumer) => {
                vec![word(stream.delete_consumer(consumer_name(*consumer)).await)]
            }
            Step::Group(count) => self.group(*count).await,
            Step::Ask { number, answered } => vec![self.ask(*number, *answered).await],
            // Both have waited already.
            Step::Wait => Vec::new(),
        };
        let state = self.state().await;
        Outcome { lines, state }
    }

    /// Creates the stream. A server that has just deleted one of the name may ask to try again, or
    /// begin the new one with what the old one held: it is as `first` soon, or differs.
    async fn begin(&self, first: Option<&Outcome>) -> String {
        let begun = Instant::now();
        loop {
            let created = self.configure(&self.session.config).await;
            let is_new = match first {
                Some(first) => self.state().await == first.state,
                None => true,
            };
            if is_new || begun.elapsed() > SOON || self.clear().await.is_err() {
                return created;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn configure(&self, config: &tidings::StreamConfig) -> String {
        match self.bus.plan_stream(config).await {
            Ok(plan) => word(self.bus.apply(plan.allow_data_loss()).await),
            Err(error) => word(Err::<(), _>(error)),
        }
    }

    fn draft<'d>(&self, bus: &'d Bus, post: &Post, event: &'d Told) -> Draft<'d, Told> {
        let mut draft = bus.message(event);
        if let Some(id) = post.id {
            draft = draft.message_id(format!("id{id}"));
        }
        if post.ttl {
            draft = draft.ttl(LIFE);
        }
        if post.delay {
            draft = draft.delay(LIFE);
        }
        let beside = |last: u64, by: i8| last.saturating_add_signed(i64::from(by));
        match post.expect {
            Expect::Nothing => draft,
            Expect::Last(by) => draft.expected_last_sequence(beside(self.last, by)),
            Expect::LastOfSubject(by) => {
                let last = self.last_of[usize::from(post.kind)];
                draft.expected_last_subject_sequence(beside(last, by))
            }
            Expect::LastId(id) => draft.expected_last_message_id(&format!("id{id}")),
            Expect::Stream(right) => draft.expected_stream(if right { "DIFFER" } else { "OTHER" }),
        }
    }

    async fn publish(&mut self, post: &Post) -> String {
        let event = told(post.kind, post.size);
        let bus = self.bus.clone();
        let result = self.draft(&bus, post, &event).publish().await;
        if let Ok(ack) = &result
            && !ack.duplicate
        {
            self.last = ack.sequence;
            self.last_of[usize::from(post.kind)] = ack.sequence;
        }
        word(result)
    }

    async fn atomic(&mut self, posts: &[Post]) -> String {
        let bus = self.bus.clone();
        let mut batch = bus.atomic();
        for post in posts {
            let event = told(post.kind, post.size);
            if let Err(error) = batch.add_message(self.draft(&bus, post, &event)) {
                return word(Err::<(), _>(error));
            }
        }
        let result = batch.publish().await;
        if let Ok(ack) = &result {
            self.last = self.last.max(ack.last_sequence);
        }
        word(result)
    }

    async fn group(&self, count: u32) -> Vec<String> {
        let (one, two) = (
            self.bus.subscribe::<Heard>().queue_group("both").await,
            self.bus.subscribe::<Heard>().queue_group("both").await,
        );
        let (Ok(mut one), Ok(mut two)) = (one, two) else { return vec!["no group".into()] };
        let mut heard = Vec::new();
        for number in 0..count {
            let _ = self.bus.publish(&Heard { number }).await;
        }
        for _ in 0..count {
            let next = async {
                tokio::select! { next = one.next() => next, next = two.next() => next }
            };
            if let Ok(Some(Ok(delivery))) = timeout(SOON, next).await {
                heard.push(delivery.number.to_string());
            }
        }
        heard.sort();
        heard
    }

    async fn ask(&self, number: u32, answered: bool) -> String {
        let running = if answered {
            let answer = |ask: RaiseDoubt, _: Context| async move {
                let number = ask.number;
                if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Doubt { number }) }
            };
            let registry = Registry::new("doubts").handle::<RaiseDoubt>(answer);
            match registry.start(&self.bus).await {
                Ok(running) => Some(running),
                Err(error) => return word(Err::<(), _>(error)),
            }
        } else {
            None
        };
        let answer = word(self.bus.request(&RaiseDoubt { number }).await);
        if let Some(running) = running {
            running.shutdown().await;
        }
        answer
    }

    /// State of the stream and of its consumers, as text.
    async fn state(&self) -> String {
        let stream = self.bus.stream::<Differ>();
        let state = match stream.state().await {
            Ok(state) => format!(
                "{} messages, {} bytes, {}..{}, {} subjects, {} consumers",
                state.messages,
                state.bytes,
                state.first_sequence,
                state.last_sequence,
                state.subjects,
                state.consumers,
            ),
            Err(error) => word(Err::<(), _>(error)),
        };
        let mut lines = vec![state];
        for consumer in 0..2 {
            let name = consumer_name(consumer);
            if let Ok(state) = stream.consumer_state(name).await {
                let ahead = (!self.later[usize::from(consumer)]).then_some(state.pending);
                lines.push(format!("{name}: {} unsettled, {ahead:?} ahead", state.ack_pending));
            }
        }
        lines.join("; ")
    }

    /// State of the stream once it is as wanted, or does not come to it in 800 ms.
    pub(super) async fn settle(&self, wanted: &str) -> String {
        let begun = Instant::now();
        loop {
            let state = self.state().await;
            if state == wanted || begun.elapsed() > Duration::from_millis(800) {
                return state;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn told(kind: u8, size: u16) -> Told {
    Told { kind: name(kind).to_owned(), text: "x".repeat(usize::from(size)) }
}

fn name(kind: u8) -> &'static str {
    ["red", "green", "blue"][usize::from(kind) % 3]
}

fn consumer_name(consumer: u8) -> &'static str {
    if consumer == 0 { "one" } else { "two" }
}
