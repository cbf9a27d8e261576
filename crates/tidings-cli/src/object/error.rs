//! Names on the command line that can't be: wrong usage, since nothing was done.

use tidings::{ObjectGetError, ObjectPutError, ObjectReadError};

use crate::exit::Usage;

/// The error of a look: what can't be the name of an object or a store is wrong usage.
pub(super) fn of_get(error: ObjectGetError) -> anyhow::Error {
    match error {
        ObjectGetError::Name(error) => Usage(error.to_string()).into(),
        ObjectGetError::NoStore { store } => missing(&store),
        error => error.into(),
    }
}

/// The error of a change, in the same way.
pub(super) fn of_put(error: ObjectPutError) -> anyhow::Error {
    match error {
        ObjectPutError::Name(error) => Usage(error.to_string()).into(),
        ObjectPutError::NoStore { store } => missing(&store),
        ObjectPutError::Get(error) => of_get(error),
        error => error.into(),
    }
}

/// The error of reading what it holds; that of the writer is the writer's own.
pub(super) fn of_read(error: ObjectReadError) -> anyhow::Error {
    match error {
        ObjectReadError::Write { source, .. } => source.into(),
        ObjectReadError::Get(error) => of_get(error),
        error => error.into(),
    }
}

fn missing(store: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "object store `{store}` does not exist: `tidings stream apply` makes it where the contracts declare it, \
         or the service that does"
    )
}
