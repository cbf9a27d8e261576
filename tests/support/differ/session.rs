//! A session, made from its seed.

use std::time::Duration;

use tidings::{ConsumerLimits, Discard, EventStream as _, Retention, Storage, StreamConfig};

use super::event::Differ;
use super::step::{Expect, Post, Start, Step};
use crate::Chance;

/// Lifetime of what does not live for ever, of an id that is known for a short time, and wait of a
/// delayed event.
pub(super) const LIFE: Duration = Duration::from_secs(2);
/// Lifetime of markers, where they do not age.
const MARKER: Duration = Duration::from_secs(60);

/// A stream and what is done with it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) seed: u64,
    pub(super) config: StreamConfig,
    /// Longest time that a delivery may stay unsettled; short where silence is tried.
    pub(super) ack_wait: Duration,
    pub(super) silence: bool,
    pub(super) one_at_a_time: bool,
    pub(super) steps: Vec<Step>,
}

impl Session {
    pub(super) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let config = config(&mut chance);
        let silence = chance.below(12) == 0;
        let ack_wait = Duration::from_millis(if silence { 500 } else { 30_000 });
        let one_at_a_time = chance.below(2) == 0;
        let count = 6 + chance.below(20);
        let mut past = Past { waits: 0, window: config.duplicate_window };
        let steps = (0..count).map(|_| step(&mut chance, &config, &mut past)).collect();
        Self { seed, config, ack_wait, silence, one_at_a_time, steps }
    }

    pub(super) fn told(&self) -> String {
        let json = serde_json::to_string(&self.config).unwrap_or_default();
        format!("{json} silence: {} one at a time: {}", self.silence, self.one_at_a_time)
    }
}

/// Facts about the steps before a step.
struct Past {
    /// Number of things that are to be waited for.
    waits: u32,
    window: Option<Duration>,
}

/// Returns `true` if all that it keeps, or knows, ends by itself.
pub(super) fn is_short(config: &StreamConfig) -> bool {
    config.duplicate_window.is_some_and(|window| window <= LIFE)
}

/// Returns `true` once in so many times, by chance.
fn one_in(chance: &mut Chance, many: u64) -> bool {
    chance.below(many) == 0
}

fn some(chance: &mut Chance, many: u64, from: u64, to: u64) -> Option<u64> {
    one_in(chance, many).then(|| from + chance.below(to - from))
}

fn config(chance: &mut Chance) -> StreamConfig {
    let mut config = Differ::config();
    config.retention = match chance.below(5) {
        0 => Retention::Interest,
        1 => Retention::WorkQueue,
        _ => Retention::Limits,
    };
    config.storage = if one_in(chance, 2) { Storage::Memory } else { Storage::File };
    config.discard = if one_in(chance, 3) { Discard::New } else { Discard::Old };
    limits(chance, &mut config);
    config.max_message_size = one_in(chance, 8).then_some(400);
    config.allow_message_ttl = one_in(chance, 3);
    config.allow_atomic_publish = !one_in(chance, 3);
    config.allow_message_schedules = one_in(chance, 6);
    // In a stream that is full and discards what is new, a server tries markers again at times of
    // its own.
    if config.discard == Discard::Old && one_in(chance, 6) {
        config.subject_delete_marker_ttl = Some(MARKER);
    }
    config.first_sequence = some(chance, 8, 2, 100);
    config.deny_delete = one_in(chance, 12);
    config.deny_purge = one_in(chance, 12);
    config
}

fn limits(chance: &mut Chance, config: &mut StreamConfig) {
    config.max_messages = some(chance, 3, 2, 8);
    config.max_messages_per_subject = some(chance, 3, 1, 4);
    config.max_bytes = some(chance, 5, 600, 2000);
    config.max_age = one_in(chance, 10).then_some(LIFE);
    let short = config.max_age.is_some() || one_in(chance, 10);
    config.duplicate_window = Some(if short { LIFE } else { Duration::from_secs(120) });
    config.max_consumers =
        some(chance, 8, 1, 3).map(|most| u32::try_from(most).unwrap_or_default());
    config.discard_new_per_subject = one_in(chance, 6);
    let max_ack_pending = some(chance, 6, 1, 3);
    config.consumer_limits =
        max_ack_pending.map(|_| ConsumerLimits { inactive_threshold: None, max_ack_pending });
}

fn kind(chance: &mut Chance) -> u8 {
    u8::try_from(chance.below(3)).unwrap_or_default()
}

fn post(chance: &mut Chance) -> Post {
    let off = |chance: &mut Chance| one_in(chance, 3).into();
    Post {
        kind: kind(chance),
        size: if one_in(chance, 8) { 300 } else { u16::try_from(chance.below(40)).unwrap_or(0) },
        id: one_in(chance, 2).then(|| u8::try_from(chance.below(6)).unwrap_or(0)),
        expect: match chance.below(12) {
            0 => Expect::Last(off(chance)),
            1 => Expect::LastOfSubject(off(chance)),
            2 => Expect::LastId(u8::try_from(chance.below(6)).unwrap_or(0)),
            3 => Expect::Stream(!one_in(chance, 3)),
            _ => Expect::Nothing,
        },
        ttl: one_in(chance, 10),
        delay: false,
    }
}

fn start(chance: &mut Chance, config: &StreamConfig) -> Start {
    match chance.below(8) {
        0 => Start::LastPerSubject,
        1 => Start::New,
        2 if config.retention != Retention::Interest => Start::Sequence(chance.below(12)),
        3 => Start::Time(u8::try_from(1 + chance.below(8)).unwrap_or(1)),
        _ => Start::Beginning,
    }
}

fn step(chance: &mut Chance, config: &StreamConfig, past: &mut Past) -> Step {
    let consumer = u8::from(one_in(chance, 3));
    match chance.below(40) {
        0..14 => Step::Publish(post(chance)),
        14..16 => Step::PublishAll((0..chance.below(6)).map(|_| kind(chance)).collect()),
        16..20 => Step::Atomic((0..=chance.below(4)).map(|_| post(chance)).collect()),
        20..26 => {
            let start = match start(chance, config) {
                Start::LastPerSubject => Start::Beginning,
                start => start,
            };
            Step::Drain { consumer, start, habit: chance.next() }
        }
        26..28 => Step::Replay(start(chance, config)),
        28 => Step::ReplayOf(kind(chance), start(chance, config)),
        29..31 => Step::Delete(chance.below(6)),
        31 => Step::Purge,
        32..34 => Step::PurgeOf(kind(chance)),
        34 => Step::DeleteConsumer(consumer),
        35..37 => {
            let mut config = config.clone();
            limits(chance, &mut config);
            if config.retention == Retention::Interest && one_in(chance, 2) {
                config.retention = Retention::Limits;
            }
            if config.duplicate_window < past.window {
                (config.duplicate_window, config.max_age) = (past.window, None);
            }
            past.window = config.duplicate_window;
            Step::Change(Box::new(config))
        }
        37 => Step::Group(u32::try_from(chance.below(6)).unwrap_or(0)),
        38 => Step::Ask {
            number: u32::try_from(chance.below(4)).unwrap_or(0),
            answered: !one_in(chance, 4),
        },
        _ if past.waits == 0 && (is_short(config) || config.allow_message_ttl) => {
            past.waits += 1;
            Step::Wait
        }
        _ => {
            let delay = config.allow_message_schedules && past.waits < 2;
            past.waits += u32::from(delay);
            Step::Publish(Post { delay, ..post(chance) })
        }
    }
}
