//! Answers: where they go, and who can give them.

use std::time::Duration;

use async_nats::Client;
use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings::{PublishError, Running};
use tidings_tests::{Server, eventually, listen, round_trip};

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "LEDGER", subjects("ledger.>"))]
struct Ledger;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ledger.written", stream = Ledger)]
struct Written {
    #[event(id)]
    line: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "ledger_line.read", reply = String)]
struct ReadLine {
    line: u32,
}

async fn connect(server: &Server) -> Bus {
    Bus::connect(server.url()).await.unwrap()
}

async fn reader(server: &Server) -> Running {
    let read = |ask: ReadLine, _: Context| async move {
        if ask.line == 0 { Err(Failure::retry("there is none")) } else { Ok("a line".to_owned()) }
    };
    let registry = Registry::new("ledger").handle::<ReadLine>(read);
    registry.start(&connect(server).await).await.unwrap()
}

/// The reply subjects of what is sent on `subject` while `doing`, fifty times, each split at its last
/// dot.
async fn reply_subjects<F: Future>(
    client: &Client,
    subject: &'static str,
    doing: F,
) -> Vec<(String, String)> {
    let mut heard = listen(client, subject).await;
    doing.await;
    let mut subjects = Vec::new();
    for _ in 0..50 {
        let reply = soon(heard.next()).await.unwrap().reply.unwrap();
        let (inbox, ticket) = reply.rsplit_once('.').unwrap();
        subjects.push((inbox.to_owned(), ticket.to_owned()));
    }
    subjects
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_come_apart_from_replies_and_no_answer_tells_the_next_ones_subject() {
    let server = Server::start().await;
    let _running = reader(&server).await;
    let (bus, client) = (connect(&server).await, server.client().await);
    bus.provision::<Ledger>().await.unwrap();
    let requests = reply_subjects(&client, "ledger_line.read", async {
        for line in 1..=50 {
            bus.request(&ReadLine { line }).await.unwrap();
        }
    });
    let requests = requests.await;
    let publishes = reply_subjects(&client, "ledger.written", async {
        for line in 1..=50 {
            bus.publish(&Written { line }).await.unwrap();
        }
    });
    let publishes = publishes.await;
    for (kind, subjects) in [("requests", &requests), ("publishes", &publishes)] {
        let inbox = &subjects[0].0;
        assert!(subjects.iter().all(|(of, _)| of == inbox), "{kind}: one inbox each");
        // All that two tickets have in common is the place, which is the same for all of these.
        for (n, (_, ticket)) in subjects.iter().enumerate() {
            let others = subjects[..n].iter().map(|(_, other)| other);
            let common =
                |other: &String| ticket.bytes().zip(other.bytes()).filter(|(a, b)| a == b).count();
            let most = others.map(common).max().unwrap_or(0);
            assert!(most < ticket.len() - 4, "{kind}: {most} characters are as before");
        }
    }
    assert_ne!(requests[0].0, publishes[0].0, "who is asked does not learn where acks come");
}

/// Somebody who may hear what is published sends an ack of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_of_a_stream_that_nobody_declared_is_an_error_that_names_both() {
    let server = Server::start().await;
    // However busy the machine is, the forged ack comes before the stream is asked for.
    let builder = Bus::builder().server(server.url()).ack_timeout(Duration::from_secs(9));
    let (bus, client) = (builder.connect().await.unwrap(), server.client().await);
    let mut heard = listen(&client, "ledger.written").await;
    let forger = tokio::spawn(async move {
        for ack in [r#"{"stream":"MINE", "seq":1}"#, r#"{"hello":"world"}"#] {
            let message = heard.next().await.unwrap();
            client.publish(message.reply.unwrap(), ack.into()).await.unwrap();
        }
        round_trip(&client).await;
    });
    for (line, named) in [(1, "MINE"), (2, "")] {
        match soon(bus.publish(&Written { line })).await.unwrap_err() {
            PublishError::WrongStream { subject, stream, answered } => {
                let told = (subject.as_str(), stream, answered.as_str());
                assert_eq!(told, ("ledger.written", "LEDGER", named));
            }
            other => panic!("{line}: {other:?}"),
        }
    }
    forger.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_goes_where_a_message_may_not_say() {
    let server = Server::start().await;
    let running = reader(&server).await;
    let client = server.client().await;
    let mut system = listen(&client, "$KV.>").await;
    let mut letters = listen(&client, "_dead_letters.>").await;
    let mut plain = listen(&client, "answers.>").await;
    for (to, line) in [("$KV.settings.theme", "1"), ("_dead_letters.a.b", "0")] {
        let ask = format!(r#"{{"line":{line}}}"#);
        client.publish_with_reply("ledger_line.read", to, ask.into()).await.unwrap();
        client.publish_with_reply("$SRV.PING", to, "".into()).await.unwrap();
    }
    // What is asked behind them is answered, and so those before are done with.
    client.publish_with_reply("$SRV.PING", "answers.ping", "".into()).await.unwrap();
    client
        .publish_with_reply("ledger_line.read", "answers.here", "{\"line\":1}".into())
        .await
        .unwrap();
    let mut subjects = vec![];
    for _ in 0..2 {
        subjects.push(soon(plain.next()).await.unwrap().subject.to_string());
    }
    subjects.sort();
    assert_eq!(subjects, ["answers.here", "answers.ping"]);
    let counted = eventually(SOON, "both are counted", || async {
        let report = running.report().remove(0);
        if report.unanswered == 2 { Ok(report) } else { Err(report) }
    });
    assert_eq!(counted.await.handled, 2);
    running.shutdown().await;
    for (heard, end) in [(&mut system, "$KV.end"), (&mut letters, "_dead_letters.end")] {
        client.publish(end, "".into()).await.unwrap();
        let first = soon(heard.next()).await.unwrap();
        assert_eq!(first.subject.as_str(), end, "nothing was sent there before");
    }
}

/// A message in the inbox of a consumer that the consumer has not delivered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_its_consumer_delivered_is_handled_or_acknowledged() {
    let server = Server::start().await;
    let (bus, client) = (connect(&server).await, server.client().await);
    bus.provision::<Ledger>().await.unwrap();
    let mut requests = listen(&client, "$JS.API.CONSUMER.MSG.NEXT.LEDGER.books").await;
    let mut settled = listen(&client, "$JS.ACK.OTHER.>").await;
    let mut books = bus.consume::<Written>("books").await.unwrap();
    let next = tokio::spawn(async move { books.next().await.unwrap().unwrap() });
    let inbox = soon(requests.next()).await.unwrap().reply.unwrap();
    let foreign = "$JS.ACK.OTHER.theirs.1.5.1.1700000000000000000.0";
    client.publish_with_reply(inbox.clone(), foreign, "{\"line\":7}".into()).await.unwrap();
    client.publish(inbox, "{\"line\":8}".into()).await.unwrap();
    round_trip(&client).await;
    bus.publish(&Written { line: 1 }).await.unwrap();
    let delivery = soon(next).await.unwrap();
    assert_eq!(delivery.line, 1);
    delivery.ack().await.unwrap();
    bus.flush().await.unwrap();
    client.publish("$JS.ACK.OTHER.end", "".into()).await.unwrap();
    let first = soon(settled.next()).await.unwrap();
    assert_eq!(first.subject.as_str(), "$JS.ACK.OTHER.end", "nothing of theirs was acknowledged");
}
