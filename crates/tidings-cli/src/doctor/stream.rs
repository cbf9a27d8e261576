//! Streams against the contracts.

use tidings::{PlanAction, StreamConfig};
use tidings_contract::{Catalog, Service};
use tidings_subject::check_stream_name;

use super::check::Check;
use super::consumer::{self, Bounds};
use super::store::Store;
use crate::connect::{Client, Connection};

pub(super) async fn judge(
    connection: &Connection,
    client: &mut Client,
    catalog: &Catalog,
    bounds: &Bounds,
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
        let store = Store::of(name);
        let (about, called) = store.map_or(("stream", name), Store::named);
        let users = users(catalog, name);
        let used = if users.is_empty() { String::new() } else { format!(", and used by {users}") };
        checks.push(match plan.action {
            PlanAction::Nothing => Check::ok(about, format!("{called} is as declared{used}")),
            PlanAction::Create => {
                let mend = "`tidings stream apply` makes it, or the service that declares it";
                Check::fail(about, format!("{called} is missing{used}"), mend)
            }
            _ => Check::warn(about, shown, "`tidings stream plan` shows it, `apply` makes it so"),
        });
        if let Some(store) = store
            && plan.action != PlanAction::Create
        {
            checks.push(store.judge(client, name).await);
        }
        if plan.action != PlanAction::Create {
            checks.extend(consumer::judge(client, catalog, name, bounds).await);
        }
    }
    checks
}

/// Names of the services that use a stream as a store, with commas between them.
fn users(catalog: &Catalog, stream: &str) -> String {
    let is_used = |service: &&Service| service.stores.iter().any(|one| one.stream() == stream);
    let users = catalog.services().filter(is_used).map(|service| service.name.as_str());
    users.collect::<Vec<_>>().join(", ")
}
