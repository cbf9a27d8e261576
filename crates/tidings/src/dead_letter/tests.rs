mod warrant;

use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::*;
use crate::link::{Link, Timeouts};
use crate::subject::Subject;
use crate::topology::Topology;
use crate::traces::Tracing;
use crate::transport::memory::Memory;
use crate::transport::{Outgoing, Receipt, StoredHeaders, StoredMessage, Transport};

const LETTERS: &str = "shop-dead-letters";
const POISON: &[u8] = b"NATS/1.0\r\nbad name: \xff\r\n\r\n";

async fn link() -> Link {
    let transport = Transport::Memory(Memory::new());
    let config = DeadLetterPolicy::default().config(LETTERS, [], [("ORDERS", "shop")]);
    provision(&transport, &config, Topology::Manage).await.unwrap();
    Link {
        transport,
        timeouts: Timeouts::default().into(),
        environment: std::sync::Arc::default(),
        cloud_events: None,
        traces: Tracing::default(),
        observers: None,
        pulse: std::sync::Arc::default(),
    }
}

/// Puts a message aside whose header block is this.
async fn put_aside(link: &Link, sequence: u64, block: &[u8]) {
    put_aside_with(link, sequence, block, b"{}").await;
}

/// Puts a message with this payload aside.
async fn put_aside_with(link: &Link, sequence: u64, block: &[u8], payload: &'static [u8]) {
    let stored = StoredMessage {
        subject: Subject::from_static("orders.created"),
        sequence,
        stored_at: SystemTime::UNIX_EPOCH,
        headers: StoredHeaders::read(block.to_vec()),
        payload: Bytes::from_static(payload),
    };
    let receipt = Receipt {
        stream: "ORDERS".into(),
        consumer: "shop".into(),
        sequence,
        attempt: 1,
        pending: 0,
        stored_at: stored.stored_at,
    };
    let cause = Cause {
        reason: DeadLetterReason::Unreadable,
        error: "its headers can't be read".to_owned(),
        attempts: 1,
        first_failed_at: None,
        last_failed_at: SystemTime::UNIX_EPOCH,
    };
    store_read(link, LETTERS, &stored, &receipt, &cause).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn headers_that_can_not_be_read_are_kept_and_never_sent_again() {
    let link = link().await;
    let mut orders = crate::stream::StreamConfig::new("ORDERS", ["orders.>"]);
    orders.duplicate_window = Some(std::time::Duration::from_secs(120));
    link.transport.create_stream(&orders).await.unwrap();
    put_aside(&link, 1, POISON).await;
    put_aside(&link, 2, b"NATS/1.0\r\ntenant:  acme \r\n\r\n").await;
    put_aside(&link, 3, b"").await;

    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    let found: Vec<DeadLetter> =
        aside.list(DeadLetterFilter::all()).map(Result::unwrap).collect().await;
    assert_eq!(found[0].raw_headers().map(Bytes::as_ref), Some(POISON));
    assert!(found[0].headers().is_empty());
    assert_eq!(found[1].raw_headers(), None);
    assert_eq!(found[1].headers().get("tenant"), Some("acme"));
    assert!(found[2].headers().is_empty() && found[2].raw_headers().is_none());

    // It is told, and does not keep the others.
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed, report.stopped), (2, 1, false));
    assert!(matches!(report.errors[..], [DeadLetterError::Unreadable { sequence: 1 }]));
    assert_eq!(aside.count(DeadLetterFilter::all()).await.unwrap(), 1);
    assert_eq!(link.transport.stream_state("ORDERS").await.unwrap().messages, 2);
}

#[tokio::test(start_paused = true)]
async fn a_letter_of_what_the_server_wrote_itself_is_never_put_back() {
    let link = link().await;
    let orders = crate::stream::StreamConfig::new("ORDERS", ["orders.>"]);
    link.transport.create_stream(&orders).await.unwrap();
    put_aside_with(&link, 1, b"NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\n\r\n", b"").await;
    put_aside_with(&link, 2, b"", b"").await;

    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed, report.stopped), (1, 1, false));
    assert!(matches!(report.errors[..], [DeadLetterError::Marker { sequence: 1 }]));
    assert_eq!(link.transport.stream_state("ORDERS").await.unwrap().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_letter_of_what_waited_is_never_put_back() {
    let link = link().await;
    let orders = crate::stream::StreamConfig::new("ORDERS", ["orders.>"]);
    link.transport.create_stream(&orders).await.unwrap();
    let waited = b"NATS/1.0\r\nNats-Schedule: @at 2030-01-01T00:00:00Z\r\nNats-Schedule-Target: orders.x\r\n\r\n";
    put_aside_with(&link, 1, waited, b"").await;
    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed, report.stopped), (0, 1, false));
    assert!(matches!(report.errors[..], [DeadLetterError::Waiting { sequence: 1 }]));
}

