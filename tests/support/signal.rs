//! Signals to processes, by the `kill` that every Unix has.

use std::process::Command;

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
