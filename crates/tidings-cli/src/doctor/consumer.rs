//! Consumers against the contracts: what is declared of each, and how far it is behind.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};
use tidings_contract::{Catalog, Descriptor, DurableConsumer};
use tidings_subject::overlaps;

use super::check::Check;
use crate::connect::Client;

/// Bounds beyond which a consumer is said to be behind.
#[derive(Debug, Args)]
pub(crate) struct Bounds {
    /// Maximum number of messages that may wait for a consumer.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    most_waiting: u64,
    /// Maximum number of messages that were delivered again and are unsettled.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    most_redelivered: u64,
}

/// A consumer as services declare it.
struct Declared<'a> {
    service: &'a str,
    consumer: &'a DurableConsumer,
    filters: BTreeSet<&'a str>,
}

/// The consumers of a stream that is there.
pub(super) async fn judge(
    client: &mut Client,
    catalog: &Catalog,
    stream: &str,
    bounds: &Bounds,
) -> Vec<Check> {
    let mut declared = declared(catalog, stream);
    let (mut checks, mut offset) = (Vec::new(), 0);
    loop {
        let subject = format!("$JS.API.CONSUMER.LIST.{stream}");
        let page = match client.ask_json(&subject, Some(json!({"offset": offset}))).await {
            Ok(page) => page,
            Err(error) => {
                let text = format!("those of {stream} are not known: {error}");
                let mend = format!("let the user publish on {subject}");
                checks.push(Check::warn("consumers", text, mend));
                return checks;
            }
        };
        let found = page["consumers"].as_array().map(Vec::as_slice).unwrap_or_default();
        for consumer in found {
            let declared = declared.remove(consumer["name"].as_str().unwrap_or_default());
            if let Some(declared) = &declared {
                checks.extend(differences(declared, consumer));
            }
            checks.push(state(catalog, stream, consumer, declared.is_some(), bounds));
        }
        offset += found.len() as u64;
        if found.is_empty() || offset >= page["total"].as_u64().unwrap_or_default() {
            break;
        }
    }
    checks.extend(declared.into_iter().map(|(name, declared)| {
        let service = declared.service;
        let text = format!("{stream}/{name} is missing, which delivers to {service}");
        Check::fail("consumer", text, format!("start {service}, which makes it"))
    }));
    checks
}

/// The durable consumers that services declare of a stream, by name.
fn declared<'a>(catalog: &'a Catalog, stream: &str) -> BTreeMap<&'a str, Declared<'a>> {
    let mut all = BTreeMap::new();
    for service in catalog.services() {
        for handled in &service.handles {
            let Some(consumer) = handled.consumer.as_ref().filter(|one| one.stream == stream)
            else {
                continue;
            };
            let empty = || Declared { service: &service.name, consumer, filters: BTreeSet::new() };
            let declared = all.entry(consumer.name.as_str()).or_insert_with(empty);
            declared.filters.insert(handled.filter.as_str());
        }
    }
    all
}

/// The subjects that a server says a consumer has; none is all.
fn filters(config: &Value) -> BTreeSet<&str> {
    let several = config["filter_subjects"].as_array().into_iter().flatten();
    let filters = several.chain([&config["filter_subject"]]).filter_map(Value::as_str);
    filters.filter(|filter| !filter.is_empty()).collect()
}

