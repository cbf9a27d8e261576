//! Streams and consumers against the contracts.

use serde_json::{Value, json};
use tidings::{PlanAction, StreamConfig};
use tidings_contract::{Catalog, Descriptor};
use tidings_subject::{check_stream_name, overlaps};

use super::check::Check;
use crate::connect::{Client, Connection};

pub(super) async fn judge(
    connection: &Connection,
    client: &mut Client,
    catalog: &Catalog,
) -> Vec<Check> {
    if catalog.streams().len() == 0 {
        return vec![Check::ok("streams", "the contracts declare none".to_owned())];
    }
    let bus = match connection.open().await {
        Ok(bus) => bus,
        Err(error) => {
            let mend = "allow as many connections as the program needs: two";
            return vec![Check::fail("streams", format!("{error:#}"), mend)];
        }
    };
    let mut checks = Vec::new();
    for (name, config) in catalog.streams() {
        if let Err(error) = check_stream_name(name) {
            checks.push(Check::fail("stream", format!("{name:?}: {error}"), "rename the stream"));
            continue;
        }
        let config = match StreamConfig::from_json(&config.to_string()) {
            Ok(config) => config,
            Err(error) => {
                let text = format!("{name}: its declaration can't be read: {error}");
                checks.push(Check::fail("stream", text, "write the schemas folder again"));
                continue;
            }
        };
        let plan = match bus.plan_stream(&config).await {
            Ok(plan) => plan,
            Err(error) => {
                let mend = format!("let the user publish on $JS.API.STREAM.INFO.{name}");
                checks.push(Check::fail("stream", format!("{name}: {error}"), mend));
                continue;
            }
        };
        let shown = plan.to_string().replace('\n', "; ");
        checks.push(match plan.action {
            PlanAction::Nothing => Check::ok("stream", format!("{name} is as declared")),
            PlanAction::Create => {
                let mend = "`tidings stream apply` makes it, or the service that declares it";
                Check::fail("stream", format!("{name} is missing"), mend)
            }
            _ => {
                Check::warn("stream", shown, "`tidings stream plan` shows it, `apply` makes it so")
            }
        });
        if plan.action != PlanAction::Create {
            checks.extend(consumers(client, catalog, name).await);
        }
    }
    checks
}

/// The consumers of a stream.
async fn consumers(client: &mut Client, catalog: &Catalog, stream: &str) -> Vec<Check> {
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
        checks.extend(found.iter().map(|consumer| judge_consumer(catalog, stream, consumer)));
        offset += found.len() as u64;
        if found.is_empty() || offset >= page["total"].as_u64().unwrap_or_default() {
            return checks;
        }
    }
}

fn judge_consumer(catalog: &Catalog, stream: &str, consumer: &Value) -> Check {
    let config = &consumer["config"];
    let name = format!("{stream}/{}", consumer["name"].as_str().unwrap_or_default());
    let number = |field: &str| consumer[field].as_u64().unwrap_or_default();
    let (waiting, unsettled) = (number("num_pending"), number("num_ack_pending"));
    let several = config["filter_subjects"].as_array().into_iter().flatten();
    let filters = several.chain([&config["filter_subject"]]).filter_map(Value::as_str);
    let filters: Vec<&str> = filters.filter(|filter| !filter.is_empty()).collect();
    let is_known = |filter: &&str| {
        let mut kept = catalog.iter().filter(|message| message.stream.as_deref() == Some(stream));
        kept.any(|message: &Descriptor| overlaps(&message.filter(), filter))
    };
    let unknown: Vec<_> = filters.iter().copied().filter(|filter| !is_known(filter)).collect();
    let text = format!("{name}: {waiting} waiting, {unsettled} unsettled");
    if config["max_ack_pending"].as_u64().is_some_and(|max| max > 0 && unsettled >= max) {
        let text = format!("{text}, as many as may be: it delivers no more");
        return Check::warn(
            "consumer",
            text,
            "see what its handlers wait for, or raise max_ack_pending",
        );
    }
    if consumer["paused"] == true {
        return Check::warn(
            "consumer",
            format!("{text}, paused"),
            "resume it, if it is not so on purpose",
        );
    }
    if !unknown.is_empty() {
        let text = format!("{text}; no contract of {stream} has {}", unknown.join(", "));
        let mend = "remove the consumer if nobody reads it any more, or write the contracts again";
        return Check::warn("consumer", text, mend);
    }
    Check::ok("consumer", text)
}
