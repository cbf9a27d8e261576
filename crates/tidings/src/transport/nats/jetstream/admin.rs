//! Managing streams and consumers, and what can be asked about them.

use std::time::{Duration, SystemTime};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::jetstream::consumer_config as config;
use crate::transport::nats::jetstream::stream_config;
use crate::transport::{
    ConsumerConfig, ConsumerInfo, ConsumerSnapshot, ConsumerState, Fault, Identity, StreamBounds,
    StreamInfo, StreamSnapshot, StreamState,
};

/// Waits before a stream is made once more, and how often it is.
const REMAKE: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
const REMAKES: usize = 5;

#[derive(Deserialize)]
pub(super) struct WireStream {
    config: Value,
    /// Time of its creation, to the nanosecond.
    created: String,
    /// Time of its leader's answer.
    ts: Option<String>,
    state: WireState,
}

#[derive(Deserialize)]
struct WireState {
    messages: u64,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
    #[serde(default)]
    num_subjects: u64,
    consumer_count: u64,
}

#[derive(Deserialize)]
pub(super) struct WireConsumer {
    config: config::Config,
    /// Time of its creation, to the nanosecond.
    created: String,
    num_pending: u64,
    num_ack_pending: u64,
    num_redelivered: u64,
    #[serde(default)]
    num_waiting: u64,
    delivered: Position,
    ack_floor: Position,
    /// Time until the pause ends, in nanoseconds.
    pause_remaining: Option<u64>,
}

#[derive(Deserialize)]
struct Position {
    consumer_seq: u64,
    stream_seq: u64,
}

impl From<WireState> for StreamState {
    fn from(state: WireState) -> Self {
        Self {
            messages: state.messages,
            bytes: state.bytes,
            first_sequence: state.first_seq,
            last_sequence: state.last_seq,
            subjects: state.num_subjects,
            consumers: state.consumer_count,
        }
    }
}

impl WireStream {
    pub(super) fn info(self) -> Result<StreamInfo, Fault> {
        Ok(StreamInfo { config: stream_config::from_nats(self.config)?, state: self.state.into() })
    }
}

impl WireConsumer {
    fn state(&self) -> ConsumerState {
        ConsumerState {
            pending: self.num_pending,
            ack_pending: self.num_ack_pending,
            redelivered: self.num_redelivered,
            delivered: self.delivered.consumer_seq,
            waiting: self.num_waiting,
            paused_until: self
                .pause_remaining
                .map(|nanos| SystemTime::now() + Duration::from_nanos(nanos)),
        }
    }

    /// Description of the consumer; `None` if it is not durable.
    pub(super) fn info(self) -> Option<ConsumerInfo> {
        if !config::is_durable(&self.config) {
            return None;
        }
        let state = self.state();
        let ConsumerConfig { name, filters, ack_wait, max_deliver, .. } =
            config::from_nats(self.config);
        Some(ConsumerInfo { name, filters, ack_wait, max_deliver, state })
    }
}

#[derive(Serialize)]
struct CreateConsumer<'a> {
    stream_name: &'a str,
    config: config::Config,
    /// `create` refuses another configuration, `update` a consumer that is not there (ADR-42).
    action: &'static str,
}

impl Nats {
    pub(crate) async fn stream(&self, name: &str) -> Result<Option<StreamConfig>, Fault> {
        let info: Option<WireStream> = self.look_up(format!("STREAM.INFO.{name}")).await?;
        info.map(|info| stream_config::from_nats(info.config)).transpose()
    }

    pub(crate) async fn answering_stream(&self, filter: &str) -> Result<Option<String>, Fault> {
        #[derive(Serialize)]
        struct Keeping<'a> {
            subject: &'a str,
        }
        #[derive(Deserialize)]
        struct Names {
            /// `null` where there is none.
            streams: Option<Vec<String>>,
        }
        let keeping = Keeping { subject: filter };
        let names: Names = self.api("STREAM.NAMES".to_owned(), &keeping).await?;
        for name in names.streams.unwrap_or_default() {
            // One that may not be looked at is taken for what streams are.
            let silent = self.stream(&name).await.is_ok_and(|found| found.is_none_or(|s| s.no_ack));
            if !silent {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    pub(crate) async fn stream_state(&self, name: &str) -> Result<StreamState, Fault> {
        let WireStream { state, .. } = self.ask(format!("STREAM.INFO.{name}")).await?;
        Ok(state.into())
    }

    pub(crate) async fn stream_snapshot(
        &self,
        name: &str,
    ) -> Result<Option<StreamSnapshot>, Fault> {
        let info: Option<WireStream> = self.look_up(format!("STREAM.INFO.{name}")).await?;
        Ok(info.map(|info| StreamSnapshot {
            identity: Identity(info.created),
            last: info.state.last_seq,
        }))
    }

    pub(crate) async fn stream_bounds(&self, name: &str) -> Result<Option<StreamBounds>, Fault> {
        let info: Option<WireStream> = self.look_up(format!("STREAM.INFO.{name}")).await?;
        Ok(info.map(|info| StreamBounds {
            identity: Identity(info.created),
            first: info.state.first_seq,
            last: info.state.last_seq,
            subjects: info.state.num_subjects,
        }))
    }

    pub(crate) async fn stream_time(&self, name: &str) -> Result<Option<SystemTime>, Fault> {
        let info: Option<WireStream> = self.look_up(format!("STREAM.INFO.{name}")).await?;
        Ok(info.and_then(|info| timestamp::read(&info.ts?)))
    }

    pub(crate) async fn create_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        let config_of = stream_config::to_nats(config)?;
        let call = format!("STREAM.CREATE.{}", config.name);
        self.make(&call, &config_of).await
    }

    /// Makes a stream or a consumer. A stream of this name that was just deleted may still be on its way
    /// out: then it is asked for again.
    async fn make(&self, call: &str, request: &impl Serialize) -> Result<(), Fault> {
        let (mut waits, mut left) = (REMAKE.waits(), REMAKES);
        loop {
            match self.api::<IgnoredAny>(call.to_owned(), request).await {
                Err(Fault::Api(error)) if error.is_not_made() && left > 0 => {
                    left -= 1;
                    sleep(waits.lengthen()).await;
                }
                made => return made.map(drop),
            }
        }
    }

    /// Changes a stream; what a newer server has beside our fields stays.
    pub(crate) async fn update_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        let name = &config.name;
        let found: WireStream = self.ask(format!("STREAM.INFO.{name}")).await?;
        let changed = stream_config::overlay(config, found.config)?;
        self.api::<IgnoredAny>(format!("STREAM.UPDATE.{name}"), &changed).await.map(drop)
    }

