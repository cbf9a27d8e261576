//! Follow-ups of a handler, in the transaction of what it writes.

use std::collections::BTreeMap;

use tidings::prelude::*;
use tidings_sql::{Outbox, OutboxContext as _};
use tidings_tests::eventually;

use crate::event::{OrderBilled, OrderPlaced, Orders};
use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(consume_write_and_publish_are_one_step, what_is_rolled_back_is_not_published);

const ORDERS: i64 = 30;

/// A handler that fails before its commit, then after it, and then not any more.
async fn consume_write_and_publish_are_one_step<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await;
    let relay = Outbox::open(&stage.bus, &stage.pool).await.unwrap().relay().start();
    let handler = move |order: OrderPlaced, cx: Context| {
        let inbox = inbox.clone();
        async move {
            let mut tx = inbox.begin().await?;
            if inbox.once(&mut tx, &cx).await?.is_first() {
                DB::write(&mut tx, order.number).await?;
                cx.outbox(&mut tx).publish(&OrderBilled { number: order.number }).await?;
                if cx.attempt() == 1 {
                    return Err(Failure::retry("it ends before the commit"));
                }
                tx.commit().await?;
            }
            if cx.attempt() == 2 { Err(Failure::retry("it ends after the commit")) } else { Ok(()) }
        }
    };
    let route = Route::of::<OrderPlaced>(handler).retry(Retry::fixed(Duration::from_millis(10)));
    let running = Registry::new("billing").route(route).start(&stage.bus).await.unwrap();
    let mut ids = BTreeMap::new();
    for number in 0..ORDERS {
        let order = OrderPlaced { number };
        let (cause, trace) = (format!("order-{number}"), format!("visit-{number}"));
        let draft = stage.bus.message(&order).message_id(&cause).correlation_id(&trace);
        draft.publish().await.unwrap();
        ids.insert(number, (Some(trace), Some(cause)));
    }
    eventually(SOON, "all are handled", || async { running.report()[0].handled == 30 }).await;
    stage.wrote(&(0..ORDERS).collect::<Vec<_>>()).await;
    let all = || async {
        let messages = stage.bus.stream::<Orders>().state().await?.messages;
        anyhow::ensure!(messages == 60, "{messages}");
        Ok(())
    };
    eventually(SOON, "all are followed up", all).await;
    running.shutdown().await;
    relay.shutdown().await;

    let mut billed = stage.bus.replay::<OrderBilled>(DeliverFrom::Beginning).await.unwrap();
    let mut found = BTreeMap::new();
    for _ in 0..ORDERS {
        let bill = billed.next().await.unwrap().unwrap();
        let header = |name| bill.headers().get(name).map(str::to_owned);
        let carried = (header("Tidings-Correlation-Id"), header("Tidings-Causation-Id"));
        assert!(found.insert(bill.number, carried).is_none(), "{} twice", bill.number);
    }
    assert_eq!(found, ids);
}

async fn what_is_rolled_back_is_not_published<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let (inbox, cx) = (stage.inbox().await, stage.delivered("shop", 1).await);
    let relay = Outbox::open(&stage.bus, &stage.pool).await.unwrap().relay().start();
    let mut tx = inbox.begin().await.unwrap();
    cx.outbox(&mut tx).publish(&OrderBilled { number: 1 }).await.unwrap();
    tx.rollback().await.unwrap();
    let mut tx = inbox.begin().await.unwrap();
    let many = [2, 3].map(|number| OrderBilled { number });
    let written = cx.outbox(&mut tx).publish_all(many).await.unwrap();
    tx.commit().await.unwrap();
    assert_ne!(written[0].message_id, written[1].message_id);
    let mut billed = stage.bus.replay::<OrderBilled>(DeliverFrom::Beginning).await.unwrap();
    let mut next = async || billed.next().await.unwrap().unwrap().number;
    assert_eq!((next().await, next().await), (2, 3));
    relay.shutdown().await;
}
