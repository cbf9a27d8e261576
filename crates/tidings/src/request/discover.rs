//! Asking who is there: one question, and as many answers as there are services (ADR-32).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::header::Headers;
use crate::jitter::FAR;
use crate::link::Link;
use crate::subject::Subject;
use crate::subscribe::SubscribeError;
use crate::transport::Outgoing;

/// One running instance of a service, as it describes itself; found by `Bus::discover`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// The service's name: all its instances have the same.
    pub name: String,
    /// This instance's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// A sentence about it.
    pub description: String,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
    /// When it was started, as RFC 3339 writes it.
    pub started: String,
    /// How long its answer to a ping took; `None` if there was none in time.
    pub round_trip: Option<Duration>,
    /// What it answers to, in its own order.
    pub endpoints: Vec<EndpointInfo>,
}

/// One endpoint of a service: what it answers to, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndpointInfo {
    /// Its name.
    pub name: String,
    /// The subject filter that it listens on.
    pub subject: String,
    /// Its queue group.
    pub queue_group: String,
    /// Free text by name; a Tidings service names its `message` and `schema`.
    pub metadata: BTreeMap<String, String>,
    /// How many requests it has had.
    pub requests: u64,
    /// How many of them it answered with an error.
    pub errors: u64,
    /// The last of these errors; empty if there was none.
    pub last_error: String,
    /// How long it worked on them altogether.
    pub processing_time: Duration,
}

/// Any of the three answers; what one does not have is empty.
#[derive(Deserialize)]
struct Answer {
    r#type: String,
    name: String,
    id: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    started: String,
    #[serde(default)]
    endpoints: Option<Vec<Endpoint>>,
}

#[derive(Deserialize)]
struct Endpoint {
    name: String,
    subject: String,
    #[serde(default)]
    queue_group: String,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    num_requests: u64,
    #[serde(default)]
    num_errors: u64,
    #[serde(default)]
    last_error: String,
    #[serde(default)]
    processing_time: u64,
}

/// Asks all services and gathers what comes within this time, by name and id.
pub(crate) async fn discover(
    link: &Link,
    within: Duration,
) -> Result<Vec<ServiceInfo>, SubscribeError> {
    let inbox = link.transport.new_inbox();
    let mut answers =
        link.transport.subscribe(inbox.clone(), None).await.map_err(SubscribeError::core)?;
    let asked = Instant::now();
    for question in ["$SRV.PING", "$SRV.INFO", "$SRV.STATS"] {
        let question = Outgoing {
            subject: Subject::from_static(question),
            headers: Headers::new(),
            payload: Bytes::new(),
        };
        let sent = link.transport.ask(&question, inbox.clone()).await;
        sent.map_err(SubscribeError::core)?;
    }
    let mut found = BTreeMap::new();
    while let Ok(answer) = timeout_at(asked + within.min(FAR), answers.next()).await {
        let answer = answer.ok_or(SubscribeError::Closed)?.map_err(SubscribeError::core)?;
        // Somebody else's words on this inbox, or that nobody is there, are no service.
        if let Ok(answer) = serde_json::from_slice::<Answer>(&answer.payload) {
            merge(&mut found, answer, asked.elapsed());
        }
    }
    Ok(found.into_values().collect())
}

/// Adds one answer to what is known of its instance.
fn merge(found: &mut BTreeMap<(String, String), ServiceInfo>, answer: Answer, took: Duration) {
    let service = found.entry((answer.name.clone(), answer.id.clone())).or_default();
    (service.name, service.id, service.version) = (answer.name, answer.id, answer.version);
    if let Some(metadata) = answer.metadata {
        service.metadata = metadata;
    }
    match answer.r#type.as_str() {
        "io.nats.micro.v1.ping_response" => service.round_trip = Some(took),
        "io.nats.micro.v1.info_response" => service.description = answer.description,
        "io.nats.micro.v1.stats_response" => service.started = answer.started,
        _ => {}
    }
    for endpoint in answer.endpoints.unwrap_or_default() {
        let known =
            |known: &EndpointInfo| known.name == endpoint.name && known.subject == endpoint.subject;
        let place = service.endpoints.iter().position(known).unwrap_or_else(|| {
            service.endpoints.push(EndpointInfo::default());
            service.endpoints.len() - 1
        });
        let info = &mut service.endpoints[place];
        (info.name, info.subject) = (endpoint.name, endpoint.subject);
        info.queue_group = endpoint.queue_group;
        if let Some(metadata) = endpoint.metadata {
            info.metadata = metadata;
        }
        if answer.r#type == "io.nats.micro.v1.stats_response" {
            (info.requests, info.errors) = (endpoint.num_requests, endpoint.num_errors);
            info.last_error = endpoint.last_error;
            info.processing_time = Duration::from_nanos(endpoint.processing_time);
        }
    }
}
