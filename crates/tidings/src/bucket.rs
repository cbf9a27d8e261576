//! A bucket as a type: what the derive implements. A bucket is a stream of NATS (ADR-8).

mod config;
mod filter;
mod key;

pub use config::{BucketConfig, BucketConfigError};
pub(crate) use config::{prefix_of, stream_of};
pub use filter::{KeyFilter, KeyFilterTokens};
pub use key::{BucketKey, KeyBuilder, KeyError, key_tokens};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_contract::Descriptor;

use crate::stream::EventStream;
use crate::subject::SubjectError;

/// The values of a bucket, declared on a type with `#[derive(Bucket)]`.
///
/// The derive also makes the type an [`EventStream`], since a bucket is a stream: `bus.provision`,
/// `bus.plan` and `bus.apply` make and change it. It makes a type for its keys, `SessionKey` of
/// `Session`, and one for filters of them, `SessionKeyFilter`.
///
/// ```
/// use tidings::prelude::*;
///
/// /// Session of a user who is logged in.
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
/// #[bucket(name = "sessions", key = "{tenant}.{user}", history = 5)]
/// struct Session { tenant: String, user: u64, cart: Vec<String> }
///
/// let session = Session { tenant: "acme".into(), user: 7, cart: Vec::new() };
/// assert_eq!(session.key()?, "acme.7");
/// assert_eq!(Session::NAME, "KV_sessions");
/// # Ok::<(), tidings::SubjectError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a declared bucket",
    label = "not a bucket's value",
    note = "declare one with `#[derive(Bucket)] #[bucket(name = \"sessions\", key = \"{{user}}\")]`, or name the bucket where it is opened: `bus.bucket::<{Self}>(\"sessions\")`"
)]
pub trait Bucket:
    EventStream + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// The bucket's name.
    const BUCKET: &'static str;
    /// The template of its keys, such as `{tenant}.{user}`.
    const KEY: &'static str;
    /// The keys, typed.
    type Key: BucketKey<Owned = Self::Key> + Send + 'static;
    /// The filter of keys.
    type Filter: KeyFilter<Of = Self>;

    /// The key of this value.
    ///
    /// # Errors
    /// [`SubjectError`] of the first field whose value is empty or holds what a key can't.
    fn key(&self) -> Result<String, SubjectError>;

    /// The filter of all keys, with a method for each field of the template that narrows it.
    fn key_filter() -> Self::Filter;

    /// The bucket's contract, for a catalog: a value is what is stored on the subject of its key, so it stands
    /// there as an event of the bucket's stream, with the key's template and the schema of the value.
    ///
    /// ```
    /// use tidings::contract::Catalog;
    /// use tidings::prelude::*;
    ///
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
    /// #[bucket(name = "sessions", key = "{tenant}.{user}")]
    /// struct Session { tenant: String, user: u64 }
    ///
    /// let catalog = Catalog::of([Session::descriptor()])?; // in a test: `.assert_current("schemas")?`
    /// for value in catalog.iter() {
    ///     assert_eq!((&*value.name, &*value.subject), ("KV_sessions", "$KV.sessions.{tenant}.{user}"));
    /// }
    /// assert_eq!(catalog.streams().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn descriptor() -> Descriptor
    where
        Self: Sized,
    {
        let subject = format!("{}{}", prefix_of(Self::BUCKET), Self::KEY);
        Descriptor::event(Self::NAME, 1, subject)
            .stream(Self::NAME)
            .stream_config(Self::config().to_value())
            .payload::<Self>()
    }
}
