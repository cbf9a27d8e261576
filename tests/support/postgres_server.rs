//! Starts a PostgreSQL as the tests do, writes its URL to the file that is named, and ends it with SIGTERM:
//! `cargo run -p tidings-tests --bin postgres-server -- <file>`.

use std::io;

use tidings_tests::Postgres;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let file = std::env::args().nth(1).ok_or_else(|| io::Error::other("which file?"))?;
    let server = Postgres::start().await;
    // Whole, or not there.
    let fresh = format!("{file}.new");
    std::fs::write(&fresh, server.url())?;
    std::fs::rename(&fresh, &file)?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    drop(server);
    Ok(())
}
