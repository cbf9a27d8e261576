//! A program that says everything by its former name still compiles and runs, and is warned of
//! nothing but that.

#![deny(warnings)]
#![allow(deprecated)]

use std::time::Duration;

use tidings::prelude::*;
use tidings::testing::{TestBus, UnsettledError};
use tidings::{ConnectionEventKind, From};

/// A line was read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "meters.read", stream = Meters)]
struct Read {
    /// Number of the order.
    number: u64,
}

/// Readings of meters.
#[derive(EventStream)]
#[stream(name = "METERS", subjects("meters.>"))]
struct Meters;

/// Start of a reader.
fn start(sequence: Option<u64>) -> From {
    match sequence {
        Some(sequence) => From::Sequence(sequence),
        None => From::Beginning,
    }
}

async fn settled(test: &TestBus) -> Result<(), UnsettledError> {
    test.settle().await?;
    match test.settle_within(Duration::from_secs(5)).await {
        Err(UnsettledError::Left { left, .. }) => panic!("{left:?}"),
        other => other,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let test = TestBus::in_memory();
    let handler = async |_: Read, _: Context| Ok::<(), Failure>(());
    test.serve(Registry::new("meters").handle::<Read>(handler)).await.unwrap();
    test.bus().publish_all([Read { number: 1 }, Read { number: 2 }]).await.unwrap();
    settled(&test).await.unwrap();

    let mut replay = test.bus().replay::<Read>(start(Some(2))).await.unwrap();
    assert_eq!(replay.next().await.unwrap().unwrap().number, 2);
    let mut work = test.bus().consume::<Read>("reader").from(start(None)).await.unwrap();
    assert_eq!(work.next().await.unwrap().unwrap().number, 1);
    assert!(matches!(start(None), From::Beginning));
    let mut events = test.bus().events();
    assert_eq!(events.recv().await.unwrap().kind, ConnectionEventKind::Connected);
}
