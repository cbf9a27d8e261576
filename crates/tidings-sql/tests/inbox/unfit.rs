//! Messages that can't be recorded, and databases that can't record any.

use tidings::prelude::*;
use tidings_sql::{Inbox, InboxError, LayoutError};
use tokio::sync::mpsc;

use crate::event::VisitSeen;
use crate::in_each_database;
use crate::stage::{Stage, TestDatabase};

in_each_database!(without_its_table_it_does_not_open, an_event_without_a_stream_is_refused);

async fn without_its_table_it_does_not_open<DB: TestDatabase>() {
    let (pool, _keeper) = DB::empty().await;
    let refused = Inbox::open(&pool).await.unwrap_err();
    assert!(matches!(refused, LayoutError::Missing { .. }), "{refused:?}");
    assert!(refused.to_string().contains("20261129000002_tidings_inbox"), "{refused}");
}

async fn an_event_without_a_stream_is_refused<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await;
    let (sender, mut told) = mpsc::unbounded_channel();
    let handler = move |_visit: VisitSeen, cx: Context| {
        let (inbox, sender) = (inbox.clone(), sender.clone());
        async move {
            let mut tx = inbox.begin().await?;
            sender.send(inbox.once(&mut tx, &cx).await).map_err(|error| error.to_string())?;
            Ok(())
        }
    };
    let registry = Registry::new("shop").handle::<VisitSeen>(handler);
    let running = registry.start(&stage.bus).await.unwrap();
    stage.bus.publish(&VisitSeen { number: 1 }).await.unwrap();
    let refused = told.recv().await.unwrap().unwrap_err();
    assert!(matches!(refused, InboxError::NoStream { .. }), "{refused:?}");
    running.shutdown().await;
}
