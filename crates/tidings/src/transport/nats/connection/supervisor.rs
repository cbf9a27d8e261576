//! Supervisor of a client's connection: why it is off, how it comes back, and that it does not once
//! its bus is closed or gone.
//!
//! async-nats comes back for as long as it lives, and hears nothing meanwhile, not even that nobody
//! has it any more. But it asks which server to try next, and so it is here that it waits, and ends.

mod client_event;
mod peer;
mod reconnect;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use async_nats::{Client, ServerAddr, Statistics};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::lock::locked;
use crate::transport::nats::connection::breaks::Breaks;
use crate::transport::nats::connection::disruption::Disruptions;
use crate::transport::nats::connection::reconnect_policy::ReconnectPolicy;
use crate::transport::{Announcer, ConnectionStatus, Outage};

/// Time that the client has to say which servers it knows.
const KNOWN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Supervisor {
    /// Reason why there is no connection, while there is none.
    outage: watch::Sender<Option<Outage>>,
    /// Time since which there is no connection, while there is none.
    lost: Mutex<SystemTime>,
    /// The server is about to stop.
    lame_duck: AtomicBool,
    /// Nanoseconds of the last round trip; 0 before the first.
    round_trip: AtomicU64,
    announcer: Announcer,
    /// Policy by which the connection comes back.
    policy: ReconnectPolicy,
    /// Last words of the server that may be why it ends the connection.
    last_words: watch::Sender<Option<String>>,
    /// Counts how often the connection was made.
    connected: watch::Sender<u64>,
    /// Count of its losses without a word of the server's, each soon after it was made.
    breaks: Mutex<Breaks>,
    /// Number of attempts since the connection was lost.
    attempts: AtomicUsize,
    /// The client's own count of how often the connection was made, and that count at the last attempt.
    made: OnceLock<Arc<Statistics>>,
    made_before: AtomicU64,
    /// Index of the server whose turn it is.
    turn: AtomicUsize,
    /// The server that it is on, or was tried last.
    at: Mutex<Option<ServerAddr>>,
    /// Number of attempts that have begun, and of those that have ended, either way.
    begun: AtomicU64,
    ended: watch::Sender<u64>,
    /// Notified when somebody waits for the next attempt.
    retry_now: Notify,
    /// The other connection of its bus.
    peer: Peer,
    /// Cancelled once nobody wants the connection back.
    cut: CancellationToken,
    /// `true` if nothing is received any more.
    over: CancellationToken,
}

/// The other connection of a bus. They go to the same server, so that it knows at once of both what
/// one of them listens to and what the other publishes; and where both were lost the one that listens
/// goes first, so that it hears what the other one sends then.
#[derive(Debug)]
enum Peer {
    /// The connection that listens, if there is one: this one publishes.
    Listening(OnceLock<Listening>),
    /// The connection that publishes: this one listens.
    Main { main: Weak<Supervisor>, disruptions: Mutex<Disruptions> },
}

/// Begins to ask, and ends once the server has seen all that the connection that listens has sent.
pub(crate) type Seen = Box<dyn Fn() -> AbortOnDropHandle<()> + Send + Sync>;

/// The connection that listens, as the one that publishes knows it.
struct Listening {
    supervisor: Arc<Supervisor>,
    seen: Seen,
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.supervisor.fmt(f)
    }
}

impl Supervisor {
    /// Supervisor of the connection that publishes; `lazily` where it is made only after the bus.
    pub(crate) fn main(policy: ReconnectPolicy, lazily: bool) -> Self {
        let outage = lazily.then(|| Outage::Away { said: "no server has answered yet".to_owned() });
        Self::new(outage, Peer::Listening(OnceLock::new()), policy, Announcer::default())
    }

    /// Makes the supervisor of the connection that listens, which is still to be made.
    pub(crate) fn listening(main: &Arc<Self>) -> Self {
        let said = "the connection for core subscriptions is not made yet".to_owned();
        let (policy, announcer) = (main.policy, main.announcer.clone());
        let main = Arc::downgrade(main);
        let peer = Peer::Main { main, disruptions: Mutex::default() };
        Self::new(Some(Outage::Away { said }), peer, policy, announcer)
    }

