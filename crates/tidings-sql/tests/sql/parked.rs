//! Events that can't be published: parked with the reason, and nobody of another key waits.

use sqlx::{Executor, Pool};
use tidings::prelude::*;
use tidings::{Headers, Record};
use tidings_sql::{Database, Outbox, OutboxError, OutboxThresholds, ParkedFilter};
use tidings_tests::eventually;

use crate::event::{Env, OrderCreated, Orders, SOON, each_database, order};

#[derive(EventStream)]
#[stream(name = "REFUNDS", subjects("refunds.>"))]
struct Refunds;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "refunds.made", stream = Refunds)]
struct RefundMade {
    refund: u64,
}

each_database! {
    what_has_no_stream_is_parked_and_holds_its_key_alone,
    what_was_parked_goes_in_its_order_once_it_is_tried_again,
    what_is_tried_again_comes_before_what_is_committed_meanwhile,
    what_waits_behind_a_parked_event_goes_once_that_is_purged,
    events_of_one_call_have_a_key_each_where_asked,
    what_an_outbox_cannot_hold_is_refused_in_the_transaction,
    a_row_that_cannot_be_read_is_parked_and_holds_its_key_alone,
    what_is_no_json_is_published_as_it_is,
}

async fn parked<Db: Database>(outbox: &Outbox<Db>, count: usize) -> Vec<tidings_sql::ParkedRecord> {
    eventually(SOON, "they are parked", async || {
        let parked = outbox.parked(0, 100).await.unwrap();
        (parked.len() == count).then_some(parked)
    })
    .await
}

async fn fill<Db: Database>(outbox: &Outbox<Db>) {
    let mut tx = outbox.begin().await.unwrap();
    for refund in 1..=3 {
        outbox.publish(&mut tx, &RefundMade { refund }).await.unwrap();
    }
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_has_no_stream_is_parked_and_holds_its_key_alone<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    fill(&outbox).await;
    let relay = outbox.relay().attempts(2).start();
    let parked = parked(&outbox, 3).await;
    assert!(parked[0].reason.contains("no stream keeps `refunds.made`"), "{:?}", parked[0]);
    assert_eq!(parked[0].behind, None);
    assert_eq!((parked[1].behind, parked[2].behind), (Some(parked[0].id), Some(parked[0].id)));
    assert_eq!(env.stored(1).await, [1]);
    // What is committed later waits behind it, too.
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &RefundMade { refund: 4 }).await.unwrap();
    outbox.publish(&mut tx, &order(2)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(env.stored(2).await, [1, 2]);
    self::parked(&outbox, 4).await;
    let health = env.bus.health().await;
    eventually(SOON, "what is parked is no error of the relay", async || {
        relay.health(health.clone()).ready
    })
    .await;
    let status = outbox.status().await.unwrap();
    let health = status.health(health, &OutboxThresholds::new().max_parked(3));
    assert_eq!(health.reasons[0].to_string(), "outbox: 4 events can't be published, more than 3");
    assert!(!health.ready && health.live);
    assert_eq!(relay.shutdown().await.parked, 4);
}

async fn events_of_one_call_have_a_key_each_where_asked<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    let refunds = (1..=3).map(|refund| RefundMade { refund });
    outbox.publish_all_by(&mut tx, refunds, |made| made.refund.to_string()).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().attempts(1).start();
    // None waits behind another one.
    for (parked, key) in parked(&outbox, 3).await.iter().zip(["1", "2", "3"]) {
        assert_eq!((parked.key.as_str(), parked.behind), (key, None));
    }
    relay.shutdown().await;
}

async fn refunds(bus: &Bus, count: u64) -> Vec<u64> {
    let mut replay = bus.replay::<RefundMade>(DeliverFrom::Beginning).await.unwrap();
    let mut refunds = Vec::new();
    for _ in 0..count {
        refunds.push(replay.next().await.unwrap().unwrap().refund);
    }
    refunds
}

async fn what_was_parked_goes_in_its_order_once_it_is_tried_again<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    fill(&outbox).await;
    let relay = outbox.relay().attempts(1).start();
    let parked = parked(&outbox, 3).await;
    env.bus.provision::<Refunds>().await.unwrap();
    // Those of its key come with it.
    assert_eq!(outbox.retry(&ParkedFilter::Row(parked[1].id)).await.unwrap(), 3);
    assert_eq!(refunds(&env.bus, 3).await, [1, 2, 3]);
    assert_eq!(outbox.retry(&ParkedFilter::All).await.unwrap(), 0);
    relay.shutdown().await;
}

