//! Creating the consumer of a replay, which ends with whoever reads it.

use std::time::Duration;

use uuid::Uuid;

use super::feed::{Delivery, Feed};
use crate::subject::Subject;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::ephemeral::Ephemeral;
use crate::transport::nats::jetstream::consumer_config as config;
use crate::transport::{ApiError, ConsumerConfig, ConsumerKind, DeliverFrom, Extent, Fault};

/// Time that a server keeps a consumer that nobody reads, where it is not told.
const INACTIVE: Duration = Duration::from_secs(30);

/// A consumer of a replay. It ends with this value.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) feed: Feed,
    /// The sequence behind which it begins.
    pub(super) behind: u64,
    /// Number of messages that it had to deliver when it was made.
    pub(super) undelivered: u64,
    _consumer: Ephemeral,
}

#[derive(serde::Serialize)]
struct Create<'a> {
    stream_name: &'a str,
    config: config::Config,
    action: &'static str,
}

#[derive(serde::Deserialize)]
struct Created {
    delivered: Position,
    num_pending: u64,
}

#[derive(serde::Deserialize)]
struct Position {
    consumer_seq: u64,
    stream_seq: u64,
}

impl Nats {
    /// Makes a consumer for one replay.
    pub(super) async fn ordered(
        &self,
        stream: &str,
        filters: &[Subject],
        from: DeliverFrom,
        delivery: Delivery,
        extent: Extent,
    ) -> Result<Made, Fault> {
        let name = Uuid::now_v7().simple().to_string();
        let known = ConsumerConfig { filters: filters.to_vec(), from, ..ConsumerConfig::new(name) };
        let consumer = Ephemeral::new(self, stream, &known.name);
        let call = format!("CONSUMER.CREATE.{stream}.{}", known.name);
        let mut config = config::ordered(&known, INACTIVE, extent);
        let feed = Feed::open(self, stream, known, delivery, &mut config).await?;
        let mut create = Create { stream_name: stream, config, action: "create" };
        let created: Created = match self.api(call.clone(), &create).await {
            // The consumer takes the threshold that the stream allows.
            Err(Fault::Api(error)) if error.code == ApiError::INACTIVE_TOO_LONG => {
                config::forget_when_stream_does(&mut create.config);
                self.api(call.clone(), &create).await?
            }
            created => created?,
        };
        // What is pushed may be delivered by now, and is not read.
        let delivered = created.delivered;
        let behind = if delivery.kind == ConsumerKind::Push { 0 } else { delivered.stream_seq };
        let undelivered = created.num_pending + delivered.consumer_seq;
        Ok(Made { feed, behind, undelivered, _consumer: consumer })
    }
}
