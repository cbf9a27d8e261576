//! Committed examples of older versions, upcast in a test.

use std::path::{Path, PathBuf};

use tidings_contract::{Catalog, ReadError};

use crate::message::{Declaration, Decode, Event, ReadBackError};
use crate::user_code::guarded;

/// Reason why an older version's examples are not known to be upcast.
///
/// Its `Debug` is its `Display`, because that is what a failing test shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum UpcastError {
    /// The event has no older version.
    #[error("`{message}` upcasts nothing: `#[event(upcasts = …)]` names the version before it")]
    NoOlderVersion {
        /// The event, such as `orders.created.v2`.
        message: &'static str,
    },
    /// The folder can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder has no file of an older version.
    #[error(
        "`{}` has no file of `{message}`, which is upcast: contracts of older versions stay committed as \
         long as their events are stored or sent", folder.display()
    )]
    NoContract {
        /// The folder.
        folder: PathBuf,
        /// The older version.
        message: &'static str,
    },
    /// No example of an older version is committed.
    #[error(
        "`{}` holds no example of `{message}`: add `#[schemars(example = …)]` to its type, and run the test \
         that keeps the folder current with `UPDATE_SCHEMAS=1`",
        file.display()
    )]
    NoExample {
        /// The message's file.
        file: PathBuf,
        /// The older version.
        message: &'static str,
    },
    /// An example is not upcast to an event that can be published.
    #[error("the example {pointer} of `{}` {problem}", file.display())]
    Example {
        /// The file.
        file: PathBuf,
        /// JSON pointer to the example.
        pointer: String,
        /// Problem of the example.
        problem: ExampleProblem,
    },
}

impl std::fmt::Debug for UpcastError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Fault of an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleProblem {
    /// The example could not be read as the older version.
    #[error("can't be read: {0}")]
    Decode(#[source] serde_json::Error),
    /// `Upcast::upcast` panicked.
    #[error("makes `upcast` panic: {0}")]
    Panic(String),
    /// The event that the older version becomes could not be written.
    #[error("becomes an event that can't be written: {0}")]
    Encode(#[source] serde_json::Error),
    /// The event that it becomes can't be read back.
    #[error("becomes an event that no receiver could read: {0}")]
    ReadBack(#[source] ReadBackError),
}

/// Upcasts every committed example of every older version of `E`, and reads back what it becomes; gives
/// how many there are.
///
/// Examples are those of the payload's schema in the folder's files, see
/// [`Catalog::write_to`]: `#[schemars(example = …)]` on the older type puts them there. A relative folder is
/// relative to the package that is tested.
///
/// ```no_run
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created", version = 1)]
/// # struct UserCreatedV1 {}
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created", version = 2, upcasts = UserCreatedV1)]
/// # struct UserCreated {}
/// # impl Upcast<UserCreatedV1> for UserCreated {
/// #     fn upcast(_: UserCreatedV1) -> Self { Self {} }
/// # }
/// #[test]
/// fn older_users_are_upcast() {
///     tidings::testing::check_upcasts::<UserCreated>("schemas").unwrap();
/// }
/// ```
///
/// # Errors
/// [`UpcastError`], at the first example that fails, and where there is none of a version.
pub fn check_upcasts<E: Event + Decode>(folder: impl AsRef<Path>) -> Result<usize, UpcastError> {
    let folder = folder.as_ref();
    let newest = E::DECLARATIONS.iter().copied();
    let mut older = newest.flat_map(|newest| newest.versions().skip(1)).peekable();
    if older.peek().is_none() {
        return Err(UpcastError::NoOlderVersion { message: E::DECLARATIONS[0].tag });
    }
    let catalog = Catalog::read_from(folder)?;
    let mut count = 0;
    for version in older {
        count += check_version::<E>(&catalog, folder, version)?;
    }
    Ok(count)
}

fn check_version<E: Event + Decode>(
    catalog: &Catalog,
    folder: &Path,
    version: &'static Declaration,
) -> Result<usize, UpcastError> {
    let message = version.tag;
    let payload =
        catalog.get(version.name, version.version).and_then(|found| found.payload.as_ref());
    let no_contract = || UpcastError::NoContract { folder: folder.to_owned(), message };
    let payload = payload.ok_or_else(no_contract)?;
    let file = folder.join(format!("{message}.json"));
    let examples = payload.read().get("examples").and_then(|examples| examples.as_array());
    let Some(examples) = examples.filter(|examples| !examples.is_empty()) else {
        return Err(UpcastError::NoExample { file, message });
    };
    for (position, example) in examples.iter().enumerate() {
        let upcast = guarded(|| upcast::<E>(version, example.to_string().as_bytes()));
        upcast.unwrap_or_else(|panic| Err(ExampleProblem::Panic(panic))).map_err(|problem| {
            let pointer = format!("/payload/read/examples/{position}");
            UpcastError::Example { file: file.clone(), pointer, problem }
        })?;
    }
    Ok(examples.len())
}

fn upcast<E: Event + Decode>(
    version: &'static Declaration,
    example: &[u8],
) -> Result<(), ExampleProblem> {
    let event = E::decode(version, example).map_err(ExampleProblem::Decode)?;
    let mut payload = Vec::new();
    event.encode(&mut payload).map_err(ExampleProblem::Encode)?;
    event.read_back(&payload).map_err(ExampleProblem::ReadBack)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use tidings_contract::Descriptor;
    use tidings_derive::Event;

    use super::*;
    use crate::message::{Message as _, Upcast};

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "doors.opened", version = 1, crate = "crate")]
    #[schemars(example = OpenedV1 { door: "7".to_owned() })]
    struct OpenedV1 {
        door: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "doors.opened", version = 2, upcasts = OpenedV1, crate = "crate")]
    struct Opened {
        door: u32,
    }

