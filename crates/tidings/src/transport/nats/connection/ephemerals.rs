//! Consumers that end with their readers, by the subjects that delete them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use crate::lock::locked;
use crate::subject::Subject;
use crate::transport::{Denial, DeniedAction};

/// Beginning of the calls that delete a consumer, behind the API's prefix.
pub(crate) const DELETE: &str = "CONSUMER.DELETE.";

/// The consumers of a connection that end with their readers, by what deletes them.
#[derive(Debug, Default)]
pub(crate) struct Ephemerals(Mutex<HashSet<Subject>>);

impl Ephemerals {
    pub(crate) fn all(&self) -> MutexGuard<'_, HashSet<Subject>> {
        locked(&self.0)
    }
}

/// Returns `true` if a denial says that a reader's consumer may not be deleted, which nobody has
/// asked for.
pub(crate) fn is_of_ephemeral(denial: &Denial, api: &str) -> bool {
    let call = denial.subject.strip_prefix(api).and_then(|call| call.strip_prefix('.'));
    denial.action == DeniedAction::Publish && call.is_some_and(|call| call.starts_with(DELETE))
}
