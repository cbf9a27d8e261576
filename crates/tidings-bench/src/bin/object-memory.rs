//! Memory of a program that puts a large object from a reader and gets it into a writer:
//! `cargo run --release -p tidings-bench --bin object-memory`. Its argument is the object's size in MiB.
//!
//! The server is another process. The highest that this one ever had is what Linux says (`VmHWM`), and it
//! fails above 32 MiB.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use tidings::prelude::*;
use tidings::{ObjectStoreConfig, Objects};
use tidings_tests::Server;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Maximum that the process may ever have.
const MOST: u64 = 32 << 20;
/// Size of the object in MiB, where none is said.
const SIZE: u64 = 1024;
/// Number of bytes that the reader yields at a time.
const READ: usize = 64 * 1024;

/// A file that is nowhere: so many bytes, one after the other.
struct Bytes {
    at: u64,
    end: u64,
}

impl AsyncRead for Bytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let len = left.min(READ).min(buffer.remaining());
        let [.., value, _, _] = self.at.to_be_bytes();
        buffer.initialize_unfilled_to(len).fill(value);
        buffer.advance(len);
        self.at += len as u64;
        Poll::Ready(Ok(()))
    }
}

/// A writer that counts.
#[derive(Default)]
struct Count(u64);

impl AsyncWrite for Count {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0 += bytes.len() as u64;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The most memory that this process ever had, in bytes.
fn highest() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .context("how much memory a process had is read from Linux's /proc")?;
    let kibibytes = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok()
        })
        .context("/proc/self/status has no VmHWM")?;
    Ok(u64::saturating_mul(kibibytes, 1024))
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn tell(what: &str) -> Result<()> {
    println!("{what:<20} {} MiB", highest()?.div_ceil(1 << 20));
    Ok(())
}

async fn run(objects: &Objects, size: u64) -> Result<()> {
    let stored = objects.put_from("large", Bytes { at: 0, end: size }).await?;
    ensure!(stored.size == size, "{} of {size} bytes were stored", stored.size);
    tell("put from a reader")?;
    let mut written = Count::default();
    let object = objects.get("large").await?.context("it is there")?;
    ensure!(object.write_to(&mut written).await? == size && written.0 == size);
    tell("get to a writer")?;
    let object = objects.get("large").range(size - 10..).await?.context("it is there")?;
    ensure!(object.bytes().await?.len() == 10);
    tell("its last bytes")?;
    let mut list = objects.list().await?;
    while let Some(object) = list.next().await {
        ensure!(object?.size == size);
    }
    tell("list")?;
    ensure!(objects.sweep(Duration::ZERO).await? == 0);
    tell("sweep")?;
    objects.delete("large").await?;
    tell("delete")
}

#[tokio::main]
async fn main() -> Result<()> {
    let size = std::env::args().nth(1).map_or(Ok(SIZE), |size| size.parse())? << 20;
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await?;
    bus.apply(bus.plan_stream(&ObjectStoreConfig::new("large").to_stream()).await?).await?;
    tell("connected")?;
    run(&bus.objects("large"), size).await?;
    let highest = highest()?;
    ensure!(highest < MOST, "{highest} bytes, and {MOST} are the most");
    Ok(())
}
