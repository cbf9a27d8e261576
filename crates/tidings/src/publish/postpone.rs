//! Events that a schedule delivers: whether their stream keeps them until then, and under which key they wait.

use std::time::{Duration, SystemTime};

use super::PublishError;
use crate::envelope;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::Event;
use crate::recurrence::{Recurrence, When};
use crate::stream::{Retention, StreamConfig, StreamDeclaration};
use crate::timestamp;
use crate::transport::Outgoing;

/// Longest time by which what is to come at a time may be late already.
const LATE: Duration = Duration::from_secs(1);
/// Time to live of what its stream keeps for ever.
const NEVER: &str = "never";

/// Schedule that a message asks for.
#[derive(Debug)]
pub(crate) struct Postponement {
    pub(crate) when: When,
    /// Key that the user gave; one that comes again has its own id without, or its subject.
    pub(crate) key: Option<String>,
}

impl Postponement {
    pub(crate) fn new(when: When, headers: &Headers) -> Self {
        Self { when, key: headers.get(header::MESSAGE_ID).map(str::to_owned) }
    }

    pub(super) fn recurs(&self) -> bool {
        matches!(self.when, When::Every(_))
    }
}

/// Time at which something is due that waits.
pub(crate) enum Due<'a> {
    Once(String),
    Every(&'a Recurrence),
}

/// Has the message wait.
pub(super) fn postpone<E: Event>(
    link: &Link,
    event: &E,
    outgoing: Outgoing,
    asked: &Postponement,
) -> Result<Outgoing, PublishError> {
    let stream = event.declaration().stream.as_ref();
    let subject = outgoing.subject.to_string();
    let (due, config) = due(stream, &subject, &asked.when, link.transport.now())?;
    let keeps = keeps_for_ever(&config);
    let postponed = match due {
        Due::Once(at) => envelope::postpone(outgoing, &config.name, &at),
        Due::Every(every) => {
            if outgoing.headers.get(header::CE_SPECVERSION).is_some()
                || outgoing.headers.get(header::CONTENT_TYPE).is_some()
            {
                let problem = "a CloudEvent has an id of its own, and this would be published again with the same; use `.no_cloud_event()`";
                return Err(refused(subject, problem));
            }
            if outgoing.headers.get(header::EXPECTED_LAST_SUBJECT_SEQUENCE).is_some() {
                let problem = "no sequence of its subject can be expected of what comes again";
                return Err(refused(subject, problem));
            }
            let key = asked.key.clone().or_else(|| event.message_id());
            let key = key.unwrap_or_else(|| subject.clone());
            envelope::repeat(outgoing, &config.name, &key, every)
        }
    };
    let Some(mut postponed) = postponed else {
        let problem = "its id can't stand in a subject; give it another with `.message_id(…)`";
        return Err(refused(subject, problem));
    };
    if keeps {
        postponed.headers.push(header::TTL, NEVER);
    }
    Ok(postponed)
}

/// Returns `true` if a stream that forgets its messages after a time keeps what waits all the same, as it says so.
fn keeps_for_ever(config: &StreamConfig) -> bool {
    config.allow_message_ttl && config.max_age.is_some_and(|age| !age.is_zero())
}

/// Time at which a message of a stream is due, if the stream keeps it until then.
///
/// # Errors
/// [`PublishError`], whose text says what would help.
pub(crate) fn due<'a>(
    stream: Option<&StreamDeclaration>,
    subject: &str,
    when: &'a When,
    now: SystemTime,
) -> Result<(Due<'a>, StreamConfig), PublishError> {
    let refuse = |problem: &str| Err(refused(subject.to_owned(), problem));
    let config = stream.map(|stream| (stream.config)());
    let Some(config) = config.filter(|config| config.allow_message_schedules) else {
        return refuse("its stream does not allow it; declare that with `allow_message_schedules`");
    };
    // A server (2.15.1) drops what waits as it confirms it, unless somebody consumes the subject on
    // which it waits.
    if config.retention == Retention::Interest {
        return refuse("its stream keeps by interest, and drops what waits; use another retention");
    }
    let max_age = config.max_age.filter(|age| !age.is_zero() && !config.allow_message_ttl);
    let at = match when {
        When::Every(every) => {
            if max_age.is_some() {
                return refuse(
                    "its stream has a `max_age`, which ends what comes again, too; declare `allow_message_ttl`, which exempts it",
                );
            }
            return Ok((Due::Every(every), config));
        }
        When::After(delay) => now.checked_add(*delay),
        When::At(at) if at.checked_add(LATE).is_some_and(|at| at < now) => {
            return Err(PublishError::Past { subject: subject.to_owned(), at: *at });
        }
        When::At(at) => Some(*at),
    };
    let delay = at.and_then(|at| at.duration_since(now).ok()).unwrap_or_default();
    let Some(written) = at.filter(|at| is_counted(*at)).and_then(timestamp::write) else {
        return refuse("it would be due after the year 2261, and no server can read such a time");
    };
    if max_age.is_some_and(|age| age <= delay) {
        return refuse(
            "it is as long as the stream's `max_age` or longer, which ends what waits, too; declare `allow_message_ttl`, which exempts it",
        );
    }
    Ok((Due::Once(written), config))
}

/// Returns `true` if a server can count the nanoseconds since 1970, which it does in 63 bits.
fn is_counted(at: SystemTime) -> bool {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).is_ok()
}

fn refused(subject: String, problem: &str) -> PublishError {
    PublishError::Delay { subject, problem: problem.to_owned() }
}
