//! Messages as data: published as they were made.

use std::time::SystemTime;

use super::Bus;
use crate::publish::{self, AtomicRecordsError, PublishRecordError, Record, StoredIds};
use crate::publish_ack::{AtomicAck, PublishAck};
use crate::topology::ListError;

impl Bus {
    /// Publishes a record as it is, with the same id each time: one that a stream keeps is stored when this
    /// returns. A record without a stream is handed to the connection, and has no ack.
    ///
    /// # Errors
    /// [`PublishRecordError`]. After [`PublishRecordError::Unconfirmed`] it is unknown whether the stream has
    /// stored it; publishing it again within the stream's duplicate window stores it once.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the record was published.
    pub async fn publish_record(
        &self,
        record: &Record,
    ) -> Result<Option<PublishAck>, PublishRecordError> {
        let outcomes = publish::publish_records(&self.link, [record.clone()]).await;
        outcomes.into_iter().next().unwrap_or(Err(PublishRecordError::Closed))
    }

    /// Publishes many records, up to 1,024 of them on the way at a time, and gives the outcome of each, in
    /// their order. They are sent in this order, so a stream stores them in order; only one whose
    /// confirmation was lost, and which is sent again, can be stored behind later ones.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.created", stream = Orders)]
    /// # struct OrderCreated { order: u64 }
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Orders>().await?;
    /// let orders = [1, 2].map(|order| OrderCreated { order });
    /// let records: Result<Vec<_>, _> = orders.iter().map(|o| bus.message(o).record()).collect();
    /// for outcome in bus.publish_records(records?).await {
    ///     outcome?;
    /// }
    /// assert_eq!(bus.stream::<Orders>().state().await?.messages, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown which records were published.
    #[must_use = "each outcome may be an error"]
    pub fn publish_records<I>(
        &self,
        records: I,
    ) -> impl Future<Output = Vec<Result<Option<PublishAck>, PublishRecordError>>> + Send + use<'_, I>
    where
        I: IntoIterator<Item = Record, IntoIter: Send> + Send,
    {
        publish::publish_records(&self.link, records)
    }

    /// Publishes two or more records of one stream so that it stores all of them, one behind the other, or none. At
    /// most 1,000, and the stream must allow it with `allow_atomic_publish` (server 2.12.1, ADR-50).
    ///
    /// It is tried once. A stream that has one of them already stores none: publish each by itself then, as
    /// [`publish_records`](Self::publish_records) does.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.created", stream = Orders)]
    /// # struct OrderCreated { order: u64 }
    /// #[derive(EventStream)]
    /// #[stream(name = "ORDERS", subjects("orders.>"), allow_atomic_publish)]
    /// struct Orders;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Orders>().await?;
    /// let orders = [1, 2].map(|order| OrderCreated { order });
    /// let records: Result<Vec<_>, _> = orders.iter().map(|o| bus.message(o).record()).collect();
    /// let ack = bus.publish_records_atomically(&records?).await?;
    /// assert_eq!((ack.first_sequence, ack.last_sequence), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AtomicRecordsError`]. After [`AtomicRecordsError::Unconfirmed`] it is unknown whether all are stored or none;
    /// after the others none is, but for [`AtomicRecordsError::WrongStream`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether all are stored or none.
    pub async fn publish_records_atomically(
        &self,
        records: &[Record],
    ) -> Result<AtomicAck, AtomicRecordsError> {
        publish::publish_records_atomically(&self.link, records).await
    }

    /// The ids of what the stream of this name has stored since a time, by its own clock. Nothing is read
    /// before [`StoredIds::read_on`].
    ///
    /// # Errors
    /// [`ListError`], also where there is no such stream.
    pub async fn stored_ids(
        &self,
        stream: &str,
        since: SystemTime,
    ) -> Result<StoredIds, ListError> {
        StoredIds::new(&self.link, stream, since).await
    }
}
