//! Asking as any NATS client does, and reading what comes.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use async_nats::{Client, Message, RequestErrorKind};
use futures_util::StreamExt;
use serde_json::Value;

use crate::soon;

/// Time in which nothing more may come after the last answer that is due.
const SILENCE: Duration = Duration::from_millis(150);

/// Answers to one message, which must be as many as are due.
pub(super) async fn gather(
    client: &Client,
    subject: &str,
    payload: &str,
    due: usize,
) -> Vec<Message> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    let (to, payload) = (subject.to_owned(), payload.to_owned().into());
    client.publish_with_reply(to, inbox, payload).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..due {
        let answer = soon(answers.next()).await.unwrap();
        assert!(answer.status.is_none(), "{subject}: {answer:?}");
        all.push(answer);
    }
    let more = tokio::time::timeout(SILENCE, answers.next()).await;
    assert!(more.is_err(), "{subject}: {due} answers are due, and then comes {more:?}");
    all
}

/// Answers to a question of discovery, which are JSON without headers and must be as many as are due.
pub(super) async fn ask(client: &Client, subject: &str, due: usize) -> Vec<Value> {
    let answers = gather(client, subject, "", due).await;
    assert!(answers.iter().all(|answer| answer.headers.is_none()), "{answers:?}");
    answers.iter().map(|answer| serde_json::from_slice(&answer.payload).unwrap()).collect()
}

/// Asserts that the server says that nobody listens.
pub(super) async fn nobody_answers(client: &Client, subject: &str) {
    let answer = client.request(subject.to_owned(), "".into()).await;
    let error = answer.expect_err(subject);
    assert_eq!(error.kind(), RequestErrorKind::NoResponders, "{subject}: {error}");
}

pub(super) fn only<T: std::fmt::Debug>(mut answers: Vec<T>) -> T {
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

pub(super) fn ids(answers: &[Value]) -> BTreeSet<String> {
    answers.iter().map(|answer| answer["id"].as_str().expect("an id").to_owned()).collect()
}

/// Seconds since 1970, to compare with what [`utc`] reads.
pub(super) fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Reads RFC 3339 in UTC, such as `2025-01-31T12:00:00.123Z`, to whole seconds since 1970.
pub(super) fn utc(text: &str) -> u64 {
    let parts = text.strip_suffix('Z').and_then(|text| text.split_once('T'));
    let (date, time) = parts.unwrap_or_else(|| panic!("{text:?} is no time in UTC"));
    let numbers = |text: &str, separator| -> Vec<u64> {
        let whole = text.split('.').next().unwrap_or_default();
        whole.split(separator).map(|number| number.parse().unwrap()).collect()
    };
    let [year, month, day] = numbers(date, '-')[..] else { panic!("{text:?} has no date") };
    let [hour, minute, second] = numbers(time, ':')[..] else { panic!("{text:?} has no time") };
    // Days since 1970, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    (days - 719_469) * 86_400 + hour * 3_600 + minute * 60 + second
}

#[test]
fn times_are_read() {
    assert_eq!(utc("1970-01-01T00:00:00Z"), 0);
    assert_eq!(utc("2024-02-29T12:30:05.123456789Z"), 1_709_209_805);
}
