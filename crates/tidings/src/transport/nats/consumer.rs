//! Consumers of a stream: pulling from a durable one, replaying with an ordered one, which may push, and settling.

pub(crate) mod ephemeral;
pub(crate) mod ordered;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod receipt;
pub(crate) mod settle;
pub(crate) mod unreadable;

use ordered::NatsOrdered;
use pull::NatsPull;

use crate::subject::Subject;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{ConsumerKind, DeliverFrom, Extent, Fault};

impl Nats {
    pub(crate) async fn pull(
        &self,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<NatsPull, Fault> {
        NatsPull::open(self, stream, consumer, prefetch).await
    }

    pub(crate) async fn replay(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        prefetch: usize,
    ) -> Result<NatsOrdered, Fault> {
        self.ordered_of(stream, filters, from, prefetch, Extent::Whole, ConsumerKind::Pull).await
    }

    pub(crate) async fn ordered_of(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        prefetch: usize,
        extent: Extent,
        kind: ConsumerKind,
    ) -> Result<NatsOrdered, Fault> {
        NatsOrdered::open(self, stream, filters, from, prefetch, extent, kind).await
    }
}
