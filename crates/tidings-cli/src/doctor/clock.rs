//! The server's clock against this one's.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::check::Check;
use crate::connect::{AskError, Client};

/// Difference from which on times of day are not comparable.
const SKEW: Duration = Duration::from_secs(1);

/// The server's word of the user, and when it was given.
pub(super) struct User {
    pub(super) answer: Value,
    /// The time here when it was given, and how far that may be wrong.
    at: SystemTime,
    uncertain: Duration,
}

/// Asks who the user is.
pub(super) async fn ask(client: &mut Client) -> Result<User, AskError> {
    let (begun, start) = (SystemTime::now(), Instant::now());
    let answer = client.ask_json("$SYS.REQ.USER.INFO", None).await?;
    let half = start.elapsed() / 2;
    Ok(User { answer, at: begun + half, uncertain: half })
}

pub(super) fn judge(user: Result<&User, &AskError>) -> Check {
    let unknown = |why: String| {
        let mend = "let the user publish on $SYS.REQ.USER.INFO to have it compared";
        Check::warn("clock", why, mend)
    };
    let user = match user {
        Ok(user) => user,
        Err(error) => return unknown(format!("the server's time is not known: {error}")),
    };
    let time = user.answer["server"]["time"].as_str();
    let time = time.and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
    match time {
        Some(time) => skew(time.into(), user.at, user.uncertain),
        None => unknown("the server does not tell its time".to_owned()),
    }
}

fn skew(theirs: SystemTime, ours: SystemTime, uncertain: Duration) -> Check {
    let (apart, how) = match theirs.duration_since(ours) {
        Ok(apart) => (apart, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let apart = apart.saturating_sub(uncertain);
    let text = format!("the server's is {} ms {how} this one's", apart.as_millis());
    if apart < SKEW {
        return Check::ok("clock", text);
    }
    Check::warn(
        "clock",
        text,
        "set both by NTP: delays, `--since` and times to live are off by as much",
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::skew;
    use crate::doctor::check::Status;

    #[test]
    fn a_clock_is_off_beyond_what_the_way_takes() {
        let now = SystemTime::now();
        let off = |millis, uncertain| {
            skew(now + Duration::from_millis(millis), now, Duration::from_millis(uncertain)).status
        };
        assert_eq!((off(500, 0), off(1500, 0)), (Status::Ok, Status::Warn));
        assert_eq!(off(1500, 800), Status::Ok);
        let behind = skew(now, now + Duration::from_secs(3), Duration::ZERO);
        assert!(behind.text.contains("3000 ms behind"), "{behind:?}");
    }
}
