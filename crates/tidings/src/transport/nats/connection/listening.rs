//! The second connection, for core subscriptions: made with the first of them; and barriers over both.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::subject::Subject;
use crate::transport::Fault;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::server_connection::ServerConnection;
use crate::transport::nats::connection::supervisor::Seen;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;

impl Nats {
    /// The connection on which one listens for this filter: answers come where the questions are
    /// asked, and nobody else knows of their inbox.
    pub(crate) fn which(&self, filter: &Subject) -> Role {
        let rest = filter.as_str().strip_prefix(self.shared.inbox_prefix.as_str());
        let is_inbox = rest.is_some_and(|rest| rest.starts_with('.'));
        if is_inbox { Role::Main } else { Role::Listening }
    }

    pub(crate) fn connection(&self, which: Role) -> &ServerConnection {
        match which {
            Role::Main => &self.shared.main,
            // Whoever asks has [opened](Self::open) it.
            Role::Listening => self.shared.listening.get().unwrap_or(&self.shared.main),
        }
    }

    /// Makes the connection where it is not made.
    pub(crate) async fn open(&self, which: Role) -> Result<&ServerConnection, Fault> {
        if which == Role::Main {
            return Ok(&self.shared.main);
        }
        let shared = &self.shared;
        let opened = shared.listening.get_or_try_init(async || {
            shared.main.supervisor.learn_server(&shared.main.client).await;
            let parts = (
                shared.inbox_prefix.clone(),
                Arc::clone(&shared.main.supervisor),
                Arc::clone(&shared.coalescer),
            );
            // Opened on the runtime of the other connection, whoever asks, and given up with the caller.
            let opening =
                shared.runtime.spawn(ServerConnection::listening(shared.access.clone(), parts));
            match AbortOnDropHandle::new(opening).await {
                Ok(Ok(connection)) => {
                    shared
                        .main
                        .supervisor
                        .reconnects_after(&connection.supervisor, self.listening_seen());
                    Ok(connection)
                }
                Ok(Err(fault)) => Err(fault.into_fault()),
                // It is the runtime that has ended.
                Err(_) => Err(self.gone()),
            }
        });
        let connection = self.in_time(opened).await?;
        if self.is_closed() {
            // `close` may not have seen this connection.
            connection.supervisor.end();
            return Err(Fault::Closed);
        }
        Ok(connection)
    }

    /// Look at the listening connection, without keeping the connections: see [`Seen`]. Whoever has it does
    /// not keep the connections.
    fn listening_seen(&self) -> Seen {
        let shared = Arc::downgrade(&self.shared);
        Box::new(move || {
            let shared = shared.clone();
            AbortOnDropHandle::new(tokio::spawn(async move {
                let Some(shared) = shared.upgrade() else { return };
                if let Some(connection) = shared.listening.get() {
                    let _ = connection.barrier(shared.new_inbox(), SEND_TIMEOUT).await;
                }
            }))
        })
    }

    /// Resolves once nothing is on its way to this connection any more that was sent from here, or
    /// that the server has sent before it saw what was sent to it so far; also where a connection is
    /// lost, since nothing comes on that any more.
    pub(crate) async fn seen(&self, which: Role) {
        let seen = async {
            // What was asked of a connection that is lost since is asked again of the next.
            while let Err(Fault::Timeout) = self.barrier_of(which, SEND_TIMEOUT).await {}
        };
        tokio::select! {
            () = seen => {}
            () = self.connection(which).supervisor.disconnected() => {}
        }
    }

    /// Resolves once the server has seen all that was sent here before, and what it sent to core
    /// subscriptions by then is here. The latter only as long as there is a connection for them.
    pub(crate) async fn barrier(&self, within: Duration) -> Result<(), Fault> {
        let begun = Instant::now();
        self.main_barrier(within).await?;
        if let Some(listening) = self.shared.listening.get() {
            tokio::select! {
                _ = listening.barrier(self.new_inbox(), within.saturating_sub(begun.elapsed())) => {}
                () = listening.supervisor.disconnected() => {}
            }
        }
        Ok(())
    }

    pub(crate) async fn main_barrier(&self, within: Duration) -> Result<(), Fault> {
        self.barrier_of(Role::Main, within).await
    }

    pub(crate) async fn barrier_of(&self, which: Role, within: Duration) -> Result<(), Fault> {
        if self.is_closed() {
            return Err(Fault::Closed);
        }
        let connection = self.connection(which);
        if which == Role::Main {
            let late = |_| connection.too_late();
            tokio::time::timeout(within, self.shared.coalescer.closed()).await.map_err(late)?;
        }
        let seen = connection.barrier(self.new_inbox(), within).await;
        seen.map_err(|fault| self.told(fault))
    }

    /// Resolves once the server knows of all core subscriptions so far, and what it denies of them is
    /// known here.
    pub(crate) async fn allowed(&self, within: Duration) -> Result<(), Fault> {
        let is_listening = self.shared.listening.initialized();
        let which = if is_listening { Role::Listening } else { Role::Main };
        self.allowed_on(which, within).await
    }

    /// A barrier after which it is known what was denied before. Nothing orders the task that hears
    /// of it and the one that hears answers, when threads are few and busy: a second round trip gives
    /// it time.
    pub(crate) async fn allowed_on(&self, which: Role, within: Duration) -> Result<(), Fault> {
        self.barrier_of(which, within).await?;
        self.barrier_of(which, within).await
    }
}