    fn new(
        outage: Option<Outage>,
        peer: Peer,
        policy: ReconnectPolicy,
        announcer: Announcer,
    ) -> Self {
        Self {
            outage: watch::Sender::new(outage),
            lost: Mutex::new(SystemTime::now()),
            lame_duck: AtomicBool::new(false),
            round_trip: AtomicU64::new(0),
            announcer,
            policy,
            last_words: watch::Sender::new(None),
            connected: watch::Sender::new(0),
            breaks: Mutex::default(),
            attempts: AtomicUsize::new(0),
            made: OnceLock::new(),
            made_before: AtomicU64::new(0),
            // Not all clients begin with the same server.
            turn: AtomicUsize::new(usize::from(Uuid::now_v7().as_bytes()[15])),
            at: Mutex::default(),
            begun: AtomicU64::new(0),
            ended: watch::Sender::new(0),
            retry_now: Notify::new(),
            peer,
            cut: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }

    /// Takes the client's own figures.
    pub(crate) fn counts(&self, client: &Client) {
        // There is one client for each.
        let _ = self.made.set(client.statistics());
    }

    /// Learns on which server the client is, if nobody knows yet.
    pub(crate) async fn learn_server(&self, client: &Client) {
        if self.at().is_some() || self.outage().is_some() {
            return;
        }
        if let Ok(Ok(pool)) = timeout(KNOWN, client.server_pool()).await {
            let mut at = self.at();
            if at.is_none() {
                *at = pool.into_iter().find(|server| server.did_connect).map(|known| known.addr);
            }
        }
    }

    fn at(&self) -> MutexGuard<'_, Option<ServerAddr>> {
        locked(&self.at)
    }

    /// Number of times that the connection was made.
    pub(crate) fn connect_count(&self) -> u64 {
        *self.connected.borrow()
    }

    fn breaks(&self) -> MutexGuard<'_, Breaks> {
        locked(&self.breaks)
    }

    /// Reason why there is no connection; `None` while there is one.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.outage.borrow().clone()
    }

    /// Status of the connection, as long as nobody has closed it.
    pub(crate) fn status(&self) -> ConnectionStatus {
        match self.outage() {
            _ if self.over.is_cancelled() => ConnectionStatus::Closed,
            None => ConnectionStatus::Connected,
            Some(cause) => {
                let since = *locked(&self.lost);
                match self.connect_count() {
                    0 => ConnectionStatus::Connecting { since, cause },
                    _ => ConnectionStatus::Reconnecting { since, cause },
                }
            }
        }
    }

    /// The address of the server that it is on, or was tried last.
    pub(crate) fn address(&self) -> Option<String> {
        self.at().as_ref().map(|at| at.as_url_str().to_owned())
    }

    pub(crate) fn is_lame_duck(&self) -> bool {
        self.lame_duck.load(Ordering::Relaxed)
    }

    /// The server took so long for a round trip.
    pub(crate) fn measured(&self, round_trip: Duration) {
        let nanos = u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.round_trip.store(nanos, Ordering::Relaxed);
    }

    /// Duration of the last round trip; `None` before the first.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        let nanos = self.round_trip.load(Ordering::Relaxed);
        (nanos > 0).then_some(Duration::from_nanos(nanos))
    }

    pub(crate) fn announcer(&self) -> &Announcer {
        &self.announcer
    }

    /// Resolves while there is no connection.
    pub(crate) async fn disconnected(&self) {
        // The sender is here too: it is never gone.
        let _ = self.outage.subscribe().wait_for(Option::is_some).await;
    }

    /// Counts how often the connection was made.
    pub(crate) fn connected(&self) -> watch::Receiver<u64> {
        self.connected.subscribe()
    }

    /// The client is not to come back.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }

    /// Ends receiving, whatever becomes of the client.
    pub(crate) fn end(&self) {
        self.cut.cancel();
        self.over.cancel();
        if matches!(self.peer, Peer::Listening(_)) {
            self.announcer.close(self.address());
        }
    }

    /// Cancelled once nothing is received any more.
    pub(crate) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// The runtime ends: there is no client any more, and whoever listens elsewhere is told.
    pub(crate) fn runtime_ended(&self) {
        self.outage.send_replace(Some(Outage::RuntimeEnded));
        self.end();
    }

    /// Gives what is to be done where the runtime has ended: see [`runtime_ended`](Self::runtime_ended).
    pub(crate) fn ending(self: &Arc<Self>) -> impl FnOnce() + Send + use<> {
        let supervisor = Arc::clone(self);
        move || supervisor.runtime_ended()
    }
}
