//! Consumers that end with their readers, by the subjects that delete them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use crate::lock::locked;
use crate::subject::Subject;
use crate::transport::{Denial, DeniedAction};

/// Beginning of the subjects that delete a consumer.
pub(crate) const DELETE: &str = "$JS.API.CONSUMER.DELETE.";

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
pub(crate) fn is_of_ephemeral(denial: &Denial) -> bool {
    denial.action == DeniedAction::Publish && denial.subject.starts_with(DELETE)
}
