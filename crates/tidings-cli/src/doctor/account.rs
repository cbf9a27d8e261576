//! `JetStream`, and how far its limits are used up.

use serde_json::Value;
use tidings_contract::Catalog;

use super::check::Check;
use crate::connect::{AskError, Client};

/// Share of a limit from which on it is near, in percent.
const NEAR: u64 = 90;

/// Checks of `JetStream`: that it is there, and what its account has used.
pub(super) async fn is_there(client: &mut Client, catalog: &Catalog) -> Vec<Check> {
    let is_needed = catalog.streams().len() > 0;
    let missing = |text: String, mend: &str| {
        let check = if is_needed { Check::fail } else { Check::warn };
        vec![check("jetstream", text, mend.to_owned())]
    };
    let info = match client.ask_json("$JS.API.INFO", None).await {
        Ok(info) => info,
        Err(AskError::Nobody(_)) => {
            return missing("the server has none".to_owned(), "start it with JetStream (`-js`)");
        }
        Err(error @ AskError::Denied(_)) => {
            let mend = "let the user publish on $JS.API.INFO, or ask its operator";
            return vec![Check::warn("jetstream", error.to_string(), mend)];
        }
        Err(error) => return missing(error.to_string(), "look at the server's log"),
    };
    if let Some(why) = info["error"]["description"].as_str() {
        return missing(why.to_owned(), "enable JetStream for this account");
    }
    let mut checks = vec![Check::ok("jetstream", "it is enabled".to_owned())];
    match info["tiers"].as_object().filter(|tiers| !tiers.is_empty()) {
        Some(tiers) => {
            for (name, tier) in tiers {
                checks.extend(limits(&format!("{name}: "), tier));
            }
        }
        None => checks.extend(limits("", &info)),
    }
    checks
}

/// Checks of how much of each limit is used.
fn limits(tier: &str, info: &Value) -> Vec<Check> {
    let limit = |(used, max): (&str, &str)| {
        let shown = used;
        let used = info[used].as_u64().unwrap_or_default();
        // -1 is no limit.
        let Some(max) = info["limits"][max].as_u64() else {
            return Check::ok("limit", format!("{tier}{shown}: {used}, no limit"));
        };
        let text = format!("{tier}{shown}: {used} of {max}");
        if max == 0 && used == 0 {
            Check::ok("limit", text)
        } else if used >= max {
            Check::fail(
                "limit",
                text,
                format!("raise the account's limit, or make room: {shown} is used up"),
            )
        } else if u128::from(used) * 100 >= u128::from(max) * u128::from(NEAR) {
            Check::warn("limit", text, "raise the account's limit, or make room".to_owned())
        } else {
            Check::ok("limit", text)
        }
    };
    [
        ("memory", "max_memory"),
        ("storage", "max_storage"),
        ("streams", "max_streams"),
        ("consumers", "max_consumers"),
    ]
    .map(limit)
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::limits;
    use crate::doctor::check::Status;

    #[test]
    fn a_limit_is_far_near_or_reached() {
        let info = json!({
            "memory": 89, "storage": 90, "streams": 100, "consumers": 5,
            "limits": {"max_memory": 100, "max_storage": 100, "max_streams": 100, "max_consumers": -1},
        });
        let found: Vec<_> = limits("", &info).iter().map(|check| check.status).collect();
        assert_eq!(found, [Status::Ok, Status::Warn, Status::Fail, Status::Ok]);
    }
}
