//! Markers and delayed messages, which are skipped.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};

use crate::header::{self, Headers};
use crate::stream::{Retention, StreamConfig};
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::memory::Memory;
use crate::transport::{AckPolicy, ConsumerConfig, DeliverFrom, Outgoing, Transport};

/// Stores an event, a marker as a server writes one, and an event with nothing in it.
async fn store(transport: &Transport) {
    for (payload, marker) in [("{}", false), ("", true), ("", false)] {
        let mut headers = Headers::new();
        if marker {
            headers.push(header::MARKER_REASON, "MaxAge");
        }
        let subject = Subject::from_static("orders.created");
        let message =
            Outgoing { subject, headers, payload: Bytes::from_static(payload.as_bytes()) };
        transport.store(&message).await.unwrap().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_wrote_itself_is_acknowledged_and_left_out() {
    let transport = Transport::Memory(Memory::new());
    let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    orders.retention = Retention::Interest;
    transport.create_stream(&orders).await.unwrap();
    let consumer = ConsumerConfig::new("shop");
    transport.create_consumer("ORDERS", &consumer).await.unwrap();
    store(&transport).await;

    let from = DeliverFrom::Beginning;
    let mut replay = transport.replay("ORDERS", Vec::new(), from, 10).await.unwrap();
    let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
    for sequence in [1, 3] {
        let replayed = replay.next().await.unwrap().unwrap();
        assert_eq!(replayed.receipt.unwrap().sequence, sequence);
        let pulled = pull.next().await.unwrap().unwrap();
        assert_eq!(pulled.receipt.unwrap().sequence, sequence);
    }
    assert!(replay.next().now_or_never().is_none() && pull.next().now_or_never().is_none());
    let left = transport.stream_state("ORDERS").await.unwrap().messages;
    assert_eq!(left, 2, "the marker is settled, and the events are not");
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_work_queue_is_not_cancelled() {
    let transport = Transport::Memory(Memory::new());
    let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    (orders.retention, orders.allow_message_schedules) = (Retention::WorkQueue, true);
    transport.create_stream(&orders).await.unwrap();
    transport.create_consumer("ORDERS", &ConsumerConfig::new("shop")).await.unwrap();
    let due = transport.now() + Duration::from_secs(100);
    let mut headers = Headers::new();
    headers.push(header::SCHEDULE, format!("@at {}", timestamp::write(due).unwrap()));
    headers.push(header::SCHEDULE_TARGET, "orders.later");
    let subject = Subject::from_static("orders.created");
    let message = Outgoing { subject, headers, payload: Bytes::from_static(b"{}") };
    transport.store(&message).await.unwrap().await.unwrap();

    let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
    let incoming = pull.next().await.unwrap().unwrap();
    assert_eq!(incoming.subject.as_str(), "orders.later");
    assert!(transport.now() >= due && !incoming.waits());
    assert_eq!(incoming.receipt.unwrap().attempt, 1);
}

#[tokio::test(start_paused = true)]
async fn where_an_ack_is_one_of_all_before_it_a_marker_is_left_to_whoever_takes_messages() {
    let transport = Transport::Memory(Memory::new());
    transport.create_stream(&StreamConfig::new("ORDERS", ["orders.>"])).await.unwrap();
    let consumer = ConsumerConfig { acks: AckPolicy::All, ..ConsumerConfig::new("shop") };
    transport.create_consumer("ORDERS", &consumer).await.unwrap();
    store(&transport).await;

    let mut pull = transport.pull("ORDERS", "shop", 10).await.unwrap();
    for is_marker in [false, true, false] {
        assert_eq!(pull.next().await.unwrap().unwrap().is_marker(), is_marker);
    }
}