#[tokio::test(start_paused = true)]
async fn a_time_is_found_among_many() {
    let link = link().await;
    let mut times = Vec::new();
    for sequence in 1..=40 {
        put_aside(&link, sequence, b"").await;
        times.push(link.transport.now());
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    }
    // Some are gone.
    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    for sequence in [1, 2, 17, 18, 40] {
        aside.purge(sequence).await.unwrap();
    }
    for (since, first) in [(0, 3), (5, 6), (16, 19), (18, 19), (38, 39)] {
        let filter = DeadLetterFilter::all().since(times[since]);
        let letter = aside.list(filter).next().await.unwrap().unwrap();
        assert_eq!(letter.sequence(), first, "since {since}");
    }
    assert!(aside.list(DeadLetterFilter::all().since(times[39])).next().await.is_none());
}

/// Writes a letter as whoever may write into the stream can.
async fn forge(link: &Link, place: &str, headers: &[(&'static str, &str)]) {
    let mut written = crate::header::Headers::new();
    for (name, value) in headers {
        written.push(*name, (*value).to_owned());
    }
    let subject = Subject::from(format!("_dead_letters.{LETTERS}.{place}"));
    let message = Outgoing { subject, headers: written, payload: Bytes::from_static(b"{}") };
    link.transport.store(&message).await.unwrap().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_letter_goes_back_only_to_its_own_stream_and_a_bad_one_keeps_no_other() {
    let link = link().await;
    for (name, subject) in [("ORDERS", "orders.>"), ("STOCK", "stock.>")] {
        let config = crate::stream::StreamConfig::new(name, [subject]);
        link.transport.create_stream(&config).await.unwrap();
    }
    let forbidden = [
        "ORDERS.shop.$KV.settings.key",
        "ORDERS.shop.$JS.API.STREAM.PURGE.STOCK",
        "ORDERS.shop._INBOX.a.b",
        "ORDERS.shop._schedules.ORDERS.7",
        "shop-dead-letters.shop._dead_letters.shop-dead-letters.ORDERS.shop.orders.a",
    ];
    for place in forbidden {
        forge(&link, place, &[]).await;
    }
    let homeless = ["ORDERS.shop.stock.taken", "NOWHERE.shop.orders.a", "STOCK.shop.orders.a"];
    for place in homeless {
        forge(&link, place, &[]).await;
    }
    forge(&link, "ORDERS.shop.orders.a", &[("tenant", "a\rb")]).await;
    // Another subject than that of the letter is not believed, and a count has an end.
    let said =
        [(crate::header::DL_SUBJECT, "stock.taken.and.more"), (crate::header::REDRIVEN, "x")];
    forge(&link, "ORDERS.shop.orders.b", &said).await;
    let most = u64::MAX.to_string();
    forge(&link, "ORDERS.shop.orders.c", &[(crate::header::REDRIVEN, &most)]).await;

    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    let all = DeadLetterFilter::all;
    let planned = aside.redrive(all()).dry_run().await.unwrap();
    assert_eq!((planned.redriven, planned.failed, planned.stopped), (2, 9, false), "{planned:?}");
    let report = aside.redrive(all()).await.unwrap();
    assert_eq!((report.redriven, report.failed, report.stopped), (2, 9, false), "{report:?}");
    for (error, subject) in report.errors.iter().zip(forbidden) {
        let (_, subject) = subject.split_once(".shop.").unwrap();
        let is_named =
            matches!(error, DeadLetterError::Forbidden { subject: is, .. } if is == subject);
        assert!(is_named, "{subject}: {error}");
    }
    let of_streams = &report.errors[forbidden.len()..forbidden.len() + homeless.len()];
    let is_homeless = |error: &DeadLetterError| matches!(error, DeadLetterError::NoOrigin { .. });
    assert!(of_streams.iter().all(is_homeless), "{of_streams:?}");
    assert!(matches!(report.errors[8], DeadLetterError::Unreadable { .. }), "{report:?}");
    assert_eq!(link.transport.stream_state("ORDERS").await.unwrap().messages, 2);
    assert_eq!(link.transport.stream_state("STOCK").await.unwrap().messages, 0);
    assert_eq!(aside.count(all()).await.unwrap(), 9, "they stay");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_full_keeps_its_own_letters_waiting_and_no_other() {
    let link = link().await;
    for (name, subject, most) in [("ORDERS", "orders.>", Some(1)), ("STOCK", "stock.>", None)] {
        let mut config = crate::stream::StreamConfig::new(name, [subject]);
        (config.max_messages, config.discard) = (most, crate::stream::Discard::New);
        link.transport.create_stream(&config).await.unwrap();
    }
    for place in ["ORDERS.s.orders.a", "ORDERS.s.orders.b", "ORDERS.s.orders.c", "STOCK.s.stock.a"]
    {
        forge(&link, place, &[]).await;
    }
    let aside = DeadLetters::new(link.clone(), LETTERS.to_owned());
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed, report.left), (2, 1, 1), "{report:?}");
    assert!(report.stopped);
    let report = aside.redrive(DeadLetterFilter::all()).keep_going().await.unwrap();
    assert_eq!((report.failed, report.left, report.stopped), (2, 0, false), "{report:?}");
}
