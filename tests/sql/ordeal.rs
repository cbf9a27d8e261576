//! Short forms of the ordeal; `CONTRIBUTING.md` has the full ones.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test's own functions fail it"
)]

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Ten times what they take on two cores.
const WITHIN: Duration = Duration::from_mins(5);
/// Held by the one that runs: each keeps all cores busy.
static BUSY: Mutex<()> = Mutex::const_new(());

/// Runs `sql-ordeal`, which says itself what is wrong.
async fn ordeal(database: &str) {
    let _alone = BUSY.lock().await;
    let running = Command::new(env!("CARGO_BIN_EXE_sql-ordeal"))
        .args([database, "--seed", "4", "--orders", "800", "--kills", "1"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(WITHIN, running).await;
    let output = output.unwrap_or_else(|_| panic!("{database} does not end within {WITHIN:?}"));
    let output = output.expect("it starts");
    let (said, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{database}: {}\n{said}\n{log}", output.status);
    eprintln!("{said}");
}

#[tokio::test]
async fn rows_events_and_effects_agree_in_postgres_whatever_is_killed() {
    ordeal("postgres").await;
}

#[tokio::test]
async fn rows_events_and_effects_agree_in_sqlite_whatever_is_killed() {
    ordeal("sqlite").await;
}
