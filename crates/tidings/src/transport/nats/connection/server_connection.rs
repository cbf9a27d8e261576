//! Connections of a bus to its server, and which of them a subscription listens on.
//!
//! A message that async-nats 0.51 can't read ends the whole connection that it comes on, and whoever
//! may publish on a subject can send one to all who listen there. So core subscriptions listen on a
//! connection of their own, which is made with the first of them: publishing, asking, the answers to
//! both, streams and consumers are on the other one, and are not disturbed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Subscriber};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::subject::Subject;
use crate::transport::Fault;
use crate::transport::nats::codec::subject::{Moved, subject_of};
use crate::transport::nats::connection::connect::{self, Access};
use crate::transport::nats::connection::connect_fault::ConnectFault;
use crate::transport::nats::connection::event_listener::EventListener;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::supervisor::Supervisor;
use crate::transport::nats::reply::Replies;
use crate::transport::nats::reply::coalescer::Coalescer;
use crate::transport::nats::reply::pending_replies::PendingReplies;
use crate::transport::nats::reply::queued_request::QueuedRequest;

/// Number of times that other tasks run before what they were woken for is looked at.
const HEARD: usize = 8;
/// Time that the server has to say that nobody listens, before it is thought that somebody does.
const UNHEARD: Duration = Duration::from_millis(250);

/// A connection to a server.
pub(crate) struct ServerConnection {
    pub(crate) client: Client,
    /// Answers of the server itself, in an inbox that whoever is asked something does not know.
    pub(crate) answers: Replies,
    pub(crate) denials: Arc<Denials>,
    pub(crate) supervisor: Arc<Supervisor>,
}

impl Drop for ServerConnection {
    /// Ends the connection, which nobody has any more, so that it does not come back for nobody.
    fn drop(&mut self) {
        self.supervisor.end();
    }
}

impl ServerConnection {
    /// Makes the connection on which a bus listens. It comes about by itself, and is waited for by
    /// whoever wants to know that the server knows of a subscription.
    pub(crate) async fn listening(
        access: Access,
        (prefix, main, coalescer): (String, Arc<Supervisor>, Arc<Coalescer<QueuedRequest>>),
    ) -> Result<Self, ConnectFault> {
        let denials = Arc::new(Denials::new(&prefix));
        let pending = Arc::new(PendingReplies::new(&prefix));
        let listener = EventListener {
            denials: Arc::clone(&denials),
            pending: vec![Arc::clone(&pending)],
            api: access.api_prefix(),
        };
        let supervisor = Arc::new(Supervisor::listening(&main));
        let client = connect::connect(access, &supervisor, Role::Listening, listener).await?;
        let answers = Replies::new(
            client.clone(),
            pending,
            &Handle::current(),
            supervisor.ending(),
            &coalescer,
        );
        Ok(Self { client, answers, denials, supervisor })
    }

    /// Asks nobody, which the server says only after it has seen all that was sent before on this
    /// connection. (`flush` empties the socket's buffer, no more.)
    pub(crate) async fn barrier(&self, nobody: Subject, within: Duration) -> Result<(), Fault> {
        let begun = Instant::now();
        let asked = async {
            let mut made = self.supervisor.connected();
            loop {
                made.mark_unchanged();
                // What was asked of a connection that is lost since is asked again of the next.
                tokio::select! {
                    answered = self.ask(nobody.clone()) => return answered,
                    Ok(()) = made.changed() => {}
                }
            }
        };
        match timeout(within, asked).await {
            Ok(Ok(()) | Err(Fault::NoResponders)) => {}
            // A denial of the question is an answer, too.
            Ok(Err(Fault::Denied(denial))) if denial.subject == nobody.as_str() => {}
            Ok(Err(fault)) => return Err(fault),
            Err(_) => return Err(self.too_late()),
        }
        self.supervisor.measured(begun.elapsed());
        // What was denied before is told through another task, which was woken first: it runs before
        // one that is begun now and lets the others go first.
        let heard = tokio::spawn(async {
            for _ in 0..HEARD {
                yield_now().await;
            }
        });
        // It can't panic, and ends early only with the runtime.
        let _ = heard.await;
        Ok(())
    }

    /// Asks where nobody answers, and waits for what the server says of that.
    async fn ask(&self, nobody: Subject) -> Result<(), Fault> {
        let subject = subject_of(nobody);
        let (to, answer) = self.answers.expect(subject.clone()).await?;
        let (subject, back) = (Moved::from(subject), to.clone());
        let sent = self.client.publish_with_reply(subject, Moved::from(to), Bytes::new()).await;
        sent.map_err(|_| Fault::Closed)?;
        let mut answer = pin!(answer);
        if let Ok(answered) = timeout(UNHEARD, &mut answer).await {
            return answered.map(drop);
        }
        // Whoever listens to everything has the question, and does not answer: so it is told here.
        self.client.publish(Moved::from(back), Bytes::new()).await.map_err(|_| Fault::Closed)?;
        answer.await.map(drop)
    }

    /// Fault of something that took too long, with its cause where that is known.
    pub(crate) fn too_late(&self) -> Fault {
        self.supervisor.outage().map_or(Fault::Timeout, Fault::Away)
    }

    /// Sends what is left, and ends.
    pub(crate) async fn leave(&self) -> Result<(), ()> {
        self.client.flush().await.map_err(drop)?;
        self.client.drain().await.map_err(drop)
    }

    /// Tells the server of an interest.
    pub(crate) async fn listen(
        &self,
        filter: Subject,
        group: Option<String>,
    ) -> Result<Subscriber, Fault> {
        let filter = subject_of(filter);
        let subscriber = match group {
            None => self.client.subscribe(filter).await,
            Some(group) => self.client.queue_subscribe(filter, group).await,
        };
        // Subjects are looked at elsewhere: only a client that is gone takes none.
        subscriber.map_err(|_| Fault::Closed)
    }
}
