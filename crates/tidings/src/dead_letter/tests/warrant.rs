//! Signatures of redrives: whose word counts that a message was put back.

use futures_util::FutureExt as _;

use super::*;
use crate::header::{self, Headers};
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom, Incoming, Pull};
use crate::warrant::NewKey;

const CONSUMERS: [&str; 3] = ["shop", "audit", "all"];

/// A stream of orders with three consumers, of which the last acknowledges many at once.
async fn orders() -> (Link, DeadLetters) {
    let link = link().await;
    let config = crate::stream::StreamConfig::new("ORDERS", ["orders.>"]);
    link.transport.create_stream(&config).await.unwrap();
    for name in CONSUMERS {
        let acks = if name == "all" { AckPolicy::All } else { AckPolicy::Explicit };
        let consumer = ConsumerConfig { acks, ..ConsumerConfig::new(name) };
        link.transport.create_consumer("ORDERS", &consumer).await.unwrap();
    }
    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    (link, aside)
}

async fn publish(link: &Link, headers: Headers) {
    let subject = Subject::from_static("orders.created");
    let message = Outgoing { subject, headers, payload: Bytes::from_static(b"{}") };
    link.transport.store(&message).await.unwrap().await.unwrap();
}

fn with(pairs: &[(&'static str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in pairs {
        headers.push(*name, (*value).to_owned());
    }
    headers
}

async fn pull(link: &Link, consumer: &str) -> Pull {
    link.transport.pull("ORDERS", consumer, 10).await.unwrap()
}

/// Takes what comes, as far as there is anything.
async fn taken(pull: &mut Pull) -> Vec<Incoming> {
    let mut taken = Vec::new();
    while let Ok(Some(next)) =
        tokio::time::timeout(std::time::Duration::from_secs(20), pull.next()).await
    {
        taken.push(next.unwrap());
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn headers_of_a_redrive_count_with_its_signature_alone() {
    let (link, aside) = orders().await;
    // Who publishes has a key, too, and may write where everybody does.
    let theirs = NewKey::new();
    let mut key = with(&[]);
    key.push("tenant", "acme");
    let subject = Subject::from_static("orders.created");
    let message = Outgoing { subject, headers: key, payload: theirs.public().into() };
    let at = link.transport.store(&message).await.unwrap().await.unwrap().sequence;
    let forged = [
        with(&[("Tidings-Only", "ORDERS/nobody"), ("Nats-Msg-Id", "a")]),
        with(&[("tidings-only", "ORDERS/nobody"), ("Nats-Msg-Id", "b")]),
        with(&[("Tidings-Message-Id", "else"), ("Nats-Msg-Id", "c")]),
        with(&[("Tidings-Origin", "ORDERS.1.1"), ("Tidings-Redriven", "7"), ("Nats-Msg-Id", "d")]),
        with(&[("Tidings-Warrant", "nowhere.1.AAAA"), ("Nats-Msg-Id", "e")]),
        with(&[("Tidings-Only", "ORDERS/nobody"), ("Tidings-Warrant", ""), ("Nats-Msg-Id", "f")]),
    ];
    for headers in &forged {
        publish(&link, headers.clone()).await;
    }
    let mut signed = with(&[("Tidings-Only", "ORDERS/nobody"), ("Nats-Msg-Id", "g")]);
    let signature = theirs.stored("ORDERS", at).sign("orders.created", &signed, b"{}").unwrap();
    signed.push(header::WARRANT, signature);
    publish(&link, signed).await;

    for consumer in CONSUMERS {
        let mut pull = pull(&link, consumer).await;
        let taken = taken(&mut pull).await;
        let ids: Vec<_> = taken.iter().skip(1).map(|it| it.headers.message_id()).collect();
        assert_eq!(ids, ["a", "b", "c", "d", "e", "f", "g"].map(Some), "{consumer}");
        for incoming in &taken {
            assert_eq!((incoming.headers.origin(), incoming.headers.redriven()), (None, 0));
            assert!(!incoming.headers.is_for_another("ORDERS", consumer));
        }
        assert_eq!(
            (pull.skip_counters().skipped(), pull.skip_counters().unwarranted()),
            (0, 7),
            "{consumer}"
        );
    }
    let mut replay =
        link.transport.replay("ORDERS", Vec::new(), DeliverFrom::Beginning, 10).await.unwrap();
    let replayed = taken(&mut replay).await;
    assert_eq!(replayed[3].headers.message_id(), Some("c"));

    // Nor does a letter of such a message say more, and what is put back has none of it.
    put_aside(&link, 9, b"NATS/1.0\r\nNats-Msg-Id: h\r\nTidings-Message-Id: else\r\nTidings-Origin: A.1.1\r\nTidings-Redriven: 7\r\n\r\n").await;
    let letter = aside.list(DeadLetterFilter::all()).next().await.unwrap().unwrap();
    assert_eq!((letter.message_id(), letter.redriven()), (Some("h"), 0));
    aside.redrive(letter.sequence()).await.unwrap();
    let all = taken(&mut pull(&link, "shop").await).await;
    let back = all.iter().find(|it| it.headers.message_id() == Some("h")).unwrap();
    assert_eq!((back.headers.redriven(), back.headers.origin()), (1, Some(("ORDERS", 9, 0))));
}

#[tokio::test(start_paused = true)]
async fn what_a_redrive_signed_is_passed_over_and_counted() {
    let (link, aside) = orders().await;
    put_aside(&link, 1, b"NATS/1.0\r\nNats-Msg-Id: a\r\ntenant:  acme \r\n\r\n").await;
    put_aside(&link, 2, b"NATS/1.0\r\nNats-Msg-Id: b\r\n\r\n").await;
    let report = aside.redrive(DeadLetterFilter::all()).only_failed_consumer().await.unwrap();
    assert_eq!((report.redriven, report.failed), (2, 0), "{report:?}");
    assert_eq!(aside.count(DeadLetterFilter::all()).await.unwrap(), 0);
    // Whoever heard it says it again of something else.
    let mut replay =
        link.transport.replay("ORDERS", Vec::new(), DeliverFrom::Beginning, 10).await.unwrap();
    let heard = replay.next().await.unwrap().unwrap();
    assert_eq!((heard.headers.message_id(), heard.headers.redriven()), (Some("a"), 1));
    let mut stolen = Headers::clone(&heard.headers);
    stolen.set(header::MESSAGE_ID, "c");
    publish(&link, stolen).await;

    for (consumer, over) in [("shop", 0), ("audit", 2)] {
        let mut pull = pull(&link, consumer).await;
        let taken = taken(&mut pull).await;
        let ids: Vec<_> = taken.iter().map(|it| it.headers.message_id().unwrap()).collect();
        assert_eq!(ids, if over == 0 { vec!["a", "b", "c"] } else { vec!["c"] });
        assert_eq!(
            (pull.skip_counters().skipped(), pull.skip_counters().unwarranted()),
            (over, 1),
            "{consumer}"
        );
    }
    // Where an ack is one of all before it, whoever takes the messages passes them over.
    let mut pull = pull(&link, "all").await;
    let taken = taken(&mut pull).await;
    let for_others: Vec<bool> =
        taken.iter().map(|it| it.headers.is_for_another("ORDERS", "all")).collect();
    assert_eq!(for_others, [true, true, false]);
    assert!(pull.next().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_the_keys_of_the_last_redrives() {
    let (link, aside) = orders().await;
    put_aside(&link, 1, b"").await;
    aside.redrive(DeadLetterFilter::all()).await.unwrap();
    for _ in 0..key::MOST + 2 {
        key::make(&link, LETTERS).await.unwrap();
    }
    assert_eq!(link.transport.stream_state(LETTERS).await.unwrap().messages, key::MOST);
    assert_eq!(aside.count(DeadLetterFilter::all()).await.unwrap(), 0, "they are no letters");
    assert!(aside.list(DeadLetterFilter::all()).next().await.is_none());
    // One that is gone is believed no more.
    let mut pull = pull(&link, "shop").await;
    let back = pull.next().await.unwrap().unwrap();
    assert_eq!((back.headers.redriven(), pull.skip_counters().unwarranted()), (0, 1));
}
