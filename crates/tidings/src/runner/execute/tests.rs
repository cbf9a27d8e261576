//! A test's bus runs handlers where any other bus does: a quick one in its scheduler's task.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tidings::prelude::*;
use tidings::testing::TestBus;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ticks.came")]
struct Tick {
    number: u64,
}

/// Number of tasks in which a quick handler was called, on this bus.
async fn tasks(test: &TestBus, messages: u64) -> usize {
    let tasks = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&tasks);
    let handler = move |_: Tick, _: Context| {
        seen.lock().unwrap().insert(tokio::task::try_id().map(|id| id.to_string()));
        async { Ok::<(), Failure>(()) }
    };
    test.serve(Registry::new("clock").handle::<Tick>(handler)).await.unwrap();
    for number in 0..messages {
        test.bus().publish(&Tick { number }).await.unwrap();
    }
    test.wait_idle().await.unwrap();
    let tasks = tasks.lock().unwrap();
    tasks.len()
}

#[tokio::test]
async fn a_quick_handler_has_no_task_of_its_own_on_a_tests_bus_either() {
    let tasks = tasks(&TestBus::in_memory(), 200).await;
    assert!(tasks < 200, "{tasks} tasks for 200 messages");
}

#[tokio::test]
async fn what_a_test_holds_back_waits_in_a_task_of_its_own() {
    let test = TestBus::in_memory();
    test.faults().hold::<Tick>(Duration::from_millis(1));
    assert_eq!(tasks(&test, 20).await, 20);
}
