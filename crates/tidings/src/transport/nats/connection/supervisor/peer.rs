//! Reconnecting beside the other connection of a bus: which of them goes first, and to which server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Server;
use tokio::time::{Instant, timeout};

use super::{Listening, Peer, Seen, Supervisor};
use crate::lock::locked;
use crate::user_code::log;

/// Maximum time that a connection waits for another one that is to go first.
const FIRST_GOES: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Makes this connection come back behind that one, from now on.
    pub(crate) fn reconnects_after(&self, listening: &Arc<Self>, seen: Seen) {
        if let Peer::Listening(cell) = &self.peer {
            // Set once: a bus has one listening connection.
            let _ = cell.set(Listening { supervisor: Arc::clone(listening), seen });
        }
    }

    /// Waits until the server knows what the other connection listens to. Where that is lost, too, it is tried
    /// once more; `false` if in vain.
    pub(super) async fn wait_for_peer(&self) -> bool {
        let Peer::Listening(listening) = &self.peer else { return true };
        let Some(Listening { supervisor: listening, seen }) = listening.get() else { return true };
        if listening.over.is_cancelled() {
            return true;
        }
        let first = async {
            loop {
                if listening.outage().is_some() {
                    listening.tried_anew().await;
                }
                if listening.outage().is_some() {
                    return;
                }
                // A client says that it is connected before it tells the server what it listens to.
                tokio::select! {
                    _ = seen() => return,
                    () = listening.disconnected() => {}
                }
            }
        };
        let _ = timeout(FIRST_GOES, first).await;
        listening.outage().is_none()
    }

    /// Resolves once an attempt has ended that began after this was called: one that is on its way may have
    /// found nobody before.
    async fn tried_anew(&self) {
        let (mut ended, mut outage) = (self.ended.subscribe(), self.outage.subscribe());
        let begun = self.begun.load(Ordering::Acquire);
        self.retry_now.notify_one();
        // The senders are here too: they are never gone.
        tokio::select! {
            _ = ended.wait_for(|ended| *ended > begun) => {}
            _ = outage.wait_for(Option::is_none) => {}
        }
    }

    /// Returns `true` if it is for this connection to give up. Where both are lost it is for the one that publishes: the other
    /// one is tried more often.
    pub(super) fn decides(&self) -> bool {
        let Peer::Main { main, .. } = &self.peer else { return true };
        main.upgrade().is_none_or(|main| main.outage().is_none())
    }

    /// Notes that all attempts that have begun have ended.
    pub(super) fn attempt_ended(&self) {
        self.ended.send_replace(self.begun.load(Ordering::Acquire));
    }

    /// The server of the bus's other connection, while there is that. Each second attempt goes
    /// elsewhere, if this one can't be had there.
    pub(super) fn peer_server<'a>(
        &self,
        servers: &'a [Server],
        attempt: usize,
    ) -> Option<&'a Server> {
        let other = match &self.peer {
            Peer::Listening(listening) => Arc::clone(&listening.get()?.supervisor),
            Peer::Main { main, .. } => main.upgrade()?,
        };
        if other.outage().is_some() || attempt.is_multiple_of(2) {
            return None;
        }
        let at = other.at().clone()?;
        servers.iter().find(|server| server.addr == at)
    }

    /// The connection is made: says of one that listens if it alone was lost, and nobody said why.
    pub(super) fn is_back(&self) {
        let Peer::Main { main, disruptions } = &self.peer else { return };
        let Some(main) = main.upgrade() else { return };
        let (held, made) = (main.outage().is_none(), main.connect_count());
        let mut disruptions = locked(disruptions);
        if let Some(said) = disruptions.back(held, made, Instant::now()) {
            let server = self.at().as_ref().map(|at| at.as_url_str().to_owned());
            log(|| said.warn(server.as_deref().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use async_nats::Event;
    use futures_util::FutureExt as _;
    use tokio_util::task::AbortOnDropHandle;

    use super::*;
    use crate::transport::nats::connection::reconnect_policy::ReconnectPolicy;

    fn both() -> (Supervisor, Arc<Supervisor>, Arc<AtomicUsize>) {
        let main = Arc::new(Supervisor::main(ReconnectPolicy::default(), false));
        let listening = Arc::new(Supervisor::listening(&main));
        let main = Supervisor::main(ReconnectPolicy::default(), false);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let seen: Seen = Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            AbortOnDropHandle::new(tokio::spawn(std::future::ready(())))
        });
        main.reconnects_after(&listening, seen);
        (main, listening, asked)
    }

    #[tokio::test]
    async fn an_attempt_that_was_on_its_way_is_not_the_one_that_is_waited_for() {
        let (main, listening, asked) = both();
        let begins = || listening.begun.fetch_add(1, Ordering::Release);
        begins();
        let mut first = pin!(main.wait_for_peer());
        assert_eq!(first.as_mut().now_or_never(), None);
        listening.attempt_ended();
        begins();
        assert_eq!(first.as_mut().now_or_never(), None, "it may have failed before");
        listening.attempt_ended();
        assert_eq!(first.now_or_never(), Some(false));
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_listens_gives_up_alone_only() {
        let main = Arc::new(Supervisor::main(ReconnectPolicy::default(), false));
        let listening = Supervisor::listening(&main);
        assert!(main.decides() && listening.decides());
        main.on_event(&Event::Disconnected);
        assert!(main.decides() && !listening.decides());
    }

    #[tokio::test]
    async fn what_is_listened_to_is_known_before_the_other_connection_is_made() {
        let (main, listening, asked) = both();
        listening.begun.fetch_add(1, Ordering::Release);
        let mut first = pin!(main.wait_for_peer());
        assert_eq!(first.as_mut().now_or_never(), None);
        listening.on_event(&Event::Connected);
        assert!(first.await);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        // One that has come back before is asked, too.
        assert!(main.wait_for_peer().await);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