    impl Upcast<OpenedV1> for Opened {
        fn upcast(old: OpenedV1) -> Self {
            Self { door: old.door.parse().expect("a number") }
        }
    }

    /// The folder of the newest version, and of an older one as it was committed.
    fn committed<V1: JsonSchema>() -> tempfile::TempDir {
        let older = Descriptor::event("doors.opened", 1, "doors.opened").payload::<V1>();
        written([Opened::descriptors().remove(0), older])
    }

    fn written(descriptors: impl IntoIterator<Item = Descriptor>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        Catalog::of(descriptors).unwrap().write_to(folder.path()).unwrap();
        folder
    }

    #[test]
    fn every_example_is_upcast() {
        let folder = written(Opened::descriptors());
        assert_eq!(check_upcasts::<Opened>(folder.path()).unwrap(), 1);
        let refused = check_upcasts::<OpenedV1>(folder.path()).unwrap_err();
        assert!(matches!(refused, UpcastError::NoOlderVersion { message: "doors.opened.v1" }));
    }

    #[test]
    fn an_example_that_is_not_upcast_is_named() {
        #[derive(JsonSchema)]
        #[schemars(extend("examples" = [{"door": "7"}, {"door": "the left one"}]))]
        struct Left {}
        #[derive(JsonSchema)]
        #[schemars(extend("examples" = [{"door": 7}]))]
        struct Number {}
        #[derive(JsonSchema)]
        struct Without {}

        let check = |folder: tempfile::TempDir| {
            check_upcasts::<Opened>(folder.path()).unwrap_err().to_string()
        };
        let panics = check(committed::<Left>());
        assert!(
            panics.contains("/payload/read/examples/1") && panics.contains("panic"),
            "{panics}"
        );
        let unread = check(committed::<Number>());
        assert!(unread.contains("doors.opened.v1.json` can't be read"), "{unread}");
        let missing = check(committed::<Without>());
        assert!(missing.contains("holds no example of `doors.opened.v1`"), "{missing}");
    }

    #[test]
    fn a_version_without_a_contract_is_named() {
        let folder = written(Opened::descriptors().into_iter().take(1));
        let refused = check_upcasts::<Opened>(folder.path()).unwrap_err();
        assert!(matches!(refused, UpcastError::NoContract { message: "doors.opened.v1", .. }));
    }
}
