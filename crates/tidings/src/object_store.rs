//! Object stores: large things by name, in chunks, each with a digest (ADR-20).

mod change;
mod chunk;
mod config;
mod description;
mod error;
mod finish;
mod get;
mod info;
mod insistence;
mod list;
mod meta;
mod put;
mod store;
mod sweep;
mod upload;
mod watch;

pub use config::ObjectStoreConfig;
pub use error::{ObjectGetError, ObjectNameError, ObjectPutError, ObjectReadError};
pub use get::{GetObject, Object};
pub use info::{ObjectInfo, ObjectLink};
pub use list::ObjectList;
pub use meta::ObjectMeta;
pub use put::PutObject;
pub use store::Objects;
pub(crate) use upload::digest_of;
pub use watch::{ObjectChanges, ObjectEvent, ObjectWatch, ObjectWatchError};
