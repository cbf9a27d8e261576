//! Signals to processes, by the `kill` that every Unix has.

use std::process::Command;

/// Sends `signal`, such as `INT`, to the process.
pub(crate) fn send(signal: &str, process: u32) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).status();
    assert!(sent.as_ref().is_ok_and(std::process::ExitStatus::success), "-{signal}: {sent:?}");
}
