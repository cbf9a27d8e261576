//! What is forgotten, and what is not.

use std::time::Duration;

use tidings_tests::eventually;

use crate::event::Orders;
use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(what_is_older_is_forgotten, it_is_kept_as_long_as_its_stream_and_a_day);

async fn what_is_older_is_forgotten<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    DB::age(&stage.pool, 2500, 120).await;
    let inbox = stage.inbox().await;
    assert_eq!(inbox.clean_up().await.unwrap(), 0);
    let inbox = inbox.keep_for(Duration::from_mins(10));
    assert_eq!(inbox.clean_up().await.unwrap(), 0);
    let inbox = inbox.keep_for(Duration::from_mins(1));
    assert_eq!(inbox.clean_up().await.unwrap(), 2500);
    assert_eq!(DB::records(&stage.pool).await, 0);
}

async fn it_is_kept_as_long_as_its_stream_and_a_day<DB: TestDatabase>() {
    const HOUR: i64 = 60 * 60;
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await.keep_as::<Orders>();
    DB::age(&stage.pool, 5, 24 * HOUR).await;
    assert_eq!(inbox.clean_up().await.unwrap(), 0);
    DB::forget_all(&stage.pool).await;
    DB::age(&stage.pool, 5, 26 * HOUR).await;
    let cleaning = inbox.clean_up_every(Duration::from_millis(20));
    let is_empty = || async { DB::records(&stage.pool).await == 0 };
    eventually(SOON, "it is cleaned up", is_empty).await;
    drop(cleaning);
}
