//! Buckets: what they hold, and whether there is room for more.

use super::check::Check;
use crate::connect::Client;

/// Prefix of the stream that a bucket is.
const PREFIX: &str = "KV_";
/// Part of its limit, in tenths, from which on a bucket is nearly full.
const NEARLY: u64 = 9;

/// Name of the bucket that a stream is, if it is one.
pub(super) fn name_of(stream: &str) -> Option<&str> {
    stream.strip_prefix(PREFIX).filter(|name| !name.is_empty())
}

/// A bucket that is there.
pub(super) async fn judge(client: &mut Client, bucket: &str) -> Check {
    let subject = format!("$JS.API.STREAM.INFO.{PREFIX}{bucket}");
    let info = match client.ask_json(&subject, None).await {
        Ok(info) => info,
        Err(error) => {
            let mend = format!("let the user publish on {subject}");
            return Check::warn("bucket", format!("{bucket}: {error}"), mend);
        }
    };
    let number = |part: &str, field: &str| info[part][field].as_u64().unwrap_or_default();
    let (keys, bytes) = (number("state", "num_subjects"), number("state", "bytes"));
    let held = format!("{bucket} holds {keys} keys in {bytes} bytes");
    match number("config", "max_bytes") {
        0 => Check::ok("bucket", held),
        most if bytes / NEARLY < most / 10 => Check::ok("bucket", format!("{held} of {most}")),
        most => {
            let mend = "raise its max_bytes, let values expire, or remove keys: a put that has no room is refused";
            Check::warn("bucket", format!("{held}, nearly all of {most}"), mend)
        }
    }
}