    pub(crate) async fn delete_stream(&self, name: &str) -> Result<(), Fault> {
        self.ask::<IgnoredAny>(format!("STREAM.DELETE.{name}")).await.map(drop)
    }

    pub(crate) async fn purge_stream(
        &self,
        name: &str,
        filter: Option<&Subject>,
    ) -> Result<u64, Fault> {
        #[derive(Serialize)]
        struct Purge<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            filter: Option<&'a str>,
        }
        #[derive(Deserialize)]
        struct Purged {
            purged: u64,
        }
        let purge = Purge { filter: filter.map(Subject::as_str) };
        let purged: Purged = self.api(format!("STREAM.PURGE.{name}"), &purge).await?;
        Ok(purged.purged)
    }

    pub(crate) async fn delete_message(&self, stream: &str, sequence: u64) -> Result<(), Fault> {
        #[derive(Serialize)]
        struct Delete {
            seq: u64,
        }
        let delete = Delete { seq: sequence };
        self.api::<IgnoredAny>(format!("STREAM.MSG.DELETE.{stream}"), &delete).await.map(drop)
    }

    pub(crate) async fn consumer(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerConfig>, Fault> {
        let call = format!("CONSUMER.INFO.{stream}.{name}");
        let info: Option<WireConsumer> = self.look_up(call).await?;
        Ok(info.map(|info| config::from_nats(info.config)))
    }

    pub(crate) async fn consumer_state(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<ConsumerState, Fault> {
        let info: WireConsumer = self.ask(format!("CONSUMER.INFO.{stream}.{name}")).await?;
        Ok(info.state())
    }

    pub(crate) async fn consumer_snapshot(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerSnapshot>, Fault> {
        let call = format!("CONSUMER.INFO.{stream}.{name}");
        let info: Option<WireConsumer> = self.look_up(call).await?;
        Ok(info.map(|info| ConsumerSnapshot {
            identity: Identity(info.created),
            from: config::from_nats(info.config).from,
            delivered: info.delivered.consumer_seq,
            reached: info.delivered.stream_seq,
            floor: info.ack_floor.stream_seq,
            unsettled: info.num_ack_pending,
            redelivered: info.num_redelivered,
        }))
    }

    pub(crate) async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        let call = format!("CONSUMER.CREATE.{stream}.{}", config.name);
        let config = config::to_nats(config);
        let request = CreateConsumer { stream_name: stream, config, action: "create" };
        self.make(&call, &request).await
    }

    /// Changes a consumer; what somebody else set beside our fields stays: a description, metadata,
    /// replicas.
    pub(crate) async fn update_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        let name = &config.name;
        let found: WireConsumer = self.ask(format!("CONSUMER.INFO.{stream}.{name}")).await?;
        let mut nats = found.config;
        config::overlay(config, &mut nats);
        let request = CreateConsumer { stream_name: stream, config: nats, action: "update" };
        let call = format!("CONSUMER.CREATE.{stream}.{name}");
        self.api::<IgnoredAny>(call, &request).await.map(drop)
    }

    pub(crate) async fn delete_consumer(&self, stream: &str, name: &str) -> Result<(), Fault> {
        self.ask::<IgnoredAny>(format!("CONSUMER.DELETE.{stream}.{name}")).await.map(drop)
    }

    /// A time that has passed ends a pause.
    pub(crate) async fn pause_consumer(
        &self,
        stream: &str,
        name: &str,
        until: SystemTime,
    ) -> Result<(), Fault> {
        #[derive(Serialize)]
        struct Pause {
            pause_until: String,
        }
        let no_time = || Fault::client("a server reads no such time");
        let pause_until = timestamp::write(until).ok_or_else(no_time)?;
        let call = format!("CONSUMER.PAUSE.{stream}.{name}");
        self.api::<IgnoredAny>(call, &Pause { pause_until }).await.map(drop)
    }
}
