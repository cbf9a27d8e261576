//! Buckets and object stores: what they hold, and whether there is room for more.

use super::check::Check;
use crate::connect::Client;

/// Part of its limit, in tenths, from which on a store is nearly full.
const NEARLY: u64 = 9;

/// A bucket or an object store, which is a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Store<'a> {
    Bucket(&'a str),
    Objects(&'a str),
}

impl<'a> Store<'a> {
    /// The store that a stream is, if it is one.
    pub(super) fn of(stream: &'a str) -> Option<Self> {
        let is_named = |name: &&str| !name.is_empty();
        let bucket = stream.strip_prefix("KV_").filter(is_named).map(Self::Bucket);
        bucket.or_else(|| stream.strip_prefix("OBJ_").filter(is_named).map(Self::Objects))
    }

    /// Kind of store, and its name.
    pub(super) fn named(self) -> (&'static str, &'a str) {
        match self {
            Self::Bucket(name) => ("bucket", name),
            Self::Objects(name) => ("object store", name),
        }
    }

    /// The store `stream`, which is there.
    pub(super) async fn judge(self, client: &mut Client, stream: &str) -> Check {
        let (kind, name) = self.named();
        let subject = format!("$JS.API.STREAM.INFO.{stream}");
        let info = match client.ask_json(&subject, None).await {
            Ok(info) => info,
            Err(error) => {
                let mend = format!("let the user publish on {subject}");
                return Check::warn(kind, format!("{name}: {error}"), mend);
            }
        };
        let number = |part: &str, field: &str| info[part][field].as_u64().unwrap_or_default();
        let (keys, bytes) = (number("state", "num_subjects"), number("state", "bytes"));
        let (held, mend) = match self {
            Self::Bucket(_) => (
                format!("{name} holds {keys} keys in {bytes} bytes"),
                "raise its max_bytes, let values expire, or remove keys: a put that has no room is refused",
            ),
            Self::Objects(_) => (
                format!("{name} holds {bytes} bytes"),
                "raise its max_bytes, let objects expire, or delete some: a put that has no room is refused",
            ),
        };
        match number("config", "max_bytes") {
            0 => Check::ok(kind, held),
            most if bytes / NEARLY < most / 10 => Check::ok(kind, format!("{held} of {most}")),
            most => Check::warn(kind, format!("{held}, nearly all of {most}"), mend),
        }
    }
}
