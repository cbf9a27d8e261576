//! Signals to processes, by the `kill` that every Unix has.

use std::fs::{read_dir, read_to_string};
use std::process::Command;
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Sends `name`, such as `INT`, to the process.
///
/// # Panics
/// Panics if there is no such process, or nothing to send it with.
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).output();
    match sent {
        Ok(output) if output.status.success() => {}
        other => panic!("can't send {name} to {process}: {other:?}"),
    }
}

/// Waits until no thread of a process that was sent `STOP` runs any more: `kill` returns before, and on a busy machine one of
/// them may still answer. Where there is no `/proc` nobody knows.
pub(crate) fn await_stop(process: u32) {
    let end = Instant::now() + Duration::from_secs(5);
    let runs = |stat: String| {
        // `<id> (<name>) <state> …`, and the name may hold whatever it likes.
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state.is_some_and(|state| state != 'T')
    };
    loop {
        let Ok(threads) = read_dir(format!("/proc/{process}/task")) else { return };
        let mut stats =
            threads.flatten().filter_map(|thread| read_to_string(thread.path().join("stat")).ok());
        if !stats.any(runs) {
            return;
        }
        assert!(Instant::now() < end, "{process} does not stop");
        yield_now();
    }
}
