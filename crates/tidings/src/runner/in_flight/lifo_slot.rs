//! Tokio's LIFO slot: a worker keeps the task that was woken last until the running one returns, and
//! no other worker can take it from there (tokio 1.54).

use std::future::ready;

use tokio::runtime::Handle;

/// Makes whoever was woken last free for other workers: a task that does nothing takes its slot.
///
/// Else the keep-alive task, woken for a message whose handler then blocks this thread, would run only
/// once the handler has returned.
#[cold]
pub(super) fn clear() {
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(ready(())));
    }
}
