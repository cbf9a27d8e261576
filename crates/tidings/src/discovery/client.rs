//! Asking who is there: one question, and as many answers as there are services (ADR-32).

use std::collections::{BTreeMap, HashMap};
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

/// A running instance of a service, as it describes itself; found by `Bus::discover`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// The service's name: all its instances have the same.
    pub name: String,
    /// Id of this instance.
    pub id: String,
    /// The service's version.
    pub version: String,
    /// A sentence about the service.
    pub description: String,
    /// Free text by name.
    pub metadata: BTreeMap<String, String>,
    /// Time at which it was started, as RFC 3339 writes it.
    pub started: String,
    /// Time that its answer to a ping took; `None` if there was none in time.
    pub round_trip: Option<Duration>,
    /// The instance's endpoints, in its own order.
    pub endpoints: Vec<EndpointInfo>,
}

/// An endpoint of a service: what it answers to, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndpointInfo {
    /// The endpoint's name.
    pub name: String,
    /// The subject filter on which the endpoint listens.
    pub subject: String,
    /// The endpoint's queue group.
    pub queue_group: String,
    /// Free text by name; a Tidings service names its `message` and `schema`.
    pub metadata: BTreeMap<String, String>,
    /// Number of requests that the endpoint has had.
    pub requests: u64,
    /// Number of requests that the endpoint answered with an error.
    pub errors: u64,
    /// The last of these errors; empty if there was none.
    pub last_error: String,
    /// Time that the endpoint worked on its requests altogether.
    pub processing_time: Duration,
}

/// The longest answer that is read, in bytes. One service of a few hundred endpoints has 100 KB.
const LONGEST: usize = 1 << 20;
/// Maximum number of instances that are kept, and of endpoints of one: whoever may answer may not
/// fill the memory of who asks.
const MOST_INSTANCES: usize = 10_000;
const MOST_ENDPOINTS: usize = 10_000;
/// Maximum number of bytes of answers that are read in all.
const MOST_BYTES: usize = 64 << 20;

/// Any of the three answers of discovery; fields that an answer does not have are empty.
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

/// Reads any bytes as an answer.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any_answer(answer: &[u8]) {
    let mut found = Answers::default();
    found.add_answer(answer, Duration::ZERO);
    found.add_answer(answer, Duration::ZERO);
    let _ = found.services();
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
    let (mut found, end) = (Answers::default(), asked + within.min(FAR));
    // Answers that are always here are read no longer than those that are awaited.
    while Instant::now() < end
        && let Ok(answer) = timeout_at(end, answers.next()).await
    {
        let answer = answer.ok_or(SubscribeError::Closed)?.map_err(SubscribeError::core)?;
        found.add_answer(&answer.payload, asked.elapsed());
    }
    Ok(found.services())
}

/// Instances that have answered so far, within the bounds.
#[derive(Default)]
struct Answers {
    instances: BTreeMap<(String, String), Instance>,
    /// Number of bytes of answers that were read.
    bytes: usize,
    /// Number of answers that were left out.
    left_out: u64,
}

/// An instance, and where in its list each endpoint is, by name and subject.
#[derive(Default)]
struct Instance {
    service: ServiceInfo,
    places: HashMap<(String, String), usize>,
}

impl Answers {
    /// Reads one answer, as far as there is room for it.
    fn add_answer(&mut self, answer: &[u8], took: Duration) {
        if answer.len() > LONGEST || self.bytes + answer.len() > MOST_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += answer.len();
        // Somebody else's words on this inbox, or that nobody is there, are no service.
        let Ok(answer) = serde_json::from_slice::<Answer>(answer) else { return };
        let instance = (answer.name.clone(), answer.id.clone());
        if self.instances.len() >= MOST_INSTANCES && !self.instances.contains_key(&instance) {
            self.left_out += 1;
            return;
        }
        self.left_out += self.instances.entry(instance).or_default().merge(answer, took);
    }

    /// Services that were found, by name and id.
    fn services(self) -> Vec<ServiceInfo> {
        if self.left_out > 0 {
            let left_out = self.left_out;
            tracing::warn!(left_out, "answers to service discovery are too many or too long");
        }
        self.instances.into_values().map(|instance| instance.service).collect()
    }
}

impl Instance {
    /// Adds one answer to what is known; says how many endpoints there was no room for.
    fn merge(&mut self, answer: Answer, took: Duration) -> u64 {
        let Self { service, places } = self;
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
        let mut left_out = 0;
        for endpoint in answer.endpoints.unwrap_or_default() {
            let key = (endpoint.name, endpoint.subject);
            let place = places.get(&key).copied().unwrap_or(service.endpoints.len());
            if place == service.endpoints.len() {
                if place >= MOST_ENDPOINTS {
                    left_out += 1;
                    continue;
                }
                let (name, subject) = key.clone();
                service.endpoints.push(EndpointInfo { name, subject, ..EndpointInfo::default() });
                places.insert(key, place);
            }
            let info = &mut service.endpoints[place];
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
        left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(instance: usize, endpoints: std::ops::Range<usize>) -> Vec<u8> {
        let endpoint =
            |n| serde_json::json!({"name": format!("e{n}"), "subject": format!("s.{n}")});
        let answer = serde_json::json!({
            "type": "io.nats.micro.v1.info_response",
            "name": "shop",
            "id": format!("i{instance}"),
            "endpoints": endpoints.map(endpoint).collect::<Vec<_>>(),
        });
        serde_json::to_vec(&answer).unwrap()
    }

    #[test]
    fn an_endpoint_is_known_by_name_and_subject() {
        let mut found = Answers::default();
        found.add_answer(&info(1, 0..3), Duration::ZERO);
        found.add_answer(&info(1, 1..5), Duration::ZERO);
        let services = found.services();
        let names: Vec<&str> = services[0].endpoints.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["e0", "e1", "e2", "e3", "e4"]);
    }

    #[test]
    fn what_is_too_much_is_left_out_and_counted() {
        let mut found = Answers::default();
        found.add_answer(&vec![b' '; LONGEST + 1], Duration::ZERO);
        assert_eq!((found.left_out, found.bytes), (1, 0));
        for part in 0..6 {
            found.add_answer(&info(1, part * 2000..(part + 1) * 2000), Duration::ZERO);
        }
        assert_eq!(found.left_out, 1 + 2000);
        for instance in 0..MOST_INSTANCES + 10 {
            found.add_answer(&info(instance, 0..0), Duration::ZERO);
        }
        assert_eq!(found.left_out, 1 + 2000 + 10);
        let services = found.services();
        assert_eq!(services.len(), MOST_INSTANCES);
        assert!(services.iter().all(|service| service.endpoints.len() <= MOST_ENDPOINTS));
        let mut found = Answers { bytes: MOST_BYTES - 10, ..Answers::default() };
        found.add_answer(&info(1, 0..1), Duration::ZERO);
        assert_eq!((found.left_out, found.instances.len()), (1, 0));
    }
}