/// Checks of the policies that are others than declared.
fn differences(declared: &Declared<'_>, found: &Value) -> Vec<Check> {
    let Declared { service, consumer, filters: wanted } = declared;
    let config = &found["config"];
    let name = format!("{}/{}", consumer.stream, consumer.name);
    // A server counts in nanoseconds, and a catalog in milliseconds, rounded up.
    let millis = |value: &Value| value.as_u64().map(|nanos| nanos.div_ceil(1_000_000));
    let bound = |value: &Value| value.as_u64().filter(|bound| *bound > 0);
    let bounded = |bound: Option<u64>| bound.map_or("no bound".to_owned(), |it| it.to_string());
    let backoff = config["backoff"].as_array().into_iter().flatten();
    let backoff: Vec<u64> = backoff.filter_map(millis).collect();
    let shown = |filters: &BTreeSet<&str>| filters.iter().copied().collect::<Vec<_>>().join(", ");
    let again =
        format!("start {service} with a topology that may change it, or write the contracts again");
    let mut different = Vec::new();
    let mut judge = |what: &str, ours: String, theirs: String, mend: &str| {
        if ours != theirs {
            let text = format!("{name}: {what} is {theirs}, and {ours} is declared");
            different.push(Check::warn("consumer", text, mend));
        }
    };
    judge(
        "its filter",
        shown(wanted),
        shown(&filters(config)),
        &format!("start {service} of these contracts: until then it gets other messages"),
    );
    let text = |field: &str| config[field].as_str().unwrap_or_default().to_owned();
    judge("its ack policy", consumer.ack_policy.to_string(), text("ack_policy"), &again);
    if consumer.backoff_ms.is_empty() && backoff.is_empty() {
        let wait = millis(&config["ack_wait"]).unwrap_or_default();
        judge("its ack wait", format!("{} ms", consumer.ack_wait_ms), format!("{wait} ms"), &again);
    } else {
        let waits = |waits: &[u64]| format!("{waits:?} ms");
        judge("its backoff", waits(&consumer.backoff_ms), waits(&backoff), &again);
    }
    judge(
        "how often it delivers",
        bounded(consumer.max_deliver),
        bounded(bound(&config["max_deliver"])),
        &again,
    );
    if consumer.max_ack_pending.is_some() {
        judge(
            "how many may be unsettled",
            bounded(consumer.max_ack_pending),
            bounded(bound(&config["max_ack_pending"])),
            &again,
        );
    }
    judge(
        "its deliver policy",
        consumer.deliver_policy.to_string(),
        text("deliver_policy"),
        &format!(
            "one that is there goes on where it stands: if it is to begin elsewhere, delete it while \
             {service} stops, which makes it again"
        ),
    );
    different.extend(replicas(&name, found));
    different
}

/// A consumer of which a replica is away.
fn replicas(name: &str, found: &Value) -> Option<Check> {
    /// Time without a word after which a replica is away, in nanoseconds.
    const SILENT: u64 = 30_000_000_000;
    // As many as the stream has, where it does not say.
    let asked = found["config"]["num_replicas"].as_u64().filter(|asked| *asked > 0)?;
    let cluster = &found["cluster"];
    let is_there = |other: &&Value| {
        let is_silent = other["current"] == false && other["active"].as_u64() > Some(SILENT);
        other["offline"] != true && !is_silent
    };
    let others = cluster["replicas"].as_array()?.iter().filter(is_there).count() as u64;
    let has = others + u64::from(cluster["leader"].is_string());
    (has < asked).then(|| {
        let text = format!("{name}: {has} replicas of {asked} are there");
        Check::warn("consumer", text, "see which server of the cluster is away")
    })
}

/// A consumer, and how far it is behind.
fn state(
    catalog: &Catalog,
    stream: &str,
    consumer: &Value,
    is_declared: bool,
    bounds: &Bounds,
) -> Check {
    let config = &consumer["config"];
    let name = format!("{stream}/{}", consumer["name"].as_str().unwrap_or_default());
    let number = |field: &str| consumer[field].as_u64().unwrap_or_default();
    let (waiting, unsettled) = (number("num_pending"), number("num_ack_pending"));
    let again = number("num_redelivered");
    let text = format!("{name}: {waiting} waiting, {unsettled} unsettled, {again} delivered again");
    if config["max_ack_pending"].as_u64().is_some_and(|max| max > 0 && unsettled >= max) {
        let text = format!("{text}, as many unsettled as may be: it delivers no more");
        let mend = "see what its handlers wait for, or raise max_ack_pending";
        return Check::warn("consumer", text, mend);
    }
    if consumer["paused"] == true {
        let text = format!("{text}, paused");
        return Check::warn("consumer", text, "resume it, if it is not so on purpose");
    }
    if waiting > bounds.most_waiting {
        let text = format!("{text}: more than {} wait", bounds.most_waiting);
        let mend = "start more instances, raise their concurrency, or see why they don't run";
        return Check::warn("consumer", text, mend);
    }
    if again > bounds.most_redelivered {
        let text = format!("{text}: more than {} came again", bounds.most_redelivered);
        let mend = "see why its handlers fail, or are slower than the ack wait";
        return Check::warn("consumer", text, mend);
    }
    let is_known = |filter: &&str| {
        let mut kept = catalog.iter().filter(|message| message.stream.as_deref() == Some(stream));
        kept.any(|message: &Descriptor| overlaps(&message.filter(), filter))
    };
    let unknown: Vec<_> =
        filters(config).into_iter().filter(|filter| !is_declared && !is_known(filter)).collect();
    if !unknown.is_empty() {
        let text = format!("{text}; no contract of {stream} has {}", unknown.join(", "));
        let mend = "remove the consumer if nobody reads it any more, or write the contracts again";
        return Check::warn("consumer", text, mend);
    }
    Check::ok("consumer", text)
}
