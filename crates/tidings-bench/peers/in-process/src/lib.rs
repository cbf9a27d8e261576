//! Parts that both programs share: the count of messages, and the section of the work that is
//! counted.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Numbers of messages consumed: one that wakes everything up, so many, and twice as many. What is
/// done once is in both, and so not in the difference.
const ROUNDS: [usize; 3] = [1, 1_000, 2_000];

/// The message: two numbers.
pub const ID: u64 = 1_000_000;
/// The second of them.
pub const QUANTITY: u32 = 37;

/// Counts messages down.
#[derive(Debug, Clone, Default)]
pub struct Latch(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    left: AtomicUsize,
    none_left: Notify,
}

impl Latch {
    /// Counts one message that was handled.
    pub fn arrived(&self) {
        if self.0.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.none_left.notify_one();
        }
    }
}

/// Publishes, and then consumes what waits in the queue: only that is counted.
///
/// # Errors
/// Where a message could not be published, or was handled before its time.
pub fn consume(
    runtime: &Runtime,
    latch: &Latch,
    mut publish: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for messages in ROUNDS {
        latch.0.left.store(messages, Ordering::Relaxed);
        publish(messages)?;
        anyhow::ensure!(latch.0.left.load(Ordering::Relaxed) == messages, "handled too early");
        let mut handle = || runtime.block_on(latch.0.none_left.notified());
        if messages == 1 { handle() } else { counted(&mut handle) }
    }
    Ok(())
}

/// Section that is counted: callgrind finds it by its name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // So that the call is no jump: this function would have ended with it.
    black_box(());
}

/// Runtime with one thread: there is one order in which everything happens.
///
/// # Errors
/// Where the system has none to give.
pub fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
