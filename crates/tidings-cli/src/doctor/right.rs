//! Rights of the user to publish and subscribe to what the contracts name.

use serde_json::Value;
use tidings_contract::{Catalog, Kind};
use tidings_subject::{covers, overlaps};

use super::check::Check;
use super::clock::User;
use crate::connect::AskError;

pub(super) fn judge(user: Result<&User, &AskError>, catalog: &Catalog) -> Vec<Check> {
    let data = match user {
        Ok(user) => &user.answer["data"],
        Err(error) => {
            let mend = "let the user publish on $SYS.REQ.USER.INFO to have its rights looked at";
            return vec![Check::warn("permissions", format!("they are not known: {error}"), mend)];
        }
    };
    let who = format!(
        "user {} of account {}",
        data["user"].as_str().filter(|user| !user.is_empty()).unwrap_or("(none)"),
        data["account"].as_str().unwrap_or("(unknown)"),
    );
    let mut checks = vec![Check::ok("user", who)];
    let permissions = &data["permissions"];
    let [publish, subscribe] = ["publish", "subscribe"].map(|what| &permissions[what]);
    let mut needs: Vec<(&str, &Value, String, String)> = Vec::new();
    for message in catalog.iter() {
        let (filter, tag) = (message.filter(), message.tag());
        needs.push(("publish", publish, filter.clone(), tag.clone()));
        if message.kind == Kind::Request || message.stream.is_none() {
            needs.push(("subscribe to", subscribe, filter, tag));
        }
    }
    for (name, _) in catalog.streams() {
        let subject = format!("$JS.API.STREAM.INFO.{name}");
        needs.push(("publish", publish, subject, format!("stream {name}")));
    }
    let count = needs.len();
    let denied = needs.into_iter().filter(|(_, of, filter, _)| !allows(of, filter));
    checks.extend(denied.map(|(what, _, filter, tag)| {
        let text = format!("the user may not {what} {filter} ({tag})");
        Check::warn(
            "permissions",
            text,
            "allow it in the server's configuration, if this user needs it",
        )
    }));
    let missing = checks.len() - 1;
    let text = format!("{} of {count} that the contracts name are allowed", count - missing);
    checks.push(Check::ok("permissions", text));
    checks
}

/// Returns `true` if every subject of a filter is allowed.
fn allows(permission: &Value, filter: &str) -> bool {
    let list = |name: &str| -> Vec<&str> {
        let subjects = permission[name].as_array().into_iter().flatten();
        // A queue group may stand behind it.
        subjects.filter_map(|one| one.as_str()?.split_whitespace().next()).collect()
    };
    let (allow, deny) = (list("allow"), list("deny"));
    let is_allowed = allow.is_empty() || covers(&allow, filter);
    is_allowed && !deny.iter().any(|one| overlaps(one, filter))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::allows;

    #[test]
    fn a_filter_is_allowed_as_a_whole_or_not() {
        let permission = json!({"allow": ["orders.>", "stock.* q"], "deny": ["orders.secret"]});
        let allowed = |filter| allows(&permission, filter);
        assert!(allowed("orders.*.created") && allowed("stock.low"));
        assert!(!allowed("orders.>") && !allowed("orders.secret") && !allowed("payments.a"));
        assert!(allows(&json!(null), "anything"));
        assert!(!allows(&json!({"deny": [">"]}), "anything"));
    }
}
