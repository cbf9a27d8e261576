//! A stream's configuration as NATS's own JSON: its names, durations in nanoseconds.

use serde_json::Value;

use super::StreamConfig;

/// A stream's configuration could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamJsonError {
    /// Text that is no JSON, or not that of a stream.
    #[error("this is no configuration of a stream: {0}")]
    Json(#[from] serde_json::Error),
    /// Field that is not known here, and would be left out silently.
    #[error(
        "a stream has no field `{field}` that is known here; leave it out, or correct its name"
    )]
    Unknown {
        /// The field.
        field: String,
    },
}

impl StreamConfig {
    /// The configuration as NATS's JSON: what `nats stream add --config` takes, and a server gives
    /// and is given. What is `None` is not in it. It is `null` for what NATS can't hold: a time over
    /// 292 years, and a source with both a domain and a prefix.
    ///
    /// ```
    /// use tidings::StreamConfig;
    /// use std::time::Duration;
    ///
    /// let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    /// orders.max_age = Some(Duration::from_secs(60));
    /// let json = orders.to_json();
    /// assert!(json.contains("\"max_age\": 60000000000"));
    /// assert_eq!(StreamConfig::from_json(&json)?, orders);
    /// # Ok::<(), tidings::StreamJsonError>(())
    /// ```
    pub fn to_json(&self) -> String {
        format!("{:#}", self.to_value())
    }

    /// Makes a JSON value, its fields ordered by name.
    pub(crate) fn to_value(&self) -> Value {
        // A time over 292 years can't be written, nor a source with a domain and a prefix.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads NATS's JSON. What is left out is `None`; -1 and 0 say that there is no limit.
    ///
    /// # Errors
    /// [`StreamJsonError`], also for a field that is not known, of the stream or of a part of it: it
    /// is named by its path, such as `sources.0.filter`.
    pub fn from_json(json: &str) -> Result<Self, StreamJsonError> {
        let (config, mut unknown) = read(serde_json::from_str(json)?)?;
        if unknown.is_empty() {
            return Ok(config);
        }
        Err(StreamJsonError::Unknown { field: unknown.swap_remove(0) })
    }
}

/// Reads a configuration, and the paths of the fields that are not known here.
pub(crate) fn read(value: Value) -> Result<(StreamConfig, Vec<String>), serde_json::Error> {
    let mut unknown = Vec::new();
    let config = serde_ignored::deserialize(value, |path| {
        // An optional value stands as `?` in the path.
        unknown.push(path.to_string().replace(".?", ""));
    })?;
    Ok((config, unknown))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    use super::{StreamJsonError, read};
    use crate::stream::{
        Compression, ConsumerLimits, Discard, External, Persistence, Placement, Republish,
        Retention, Source, SourceConsumer, SourceStart, Storage, StreamConfig, SubjectTransform,
    };

    const HOUR: Duration = Duration::from_secs(3600);

    /// A configuration in which every field is set; one that is new has to be set here, too.
    fn full() -> StreamConfig {
        let transform = || SubjectTransform { source: "a.*".into(), destination: "b.*".into() };
        let mut mirror = Source::new("M");
        mirror.start = Some(SourceStart::Sequence(7));
        mirror.filter_subject = Some("m.>".into());
        mirror.domain = Some("hub".into());
        let mut source = Source::new("S");
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        source.start = Some(SourceStart::Time(time));
        source.subject_transforms = vec![transform()];
        let delivery_prefix = Some("deliver".into());
        source.external = Some(External { api_prefix: "hub.API".into(), delivery_prefix });
        source.consumer = Some(SourceConsumer { name: "c".into(), deliver_subject: "d".into() });
        StreamConfig {
            name: "FULL".into(),
            description: Some("all of it".into()),
            subjects: vec!["full.>".into()],
            retention: Retention::WorkQueue,
            storage: Storage::Memory,
            replicas: 3,
            max_age: Some(HOUR),
            max_bytes: Some(1),
            max_messages: Some(2),
            max_messages_per_subject: Some(3),
            max_message_size: Some(4),
            max_consumers: Some(5),
            discard: Discard::New,
            discard_new_per_subject: true,
            duplicate_window: Some(HOUR),
            compression: Some(Compression::S2),
            placement: Some(Placement { cluster: Some("c".into()), tags: vec!["t".into()] }),
            mirror: Some(mirror),
            sources: vec![source],
            subject_transform: Some(transform()),
            republish: Some(Republish {
                source: "a".into(),
                destination: "b".into(),
                headers_only: true,
            }),
            allow_direct: true,
            mirror_direct: true,
            allow_rollup: true,
            deny_delete: true,
            deny_purge: true,
            allow_message_ttl: true,
            subject_delete_marker_ttl: Some(HOUR),
            allow_message_schedules: true,
            allow_atomic_publish: true,
            allow_batch_publish: true,
            allow_message_counter: true,
            first_sequence: Some(6),
            consumer_limits: Some(ConsumerLimits {
                inactive_threshold: Some(HOUR),
                max_ack_pending: Some(7),
            }),
            persistence: Some(Persistence::Async),
            no_ack: true,
            sealed: true,
            metadata: BTreeMap::from([("a".into(), "b".into())]),
        }
    }

    #[test]
    fn every_field_is_known_and_comes_back() {
        let value = full().to_value();
        assert_eq!(read(value.clone()).unwrap().1, [""; 0]);
        assert_eq!(StreamConfig::from_json(&full().to_json()).unwrap(), full());
        assert_eq!(value["max_age"], 3_600_000_000_000_u64);
        assert_eq!(value["mirror"]["external"]["api"], "$JS.hub.API");
        assert_eq!(value["sources"][0]["opt_start_time"], "2023-11-14T22:13:20.123456789Z");
    }

    #[test]
    fn no_limit_is_said_or_left_open() {
        let mut config = StreamConfig::new("S", ["s"]);
        assert_eq!(config.to_value().get("max_msgs"), None);
        config.max_messages = Some(0);
        config.max_age = Some(Duration::ZERO);
        let value = config.to_value();
        assert_eq!((&value["max_msgs"], &value["max_age"]), (&(-1).into(), &0.into()));
        assert_eq!(StreamConfig::from_json(&config.to_json()).unwrap(), config);
    }

    /// Output of `nats stream info --json` for a plain stream.
    #[test]
    fn a_servers_own_is_read() {
        let json = r#"{
            "name": "S", "subjects": null, "retention": "limits", "max_consumers": -1,
            "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msgs_per_subject": -1,
            "max_msg_size": -1, "discard": "old", "storage": "file", "num_replicas": 1,
            "duplicate_window": 120000000000, "compression": "none", "allow_direct": false,
            "mirror_direct": false, "sealed": false, "deny_delete": false, "deny_purge": false,
            "allow_rollup_hdrs": false, "consumer_limits": {}, "allow_msg_ttl": false,
            "metadata": {"_nats.level": "5"}
        }"#;
        let config = StreamConfig::from_json(json).unwrap();
        assert_eq!(config.max_messages, Some(0));
        assert!(config.subjects.is_empty());
        assert_eq!(config.consumer_limits, Some(ConsumerLimits::default()));
    }

