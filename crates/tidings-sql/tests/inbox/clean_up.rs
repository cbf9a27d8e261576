//! Cleaning up: records that are forgotten, and those that are not.

use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::eventually;

use crate::event::Orders;
use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(
    what_is_older_is_forgotten,
    it_is_kept_as_long_as_its_stream_and_a_day,
    it_is_kept_for_ever_where_one_of_its_streams_keeps_all,
);

/// Lets go of nothing by age.
#[derive(EventStream)]
#[stream(name = "ARCHIVE", subjects("archive.>"))]
struct Archive;

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

async fn it_is_kept_for_ever_where_one_of_its_streams_keeps_all<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    DB::age(&stage.pool, 5, 365 * 24 * 60 * 60).await;
    let inbox = stage.inbox().await;
    // Whichever is said first.
    for inbox in [
        inbox.clone().keep_as::<Archive>().keep_as::<Orders>(),
        inbox.clone().keep_as::<Orders>().keep_as::<Archive>(),
    ] {
        assert_eq!(inbox.clean_up().await.unwrap(), 0);
    }
    // What is said last of a time counts.
    let inbox = inbox.keep_as::<Archive>().keep_for(Duration::from_hours(1));
    assert_eq!(inbox.clean_up().await.unwrap(), 5);
}
