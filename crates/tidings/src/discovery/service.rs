//! Service discovery: who is there, what it offers and how it fares (ADR-32).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::header::Headers;
use crate::link::Link;
use crate::message::Declaration;
use crate::request::reply_subject::RefusedReplies;
use crate::subject::Subject;
use crate::subscribe::SubscribeError;
use crate::timestamp;
use crate::transport::{Inbox, Incoming, Outgoing};

/// Identity of the service instance that answers.
#[derive(Debug)]
pub(crate) struct ServiceIdentity {
    name: String,
    id: String,
    version: String,
    description: String,
    metadata: BTreeMap<String, String>,
    started: String,
}

impl ServiceIdentity {
    /// Makes an instance of a service with a new id.
    pub(crate) fn new(
        name: String,
        version: String,
        description: String,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        Self {
            name,
            id: Uuid::now_v7().simple().to_string(),
            version,
            description,
            metadata,
            // A time between the years 0 and 9999 can always be written.
            started: timestamp::write(SystemTime::now()).unwrap_or_default(),
        }
    }
}

/// Requests that one endpoint has had, counted.
pub(crate) trait EndpointCounts: std::fmt::Debug + Send + Sync {
    /// The counts as they are now.
    fn counts(&self) -> Counts;
}

/// The counts of one endpoint.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) busy_nanos: u64,
    pub(crate) last_error: String,
}

/// A request that is handled.
#[derive(Debug)]
pub(crate) struct Endpoint {
    name: String,
    subject: &'static str,
    group: String,
    metadata: BTreeMap<&'static str, String>,
    counts: Arc<dyn EndpointCounts>,
}

impl Endpoint {
    pub(crate) fn new(
        name: String,
        declaration: &'static Declaration,
        group: String,
        counts: Arc<dyn EndpointCounts>,
    ) -> Self {
        let metadata = BTreeMap::from([
            ("message", declaration.tag.to_owned()),
            ("schema", format!("urn:tidings:{}:v{}", declaration.name, declaration.version)),
        ]);
        Self { name, subject: declaration.filter, group, metadata, counts }
    }
}

/// Beginning of every answer.
#[derive(Serialize)]
struct Head<'a> {
    r#type: &'static str,
    name: &'a str,
    id: &'a str,
    version: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Info<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    description: &'a str,
    endpoints: Vec<EndpointInfo<'a>>,
}

#[derive(Serialize)]
struct EndpointInfo<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    metadata: &'a BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Stats<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    started: &'a str,
    endpoints: Vec<EndpointStats<'a>>,
}

#[derive(Serialize)]
struct EndpointStats<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    processing_time: u64,
    average_processing_time: u64,
}

/// An instance of a service that can be found: it hears who asks.
#[derive(Debug)]
pub(crate) struct Responder {
    link: Link,
    identity: ServiceIdentity,
    endpoints: Vec<Endpoint>,
    questions: Mutex<SelectAll<Inbox>>,
}

impl Responder {
    /// Listens on `$SRV.PING`, `.INFO` and `.STATS`, each for all services, for this name and for
    /// this instance.
    pub(crate) async fn listen(
        link: &Link,
        identity: ServiceIdentity,
        endpoints: Vec<Endpoint>,
    ) -> Result<Self, SubscribeError> {
        let mut questions = SelectAll::new();
        for verb in ["PING", "INFO", "STATS"] {
            let (name, id) = (&identity.name, &identity.id);
            for subject in [
                format!("$SRV.{verb}"),
                format!("$SRV.{verb}.{name}"),
                format!("$SRV.{verb}.{name}.{id}"),
            ] {
                let inbox = link.transport.subscribe(Subject::from(subject), None).await;
                questions.push(inbox.map_err(SubscribeError::core)?);
            }
        }
        Ok(Self { link: link.clone(), identity, endpoints, questions: Mutex::new(questions) })
    }

    /// Answers until `end`.
    pub(crate) async fn answer(&self, end: &CancellationToken) {
        answer(&self.link, &self.identity, &self.endpoints, &self.questions, end).await;
    }
}

async fn answer(
    link: &Link,
    identity: &ServiceIdentity,
    endpoints: &[Endpoint],
    questions: &Mutex<SelectAll<Inbox>>,
    end: &CancellationToken,
) {
    let (mut questions, refused) = (questions.lock().await, RefusedReplies::default());
    loop {
        let question = tokio::select! {
            biased;
            () = end.cancelled() => return,
            question = questions.next() => question,
        };
        let (subject, to) = match question {
            None => return,
            Some(Ok(Incoming { subject, reply: Some(to), .. })) => (subject, to),
            Some(Ok(_)) => continue,
            // The service works without being found.
            Some(Err(fault)) => {
                tracing::warn!(%fault, "service discovery does not hear who asks");
                continue;
            }
        };
        if !refused.allows(&identity.name, &to) {
            continue;
        }
        let Some(payload) = body(subject.as_str(), identity, endpoints) else { continue };
        let answer = Outgoing { subject: to, headers: Headers::new(), payload };
        // While the server is away it may find no room.
        let sent = tokio::select! {
            biased;
            () = end.cancelled() => return,
            sent = link.transport.publish(&answer) => sent,
        };
        if let Err(fault) = sent {
            tracing::warn!(%fault, "service discovery could not be answered");
        }
    }
}

fn body(subject: &str, identity: &ServiceIdentity, endpoints: &[Endpoint]) -> Option<Bytes> {
    let head = |r#type| Head {
        r#type,
        name: &identity.name,
        id: &identity.id,
        version: &identity.version,
        metadata: &identity.metadata,
    };
    let json = match subject.split('.').nth(1)? {
        "PING" => serde_json::to_vec(&head("io.nats.micro.v1.ping_response")),
        "INFO" => serde_json::to_vec(&Info {
            head: head("io.nats.micro.v1.info_response"),
            description: &identity.description,
            endpoints: endpoints.iter().map(Endpoint::info).collect(),
        }),
        _ => serde_json::to_vec(&Stats {
            head: head("io.nats.micro.v1.stats_response"),
            started: &identity.started,
            endpoints: endpoints.iter().map(Endpoint::stats).collect(),
        }),
    };
    json.ok().map(Bytes::from)
}

impl Endpoint {
    fn info(&self) -> EndpointInfo<'_> {
        EndpointInfo {
            name: &self.name,
            subject: self.subject,
            queue_group: &self.group,
            metadata: &self.metadata,
        }
    }

    fn stats(&self) -> EndpointStats<'_> {
        let counts = self.counts.counts();
        EndpointStats {
            name: &self.name,
            subject: self.subject,
            queue_group: &self.group,
            num_requests: counts.requests,
            num_errors: counts.errors,
            last_error: counts.last_error,
            processing_time: counts.busy_nanos,
            average_processing_time: counts.busy_nanos.checked_div(counts.requests).unwrap_or(0),
        }
    }
}
