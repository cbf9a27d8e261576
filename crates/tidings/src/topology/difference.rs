//! A field in which what is wanted and what is there differ.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A field in which what is wanted and what is there differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The field, as NATS's configuration names it.
    pub field: String,
    /// The wanted value.
    pub ours: Setting,
    /// The value that is there.
    pub theirs: Setting,
    /// Effect of the change on a server.
    pub kind: DifferenceKind,
    /// Advice: what is lost, or what to do instead; empty where the change is simply made.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub advice: &'static str,
}

/// Effect of a change on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Changed without losing anything.
    Mutable,
    /// Changed, and messages that are being handled may come again by it.
    Repeating,
    /// Changed, and messages are lost by it: at once, or from then on.
    Lossy,
    /// Kept, since it is what another registry asked for, or a later version of this one, or what
    /// replaced what is asked for here. It can be changed, and would be changed back.
    Owned,
    /// The server does not let the field be changed.
    Immutable,
    /// Somebody made it for another use; it is not for us to change.
    Foreign,
}

/// The value of a field: written for people by its `Display`, and as NATS's JSON when serialized.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    text: String,
    json: Value,
}

impl Setting {
    /// The value as NATS's JSON.
    pub fn as_json(&self) -> &Value {
        &self.json
    }

    pub(super) fn none(text: &str) -> Self {
        Self { text: text.to_owned(), json: Value::Null }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl From<Duration> for Setting {
    fn from(time: Duration) -> Self {
        let json = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).into();
        Self { text: readable(time), json }
    }
}

impl From<&[Duration]> for Setting {
    fn from(times: &[Duration]) -> Self {
        let settings: Vec<Self> = times.iter().map(|time| Self::from(*time)).collect();
        let text = settings.iter().map(|setting| setting.text.as_str()).collect::<Vec<_>>();
        let text = if text.is_empty() { "none".to_owned() } else { text.join(", ") };
        Self { text, json: settings.into_iter().map(|setting| setting.json).collect() }
    }
}

impl From<&[String]> for Setting {
    fn from(texts: &[String]) -> Self {
        let text = if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
        Self { text, json: texts.into() }
    }
}

impl From<u64> for Setting {
    fn from(number: u64) -> Self {
        Value::from(number).into()
    }
}

impl From<u32> for Setting {
    fn from(number: u32) -> Self {
        Value::from(number).into()
    }
}

impl From<Value> for Setting {
    fn from(json: Value) -> Self {
        let text = match &json {
            Value::Null => "none".to_owned(),
            Value::String(text) if text.is_empty() => "none".to_owned(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        Self { text, json }
    }
}

/// A duration in the largest unit that it is whole in, as `#[stream(max_age = "7d")]` has it.
fn readable(time: Duration) -> String {
    const UNITS: [(u128, &str); 5] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
    ];
    let nanos = time.as_nanos();
    let unit = UNITS.iter().find(|(unit, _)| nanos > 0 && nanos.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{time:?}"), |(unit, name)| format!("{}{name}", nanos / unit))
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutable => "mutable",
            Self::Repeating => "may repeat messages",
            Self::Lossy => "loses messages",
            Self::Owned => "another's",
            Self::Immutable => "immutable",
            Self::Foreign => "foreign",
        })
    }
}

/// `max_age: 7d -> 1d (loses messages): …`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, ours, theirs, kind, advice } = self;
        write!(f, "{field}: {theirs} -> {ours}")?;
        if *kind != DifferenceKind::Mutable {
            write!(f, " ({kind})")?;
        }
        if advice.is_empty() { Ok(()) } else { write!(f, ": {advice}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_declared() {
        for (time, text) in [
            (Duration::from_secs(7 * 86_400), "7d"),
            (Duration::from_secs(36 * 3_600), "36h"),
            (Duration::from_secs(90), "90s"),
            (Duration::from_millis(1_500), "1500ms"),
            (Duration::from_nanos(1_500), "1.5µs"),
            (Duration::ZERO, "0ns"),
        ] {
            assert_eq!(Setting::from(time).to_string(), text);
        }
    }
}
