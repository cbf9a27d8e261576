//! Short forms of the ordeals; `CONTRIBUTING.md` has the full ones.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Ten times what they take on two cores.
const WITHIN: Duration = Duration::from_secs(200);

/// Runs `ordeal`, which says itself what is wrong; gives its counts.
async fn ordeal(what: &str, events: u32, kills: u32) -> String {
    let _alone = crate::BUSY.lock().await;
    let running = Command::new(env!("CARGO_BIN_EXE_ordeal"))
        .args([what, "--seed", "4", "--events", &events.to_string()])
        .args(["--kills", &kills.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(WITHIN, running).await;
    let output = output.unwrap_or_else(|_| panic!("{what} does not end within {WITHIN:?}"));
    let output = output.expect("it starts");
    let (said, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{said}\n{log}", output.status);
    said.into_owned()
}

/// The server is killed and the processes that handle are: each event has one end.
#[tokio::test]
async fn each_event_has_one_end_whatever_is_killed() {
    eprintln!("{}", ordeal("kill", 3000, 3).await);
}

/// Each event has one end on three servers, too, of which the leader is killed.
#[tokio::test]
async fn each_event_has_one_end_whoever_leads() {
    eprintln!("{}", ordeal("cluster", 600, 2).await);
}

/// No message of a queue group is lost when members come and go.
#[tokio::test]
async fn no_message_is_lost_when_members_leave() {
    eprintln!("{}", ordeal("group", 30_000, 10).await);
}

/// Two versions of a service beside each other, and each kind of trouble once.
#[tokio::test]
async fn each_event_is_handled_by_a_version_that_knows_it() {
    eprintln!("{}", ordeal("mixed", 1500, 9).await);
}

/// A watcher of a bucket ends with what the bucket has, and is told of each gap.
#[tokio::test]
async fn a_watcher_ends_with_the_bucket_whatever_is_killed() {
    eprintln!("{}", ordeal("bucket", 2000, 3).await);
}
