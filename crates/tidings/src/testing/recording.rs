//! Recordings of one type, and assertions on them.

use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::slice;
use std::sync::Arc;
use std::vec;

use serde_json::Value;

use super::diff::diff;
use super::operation::RecordedOperation;
use super::record::Record;
use super::recorder::Recorder;
use crate::message::Message;

/// The most lines that a failure shows of what else happened.
const MOST_LINES: usize = 40;

/// Records of one type, in the order in which they began: a slice of [`Record`]s, with
/// assertions that say what else happened.
///
/// ```
/// # use tidings::prelude::*;
/// # use tidings::testing::TestBus;
/// # #[derive(PartialEq, Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.{country}.created")]
/// # struct UserCreated { country: String, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestBus::in_memory();
/// let ada = UserCreated { country: "fr".into(), name: "Ada".into() };
/// test.bus().message(&ada).header("tenant", "acme").publish().await?;
///
/// let created = test.published::<UserCreated>();
/// created.assert_eq(&[ada]);
/// assert_eq!(created[0].subject(), "users.fr.created");
/// assert_eq!(created[0].headers().get("tenant"), Some("acme"));
/// assert!(created.iter().all(|user| user.name == "Ada"));
/// # Ok(())
/// # }
/// ```
pub struct Recording<M, K> {
    pub(super) records: Vec<Record<M, K>>,
    /// Title: what was done with them, and what they are called.
    pub(super) title: String,
    /// Positions in the record.
    pub(super) indices: Vec<usize>,
    /// Messages that would be among them, but can't be read as `M`.
    pub(super) unreadable: Vec<String>,
    /// Length of the record when it was read.
    pub(super) upto: usize,
    pub(super) recorder: Arc<Recorder>,
}

/// Assertions. Each failure shows what was recorded, and what else happened on the bus.
impl<M, K> Recording<M, K> {
    /// The records, without the recording.
    pub fn into_records(self) -> Vec<Record<M, K>> {
        self.records
    }

    /// Asserts that there are `count` records.
    ///
    /// # Panics
    /// Panics if there are fewer or more.
    #[track_caller]
    pub fn assert_count(&self, count: usize) {
        if self.records.len() != count {
            self.fail(&format!("expected {count}, there are {}", self.records.len()));
        }
    }

    /// Asserts that there are no records.
    ///
    /// # Panics
    /// Panics if there are some.
    #[track_caller]
    pub fn assert_none(&self) {
        if !self.records.is_empty() {
            self.fail(&format!("expected none, there are {}", self.records.len()));
        }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion fails by a panic")]
    fn fail(&self, why: &str) -> ! {
        panic!("{}: {why}{}", self.title, Story(self))
    }
}

impl<M: Message + PartialEq, K> Recording<M, K> {
    /// Asserts that the messages are exactly these, in this order.
    ///
    /// # Panics
    /// Panics if they are not.
    #[track_caller]
    pub fn assert_eq(&self, expected: &[M]) {
        let same = self.records.iter().map(Record::message).eq(expected);
        if !same {
            let recorded: Vec<&M> = self.records.iter().map(Record::message).collect();
            self.differs(&expected.iter().collect::<Vec<_>>(), &recorded);
        }
    }

    /// Asserts that the messages are exactly these, in any order.
    ///
    /// # Panics
    /// Panics if they are not.
    #[track_caller]
    pub fn assert_any_order(&self, expected: &[M]) {
        let mut left: Vec<&M> = self.records.iter().map(Record::message).collect();
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for message in expected {
            match left.iter().position(|other| *other == message) {
                Some(index) => found.push(left.remove(index)),
                None => missing.push(message),
            }
        }
        if !missing.is_empty() || !left.is_empty() {
            let expected = [found.as_slice(), missing.as_slice()].concat();
            self.differs(&expected, &[found, left].concat());
        }
    }

    /// Asserts that this message is among the records.
    ///
    /// # Panics
    /// Panics if it is not.
    #[track_caller]
    pub fn assert_contains(&self, expected: &M) {
        if !self.records.iter().any(|record| record.message == *expected) {
            self.fail(&format!("this is not among them:\n{}", shown(&[expected])));
        }
    }

    #[track_caller]
    fn differs(&self, expected: &[&M], recorded: &[&M]) -> ! {
        let (expected, recorded) = (shown(expected), shown(recorded));
        let hint = if expected == recorded {
            "\nas JSON they are equal: `PartialEq` tells them apart by what is not serialized"
        } else {
            ""
        };
        let diff = diff(&expected, &recorded);
        self.fail(&format!("not as expected (- expected, + recorded)\n{}{hint}", diff.trim_end()))
    }
}

/// Messages as one pretty JSON array.
fn shown<M: Message>(messages: &[&M]) -> String {
    let values: Vec<Value> = messages
        .iter()
        .map(|message| {
            let mut payload = Vec::new();
            message
                .encode(&mut payload)
                .and_then(|()| serde_json::from_slice(&payload))
                .unwrap_or_else(|error| Value::String(format!("not JSON: {error}")))
        })
        .collect();
    serde_json::to_string_pretty(&values).unwrap_or_default()
}

/// Text of what was recorded, and of what else happened.
struct Story<'a, M, K>(&'a Recording<M, K>);

impl<M, K> fmt::Display for Story<'_, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Recording { title, indices, unreadable, upto, recorder, .. } = self.0;
        let state = recorder.state();
        let entries: Vec<(usize, &RecordedOperation)> =
            state.entries.iter().enumerate().take(*upto).skip(state.from).collect();
        let (own, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(index, _)| indices.contains(index));
        for (heading, lines) in [(title.as_str(), own), ("what else happened", others)] {
            write!(f, "\n\n{heading}:")?;
            if lines.is_empty() {
                f.write_str(" nothing")?;
            }
            for (_, entry) in lines.iter().take(MOST_LINES) {
                write!(f, "\n  {}", entry.line())?;
                if state.has_no_route(entry) {
                    f.write_str(" (no route of this bus handles it)")?;
                }
            }
            if lines.len() > MOST_LINES {
                write!(f, "\n  … and {} more", lines.len() - MOST_LINES)?;
            }
        }
        for line in unreadable {
            write!(f, "\n\nnot among them: {line}")?;
        }
        f.write_char('\n')
    }
}

impl<M, K> Deref for Recording<M, K> {
    type Target = [Record<M, K>];

    fn deref(&self) -> &[Record<M, K>] {
        &self.records
    }
}

impl<M, K> IntoIterator for Recording<M, K> {
    type Item = Record<M, K>;
    type IntoIter = vec::IntoIter<Record<M, K>>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

impl<'a, M, K> IntoIterator for &'a Recording<M, K> {
    type Item = &'a Record<M, K>;
    type IntoIter = slice::Iter<'a, Record<M, K>>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}

/// Lists the records as the assertions show them: one line for each.
impl<M, K> fmt::Debug for Recording<M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.recorder.state();
        let entries = self.indices.iter().filter_map(|index| state.entries.get(*index));
        write!(f, "{} ", self.title)?;
        f.debug_list().entries(entries.map(RecordedOperation::line)).finish()
    }
}
