//! Contracts of a set of Tidings messages, as data.
//!
//! A [`Descriptor`] is one message's promise: its name, version and subject, and the JSON Schemas
//! of its payload, its reply and its error. A [`Catalog`] is a set of them that agree with each
//! other. Committed to a folder, a catalog shows in every review what a change of a type changes
//! for the programs on the other side:
//!
//! ```
//! use schemars::JsonSchema;
//! use tidings_contract::{Catalog, Descriptor};
//!
//! /// A customer placed an order.
//! #[derive(JsonSchema)]
//! struct OrderCreated {
//!     order_id: String,
//!     total_cents: u64,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let created = Descriptor::event("orders.created", 1, "orders.{region}.created")
//!     .stream("ORDERS")
//!     .payload::<OrderCreated>();
//! assert_eq!(created.description(), Some("A customer placed an order."));
//!
//! let catalog = Catalog::of([created])?;
//! # let folder = std::env::temp_dir().join(format!("tidings-doc-{}", std::process::id()));
//! catalog.write_to(&folder)?;
//! catalog.check(&folder)?; // what a test does from now on, see `Catalog::assert_current`
//! assert_eq!(Catalog::read_from(&folder)?, catalog);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod acceptance;
mod address;
mod asyncapi;
mod canonical;
mod catalog;
#[cfg(feature = "compat")]
pub mod compat;
mod contract;
mod definition;
mod descriptor;
mod difference;
mod direction;
mod edit;
mod fingerprint;
mod folder;
mod parallel;
mod service;

pub use acceptance::Acceptance;
pub use asyncapi::AsyncApiRelease;
pub use catalog::{Catalog, CatalogError, Part};
pub use contract::Contract;
pub use descriptor::{Descriptor, Kind, LargePayload};
pub use direction::Direction;
pub use edit::{Edit, edits};
pub use fingerprint::Fingerprint;
pub use folder::{
    AcceptError, CheckError, CurrentError, Drift, DriftKind, FileDrift, ReadError, ReferenceError,
    StreamFile, UPDATE_SCHEMAS, WriteError, accept, acceptances, stream_files,
};
pub use service::{
    AckPolicy, DeliverPolicy, DurableConsumer, Handled, MessageVersion, Service, Store, StoreKind,
};