    #[test]
    fn what_is_not_known_is_not_left_out_silently() {
        for (json, path) in [
            (r#"{"name": "S", "placement": {"clusterr": "c"}}"#, "placement.clusterr"),
            (
                r#"{"name": "S", "sources": [{"name": "A"}, {"name": "B", "filter": "b.>"}]}"#,
                "sources.1.filter",
            ),
            (
                r#"{"name": "S", "mirror": {"name": "M", "external": {"api": "x", "deliver": "", "no": 1}}}"#,
                "mirror.external.no",
            ),
            (r#"{"name": "S", "consumer_limits": {"max_ack": 1}}"#, "consumer_limits.max_ack"),
            (
                r#"{"name": "S", "republish": {"src": "a", "dest": "b", "headers": true}}"#,
                "republish.headers",
            ),
        ] {
            let error = StreamConfig::from_json(json).unwrap_err();
            assert!(
                matches!(&error, StreamJsonError::Unknown { field } if field == path),
                "{json}: {error}"
            );
        }
        let error = StreamConfig::from_json(r#"{"name": "S", "max_agee": 1}"#).unwrap_err();
        assert!(matches!(&error, StreamJsonError::Unknown { field } if field == "max_agee"));
        let wrong = [
            "",
            "[]",
            "{}",
            r#"{"name": "S", "storage": "paper"}"#,
            // More nanoseconds than NATS counts.
            r#"{"name": "S", "max_age": 9223372036854775808}"#,
        ];
        for wrong in wrong {
            let error = StreamConfig::from_json(wrong).unwrap_err();
            assert!(matches!(error, StreamJsonError::Json(_)), "{wrong}: {error:?}");
        }
    }

    #[test]
    fn a_source_is_in_one_place() {
        let mut config = full();
        config.sources[0].domain = Some("hub".into());
        let error = serde_json::to_value(&config).unwrap_err().to_string();
        assert!(error.contains("`S` has a domain and an external prefix"), "{error}");
    }
}
