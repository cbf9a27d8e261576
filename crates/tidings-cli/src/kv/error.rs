//! Names on the command line that can't be: wrong usage, since nothing was done.

use tidings::{GetError, PutError};

use crate::exit::Usage;

/// The error of a read: what can't be a key, a filter or a bucket's name is wrong usage.
pub(super) fn of_get(error: GetError) -> anyhow::Error {
    match error {
        GetError::Key(error) => Usage(error.to_string()).into(),
        GetError::NoBucket { bucket } => missing(&bucket),
        error => error.into(),
    }
}

/// The error of a write, in the same way.
pub(super) fn of_put(error: PutError) -> anyhow::Error {
    match error {
        PutError::Key(error) => Usage(error.to_string()).into(),
        error @ PutError::Ttl { .. } => Usage(error.to_string()).into(),
        PutError::NoBucket { bucket } => missing(&bucket),
        error => error.into(),
    }
}

fn missing(bucket: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "bucket `{bucket}` does not exist: `tidings stream apply` makes it where the contracts declare it, \
         or the service that does"
    )
}
