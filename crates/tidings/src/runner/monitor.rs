//! Service discovery: who is there, what it offers and how it fares (ADR-32).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::supervise;
use crate::header::Headers;
use crate::link::Link;
use crate::message::Declaration;
use crate::request::reply_subject::RefusedReplies;
use crate::runner::Counters;
use crate::runner::Worker;
use crate::subject::Subject;
use crate::subscribe::SubscribeError;
use crate::transport::{Inbox, Incoming, Outgoing};

/// Who answers.
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
    /// One instance of a service; its id is new.
    pub(crate) fn new(
        name: String,
        version: String,
        description: String,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        let started = OffsetDateTime::from(SystemTime::now());
        Self {
            name,
            id: Uuid::now_v7().simple().to_string(),
            version,
            description,
            metadata,
            // A time between the years 0 and 9999 can always be written.
            started: started.format(&Rfc3339).unwrap_or_default(),
        }
    }
}

/// One request that is handled.
#[derive(Debug)]
pub(crate) struct Endpoint {
    name: String,
    subject: &'static str,
    group: String,
    metadata: BTreeMap<&'static str, String>,
    counters: Arc<Counters>,
}

impl Endpoint {
    pub(crate) fn new(
        name: String,
        declaration: &'static Declaration,
        group: String,
        counters: Arc<Counters>,
    ) -> Self {
        let metadata = BTreeMap::from([
            ("message", declaration.tag.to_owned()),
            ("schema", format!("urn:tidings:{}:v{}", declaration.name, declaration.version)),
        ]);
        Self { name, subject: declaration.filter, group, metadata, counters }
    }
}

/// What every answer begins with.
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

/// Listens on `$SRV.PING`, `.INFO` and `.STATS`, each for all services, for this name and for
/// this instance, and answers until `end`, in a task that `tasks` waits for.
pub(crate) async fn start(
    link: &Link,
    (identity, endpoints): (ServiceIdentity, Vec<Endpoint>),
    routes: Vec<Worker>,
    end: CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), SubscribeError> {
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
    let link = link.clone();
    tasks.spawn(async move {
        let questions = Mutex::new(questions);
        let answer = || answer(&link, &identity, &endpoints, &questions, &end);
        supervise::again(&routes, &end, answer).await;
    });
    Ok(())
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
        let counters = self.counters.endpoint();
        EndpointStats {
            name: &self.name,
            subject: self.subject,
            queue_group: &self.group,
            num_requests: counters.requests,
            num_errors: counters.errors,
            last_error: counters.last_error,
            processing_time: counters.busy_nanos,
            average_processing_time: counters
                .busy_nanos
                .checked_div(counters.requests)
                .unwrap_or(0),
        }
    }
}
