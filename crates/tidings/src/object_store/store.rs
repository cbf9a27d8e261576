//! The handle of an object store.

use std::fmt;

use super::config;
use crate::key_value::Store;
use crate::link::Link;

/// An object store: things of any size by name, such as files, made by `Bus::objects`. A cheap clone.
///
/// An object is stored in chunks, and is there, whole, once its description is; it is read in pieces, the
/// digest of which is checked on the way. Other programs read and write the same: the format is that of
/// every client of NATS.
///
/// ```
/// use tidings::prelude::*;
/// use tidings::{ObjectMeta, ObjectStoreConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// bus.apply(bus.plan_stream(&ObjectStoreConfig::new("invoices").to_stream()).await?).await?;
/// let invoices = bus.objects("invoices");
///
/// let meta = ObjectMeta::new("2026/7.pdf").with_metadata("customer", "acme");
/// invoices.put(meta, vec![0; 300_000]).await?;
///
/// let invoice = invoices.get("2026/7.pdf").await?.ok_or("there is no such invoice")?;
/// assert_eq!(invoice.info().chunks, 3);
/// assert_eq!(invoice.bytes().await?.len(), 300_000);
/// assert!(invoices.delete("2026/7.pdf").await?);
/// assert!(invoices.info("2026/7.pdf").await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Objects {
    pub(super) store: Store,
}

impl Objects {
    pub(crate) fn new(link: Link, name: &str) -> Self {
        Self { store: store_of(link, name) }
    }

    /// Name of the store's stream.
    pub(crate) fn stream(&self) -> &str {
        self.store.stream()
    }

    /// The store's name.
    pub fn name(&self) -> &str {
        self.store.bucket()
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Objects").field(&self.store.bucket()).finish()
    }
}

/// The way to a store's descriptions, which stand by name as a bucket's values do by key.
pub(super) fn store_of(link: Link, name: &str) -> Store {
    Store::of(link, name, config::stream_of(name), config::prefix_of(name))
}
