//! A stream whose answers a test chooses: what a client makes of a clock that is wrong, and of acks
//! that come now and then.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tidings::PublishError;
use tidings::prelude::*;
use tidings_tests::{Server, listen};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "CLOCKS", subjects("clocks.>"))]
struct Clocks;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "clocks.wound", stream = Clocks)]
struct Wound {
    #[event(id)]
    number: u64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "clocks.struck", stream = Clocks)]
struct Struck {
    hour: usize,
}

/// Difference of a stand-in's clock from ours.
#[derive(Debug, Clone, Copy)]
enum Clock {
    Behind(Duration),
    Ahead(Duration),
}

impl Clock {
    fn now(self) -> SystemTime {
        match self {
            Self::Behind(by) => SystemTime::now() - by,
            Self::Ahead(by) => SystemTime::now() + by,
        }
    }
}

fn written(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(&Rfc3339).unwrap()
}

/// Stands in for the stream: knows the ids that it was given, and stores under them by its own
/// clock. `answers` says whether it answers the message with this number, from 1.
async fn stand_in(
    server: &Server,
    clock: Clock,
    known: &[(&str, SystemTime)],
    answers: impl Fn(u64) -> bool + Send + 'static,
) -> JoinHandle<()> {
    let client = server.client().await;
    let mut asked = listen(&client, "$JS.API.STREAM.>").await;
    let mut published = listen(&client, "clocks.>").await;
    let mut stored: Vec<SystemTime> = known.iter().map(|(_, at)| *at).collect();
    let mut ids: BTreeMap<String, usize> =
        known.iter().enumerate().map(|(place, (id, _))| ((*id).to_owned(), place + 1)).collect();
    tokio::spawn(async move {
        let mut count = 0;
        loop {
            let (to, answer) = tokio::select! {
                Some(question) = asked.next() => {
                    let answer = told(question.subject.as_str(), &question.payload, clock, &stored);
                    (question.reply, answer)
                }
                Some(message) = published.next() => {
                    count += 1;
                    let id = message.headers.as_ref().and_then(|headers| headers.get("Nats-Msg-Id"));
                    let id = id.map_or_else(String::new, ToString::to_string);
                    let is_known = ids.contains_key(&id);
                    let sequence = *ids.entry(id).or_insert_with(|| {
                        stored.push(clock.now());
                        stored.len()
                    });
                    if !answers(count) {
                        continue;
                    }
                    let mut ack = json!({ "stream": "CLOCKS", "seq": sequence });
                    if is_known {
                        ack["duplicate"] = true.into();
                    }
                    (message.reply, ack)
                }
                else => return,
            };
            if let Some(to) = to {
                client.publish(to, answer.to_string().into()).await.unwrap();
            }
        }
    })
}

/// Answer of a server about the stream and its messages.
fn told(subject: &str, question: &[u8], clock: Clock, stored: &[SystemTime]) -> Value {
    if subject.contains(".MSG.GET.") {
        let question: Value = serde_json::from_slice(question).unwrap();
        let sequence = question["seq"].as_u64().unwrap();
        let at = stored[usize::try_from(sequence).unwrap() - 1];
        return json!({ "message": {
            "subject": "clocks.wound", "seq": sequence, "time": written(at),
        }});
    }
    json!({
        "config": {
            "name": "CLOCKS", "subjects": ["clocks.>"], "retention": "limits", "max_consumers": -1,
            "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msgs_per_subject": -1,
            "max_msg_size": -1, "discard": "old", "storage": "file", "num_replicas": 1,
            "duplicate_window": 120_000_000_000_u64,
        },
        "created": written(SystemTime::UNIX_EPOCH),
        "ts": written(clock.now()),
        "state": {
            "messages": stored.len(), "bytes": 0, "first_seq": 1, "last_seq": stored.len(),
            "consumer_count": 0,
        },
    })
}

async fn bus(server: &Server) -> Bus {
    let builder = Bus::builder().server(server.url()).ack_timeout(Duration::from_millis(200));
    builder.publish_timeout(Duration::from_secs(2)).connect().await.unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

/// The first copy's answer is lost, and the second one's says that it is stored already: by whom is
/// read off the stream's own clock, however wrong it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_a_message_is_does_not_depend_on_clocks() {
    for clock in [Clock::Behind(HOUR), Clock::Ahead(HOUR)] {
        let server = Server::without_jetstream().await;
        // Five minutes ago somebody else published the first event.
        let before = clock.now() - HOUR / 12;
        let known = [("clocks.wound/1", before)];
        let stream = stand_in(&server, clock, &known, |count| count % 2 == 0).await;
        let bus = bus(&server).await;
        let theirs = soon(bus.publish(&Wound { number: 1 })).await.unwrap();
        assert_eq!((theirs.sequence, theirs.duplicate), (1, true), "{clock:?}");
        let ours = soon(bus.publish(&Wound { number: 2 })).await.unwrap();
        assert_eq!((ours.sequence, ours.duplicate), (2, false), "{clock:?}");
        let new = soon(bus.publish(&Struck { hour: 3 })).await.unwrap();
        assert_eq!((new.sequence, new.duplicate), (3, false), "{clock:?}");
        stream.abort();
    }
}

/// A stream that confirms one of fifty keeps nobody as long as all of them take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_that_come_now_and_then_keep_many_events_for_a_bounded_time() {
    const MANY: usize = 20_000;
    let server = Server::without_jetstream().await;
    let seldom = |count| count % 50 == 0;
    let stream = stand_in(&server, Clock::Behind(Duration::ZERO), &[], seldom).await;
    // Only the first copy of each is sent.
    let builder = Bus::builder().server(server.url()).ack_timeout(Duration::from_secs(2));
    let bus = builder.publish_timeout(Duration::from_secs(2)).connect().await.unwrap();
    let begun = Instant::now();
    let all = bus.publish_all((0..MANY).map(|hour| Struck { hour }));
    let error = tokio::time::timeout(SOON * 2, all).await.expect("it ends").unwrap_err();
    // Twenty windows would take as many publish timeouts.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let count = |wanted: fn(&Result<_, PublishError>) -> bool| {
        error.outcomes.iter().filter(|outcome| wanted(outcome)).count()
    };
    assert_eq!(error.outcomes.len(), MANY);
    assert!(count(Result::is_ok) >= 10, "{error}");
    let unconfirmed = count(|outcome| matches!(outcome, Err(PublishError::Unconfirmed { .. })));
    assert!((64..3 * 1024).contains(&unconfirmed), "{unconfirmed}");
    let unsent = count(|outcome| matches!(outcome, Err(PublishError::Unsent { .. })));
    assert!(unsent > MANY / 2, "{unsent}");
    stream.abort();
}
