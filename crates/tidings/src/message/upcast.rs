//! Older versions of an event, read as the version of now.

use std::fmt;

use tidings_contract::Descriptor;

use crate::message::{Declaration, Decode, MessageKind};
use crate::payload::read_payload;

/// An event that can be made of an older version of it.
///
/// `#[event(upcasts = OrderCreatedV1)]` registers the older one. Handlers, subscriptions and replays of
/// the newer event then receive both, each older one as [`upcast`](Upcast::upcast) makes it. The older
/// version may upcast one that is older still: the chain is known when it is compiled.
///
/// Where the two can have the same subject, the newer one carries the header `Tidings-Message`, and what
/// comes without is the older one: it may stay as it was before there was another.
///
/// ```
/// use tidings::prelude::*;
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "users.created", version = 1)]
/// struct UserCreatedV1 {
///     name: String,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "users.created", version = 2, upcasts = UserCreatedV1)]
/// struct UserCreated {
///     name: String,
///     locale: String,
/// }
///
/// impl Upcast<UserCreatedV1> for UserCreated {
///     fn upcast(old: UserCreatedV1) -> Self {
///         Self { name: old.name, locale: "en".to_owned() }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let mut created = bus.subscribe::<UserCreated>().await?;
/// bus.publish(&UserCreatedV1 { name: "Ada".to_owned() }).await?;
/// let delivery = created.next().await.ok_or("it came")??;
/// assert_eq!((&*delivery.name, &*delivery.locale), ("Ada", "en"));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made of `{Old}`",
    label = "no `Upcast<{Old}>`",
    note = "`upcasts = {Old}` names an older version: write `impl Upcast<{Old}> for {Self}`"
)]
pub trait Upcast<Old>: Sized {
    /// The event that the older one tells.
    ///
    /// A panic in it is one of the handler that the event is for.
    fn upcast(old: Old) -> Self;
}

/// Reads an event or an older version of it, whichever `declaration` says.
///
/// # Errors
/// Errors of the `Deserialize` of that version.
pub fn read_upcast<E, Old, const WAS_WRITTEN: bool>(
    declaration: &'static Declaration,
    payload: &[u8],
) -> Result<E, serde_json::Error>
where
    E: Decode + serde::de::DeserializeOwned + Upcast<Old>,
    Old: Decode,
{
    if E::DECLARATIONS[0].is(declaration) {
        return read_payload::<E, WAS_WRITTEN>(payload);
    }
    Old::decode_by::<WAS_WRITTEN>(declaration, payload).map(E::upcast)
}

/// Descriptors of an event, and of the older versions that are upcast to it.
pub fn describe_upcast(newest: Vec<Descriptor>, older: Vec<Descriptor>) -> Vec<Descriptor> {
    let upcasts = older.first().map(Descriptor::tag);
    let newest = newest.into_iter().map(|newest| match &upcasts {
        Some(older) => newest.upcasts(older),
        None => newest,
    });
    newest.chain(older).collect()
}

/// Texts of the compile errors about a type that is no older version of an event.
#[derive(Clone, Copy)]
pub struct UpcastMistakes {
    /// An enum of events.
    pub several: &'static str,
    /// A request.
    pub request: &'static str,
    /// For a type that another stream keeps, or where only one of the two is kept.
    pub stream: &'static str,
    /// For a type of the same name whose version is not lower.
    pub version: &'static str,
}

impl fmt::Debug for UpcastMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpcastMistakes")
    }
}

/// Checks an event's older version.
///
/// # Panics
/// With one of the mistakes, if there is one.
#[track_caller]
pub const fn check_upcast(
    event: &[&Declaration],
    older: &[&Declaration],
    mistakes: UpcastMistakes,
) {
    let UpcastMistakes { several, request, stream, version } = mistakes;
    assert!(older.len() == 1, "{}", several);
    let (new, old) = (event[0], older[0]);
    assert!(matches!(old.kind, MessageKind::Event), "{}", request);
    assert!(new.is_kept_with(old), "{}", stream);
    assert!(new.may_upcast(old), "{}", version);
}
