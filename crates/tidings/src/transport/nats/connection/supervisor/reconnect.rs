//! Coming back: which server the client is to try next, and when; and its end where nobody wants it back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{ReconnectToServer, Server};

use super::{Peer, Supervisor};
use crate::jitter::jittered;
use crate::transport::Outage;
use crate::user_code::log;

/// Number of attempts after which it is said that nothing is heard.
const DEAF: usize = 4;
/// Number of times that the connection that listens is tried in vain before the other one is.
const VAIN: u32 = 3;

impl Supervisor {
    /// Waits for the next attempt and gives the server to try; `None` before it was connected, when
    /// the client tries all. Where nobody wants it back it ends here.
    pub(crate) async fn next(&self, servers: &[Server]) -> Option<ReconnectToServer> {
        let was_made = *self.connected.borrow() > 0;
        // Who waits for the first connection hears of it from the attempt itself.
        if !was_made && matches!(self.peer, Peer::Listening(_)) && self.outage().is_none() {
            return None;
        }
        let attempt = self.count_attempt();
        if let Some(said) = servers.iter().find_map(|server| server.last_error.as_deref()) {
            self.set_outage(said);
        }
        self.attempt_ended();
        self.warn_of_attempts(attempt);
        if was_made && self.decides() && self.policy.most.is_some_and(|most| attempt > most) {
            self.stop_trying(attempt - 1);
            give_up().await;
        }
        // The first one is asked for; a lost connection is not made again by all at once.
        let wait = if was_made || attempt > 1 { self.delay(attempt) } else { Duration::ZERO };
        tokio::select! {
            biased;
            () = self.cut.cancelled() => {
                self.end();
                give_up().await;
            }
            () = async {
                self.pause(wait).await;
                // Where there is no other server, this one is away for both connections.
                let most = if was_made && servers.len() == 1 { VAIN } else { 1 };
                for vain in 1..=most {
                    if self.wait_for_peer().await || vain == most {
                        break;
                    }
                    self.pause(wait).await;
                }
            } => {}
        }
        let server = self.peer_server(servers, attempt).or_else(|| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            servers.get(turn % servers.len().max(1))
        })?;
        *self.at() = Some(server.addr.clone());
        self.begun.fetch_add(1, Ordering::Release);
        Some(ReconnectToServer { addr: server.addr.clone(), delay: Some(Duration::ZERO) })
    }

    /// Counts an attempt; the first one since the connection was lost is 1.
    fn count_attempt(&self) -> usize {
        // The client counts as it connects. What it tells comes by another task, and may come after this.
        let made = self.made.get().map_or(0, |made| made.connects.load(Ordering::Relaxed));
        if self.made_before.swap(made, Ordering::Relaxed) != made {
            self.attempts.store(0, Ordering::Relaxed);
        }
        self.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits, unless somebody waits for this connection.
    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.retry_now.notified() => {}
        }
    }

    /// Ends what was tried as often as it may be: it is over, and with the connection that publishes the other
    /// one, too.
    fn stop_trying(&self, attempts: usize) {
        let said = match self.outage() {
            Some(Outage::Away { said } | Outage::Refused { said }) => said,
            _ => "the connection was lost".to_owned(),
        };
        let attempts = u64::try_from(attempts).unwrap_or(u64::MAX);
        self.outage.send_replace(Some(Outage::GivenUp { attempts, said }));
        log(|| tracing::error!(attempts, "NATS: no more attempts to reconnect"));
        if let Peer::Listening(listening) = &self.peer
            && let Some(listening) = listening.get()
        {
            listening.supervisor.end();
        }
        self.end();
    }

    /// Twice as long after each attempt, and never the same for two clients of one server.
    fn delay(&self, attempt: usize) -> Duration {
        jittered(self.policy.delay.after(u64::try_from(attempt).unwrap_or(u64::MAX)))
    }

    pub(super) fn warn_of_attempts(&self, attempt: usize) {
        let is_listening = matches!(self.peer, Peer::Main { .. });
        if !is_listening || attempt < DEAF || !attempt.is_power_of_two() {
            return;
        }
        if let Some(outage) = self.outage() {
            log(|| tracing::warn!(%outage, attempt, "core subscriptions hear nothing"));
        }
    }
}

/// Ends the client's own task, in which this runs. There is no other way to say so while it is
/// disconnected; nobody waits for that task, and no panic's hook is called.
#[cfg(panic = "unwind")]
fn give_up() -> std::future::Pending<()> {
    std::panic::resume_unwind(Box::new("the bus is closed"))
}

/// Waits for ever, where nothing can unwind the task: it asks no server.
#[cfg(not(panic = "unwind"))]
fn give_up() -> std::future::Pending<()> {
    std::future::pending()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_nats::{Event, Statistics};

    use super::*;
    use crate::transport::nats::connection::reconnect_policy::ReconnectPolicy;

    #[test]
    fn reconnects_come_later_and_later_up_to_a_bound() {
        let supervisor = Supervisor::main(ReconnectPolicy::default(), false);
        let first = ReconnectPolicy::default().delay.after(1);
        let delay = |attempt| supervisor.delay(attempt);
        assert!(delay(1) >= first && delay(1) < first * 2);
        assert!(delay(1000) >= Duration::from_secs(4));
    }

    /// What the client tells comes by another task, and may come after the next attempt has begun.
    #[test]
    fn a_connection_that_was_made_and_lost_begins_the_count_anew_before_it_is_told() {
        let supervisor = Supervisor::main(ReconnectPolicy::default(), false);
        let made = Arc::new(Statistics::default());
        supervisor.made.set(Arc::clone(&made)).unwrap();
        assert_eq!([(); 3].map(|()| supervisor.count_attempt()), [1, 2, 3]);
        made.connects.fetch_add(1, Ordering::Relaxed);
        assert_eq!(supervisor.count_attempt(), 1);
        supervisor.on_event(&Event::Connected);
        assert_eq!(supervisor.count_attempt(), 2);
    }

    #[test]
    fn what_is_given_up_stays_so_whatever_is_told_later() {
        let supervisor = Supervisor::main(ReconnectPolicy::default(), false);
        supervisor.on_event(&Event::Connected);
        supervisor.on_event(&Event::Disconnected);
        supervisor.stop_trying(3);
        supervisor.on_event(&Event::Connected);
        supervisor.on_event(&Event::Disconnected);
        assert!(matches!(supervisor.outage(), Some(Outage::GivenUp { attempts: 3, .. })));
    }
}