/// Read a row at a time, so that what is committed meanwhile is looked for behind what was read.
async fn what_is_tried_again_comes_before_what_is_committed_meanwhile<Db: Database>(env: Env<Db>) {
    const REFUNDS: u64 = 150;
    let outbox = env.outbox().await;
    let relays = [outbox.relay().batch(1).attempts(1).start(), outbox.relay().attempts(1).start()];
    fill(&outbox).await;
    parked(&outbox, 3).await;
    env.bus.provision::<Refunds>().await.unwrap();
    let writer = tokio::spawn({
        let outbox = outbox.clone();
        async move {
            for refund in 4..=REFUNDS {
                let mut tx = outbox.begin().await.unwrap();
                outbox.publish(&mut tx, &RefundMade { refund }).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    });
    // What was parked behind one that goes again has to go again, too.
    eventually(SOON, "all go", async || {
        outbox.retry(&ParkedFilter::All).await.unwrap();
        let status = outbox.status().await.unwrap();
        writer.is_finished() && status.pending + status.parked == 0
    })
    .await;
    writer.await.unwrap();
    assert_eq!(refunds(&env.bus, REFUNDS).await, (1..=REFUNDS).collect::<Vec<_>>());
    for relay in relays {
        relay.shutdown().await;
    }
}

async fn what_waits_behind_a_parked_event_goes_once_that_is_purged<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    fill(&outbox).await;
    let relay = outbox.relay().attempts(1).start();
    let parked = parked(&outbox, 3).await;
    env.bus.provision::<Refunds>().await.unwrap();
    assert_eq!(outbox.purge(&ParkedFilter::Row(parked[0].id)).await.unwrap(), 1);
    assert_eq!(refunds(&env.bus, 2).await, [2, 3]);
    relay.shutdown().await;
    let status = outbox.status().await.unwrap();
    assert_eq!((status.pending, status.parked), (0, 0));
}

async fn what_an_outbox_cannot_hold_is_refused_in_the_transaction<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    let large = OrderCreated { note: "x".repeat(env.bus.max_payload()), ..order(1) };
    let error = outbox.publish(&mut tx, &large).await.unwrap_err();
    assert!(error.to_string().contains("max_payload"), "{error}");
    let nobodys = Record::new("orders.eu.created", Headers::new(), "{}").unwrap();
    let error = outbox.publish_record(&mut tx, nobodys).await.unwrap_err();
    assert!(matches!(error, OutboxError::NoStream { .. }), "{error:?}");
    let expecting = env.bus.message(&order(2)).expected_last_sequence(7).record().unwrap();
    let error = outbox.publish_record(&mut tx, expecting).await.unwrap_err();
    assert!(matches!(error, OutboxError::Expectation { .. }), "{error:?}");
    // Nothing of it is in the way of what can be held.
    outbox.publish(&mut tx, &order(3)).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().start();
    assert_eq!(env.stored(1).await, [3]);
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 1);
    relay.shutdown().await;
}

/// Writes a row by hand, as a program might that is none of ours.
async fn write_by_hand<Db>(pool: &Pool<Db>, subject: &str, headers: &str, payload: &str)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let write = format!(
        "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) \
         VALUES (1, 'by-hand', 'ORDERS', '{subject}', 'by-hand', '{headers}', '{payload}')"
    );
    pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(write))).await.unwrap();
}

async fn a_row_that_cannot_be_read_is_parked_and_holds_its_key_alone<Db>(env: Env<Db>)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let outbox = env.outbox().await;
    for (subject, headers, why) in [
        ("orders.eu.created", "no JSON", "its headers can't be read"),
        ("orders.eu.created", r#"[["Nats-Msg-Id","a\u000ab"]]"#, "Nats-Msg-Id"),
        ("orders.*", "[]", "orders.*"),
        ("", "[]", "subject"),
    ] {
        write_by_hand(&env.pool, subject, headers, "{}").await;
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &order(1)).key("by-hand").await.unwrap();
        outbox.publish(&mut tx, &order(2)).key("other").await.unwrap();
        tx.commit().await.unwrap();
        let relay = outbox.relay().attempts(1).start();
        let parked = parked(&outbox, 2).await;
        assert!(parked[0].reason.contains(why), "{:?}", parked[0]);
        assert_eq!(parked[1].behind, Some(parked[0].id));
        eventually(SOON, "the other is sent", async || outbox.status().await.unwrap().pending == 0)
            .await;
        relay.shutdown().await;
        assert_eq!(outbox.purge(&ParkedFilter::All).await.unwrap(), 2);
    }
    assert_eq!(env.stored(1).await, [2]);
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 1);
}

/// A payload is bytes: whoever handles it says what it can't read.
async fn what_is_no_json_is_published_as_it_is<Db>(env: Env<Db>)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let outbox = env.outbox().await;
    let headers = r#"[["Nats-Msg-Id","by-hand"]]"#;
    write_by_hand(&env.pool, "orders.eu.created", headers, "no JSON").await;
    let relay = outbox.relay().start();
    eventually(SOON, "it is sent", async || outbox.status().await.unwrap().pending == 0).await;
    relay.shutdown().await;
    let mut orders = env.bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    let error = orders.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("orders.eu.created"), "{error}");
}
