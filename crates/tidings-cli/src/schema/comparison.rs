//! Two or more sets of contracts to be compared, by options.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tidings_contract::compat::{self, Report, Revision, changes_since};
use tidings_contract::{Acceptance, Catalog, acceptances};

use super::against;
use crate::exit::Usage;

/// The contracts of now and those of before.
#[derive(Debug, Args)]
pub(super) struct Before {
    /// The folder with the contracts of now.
    #[arg(long, default_value = "schemas", value_name = "FOLDER")]
    pub(super) schemas: PathBuf,
    /// The contracts of before: another folder, or a git revision in which this one stands.
    ///
    /// Given several times, oldest first, a transitive mode looks at each, any other at the last.
    #[arg(long, value_name = "REVISION|FOLDER")]
    pub(super) against: Vec<String>,
}

/// Rules that a change breaks, and for whom.
#[derive(Debug, Args)]
pub(super) struct Judgement {
    /// Programs that must understand each other.
    #[arg(long, value_enum, default_value_t = Mode::Backward)]
    mode: Mode,
    /// Assumption about what programs make of a schema.
    #[arg(long, value_enum)]
    pub(super) policy: Option<Policy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// The new reads what the old wrote.
    Backward,
    /// The old reads what the new writes.
    Forward,
    /// Both.
    Full,
    /// `backward`, for every revision given and for all earlier versions of a message.
    BackwardTransitive,
    /// `forward`, for every revision given and for all earlier versions of a message.
    ForwardTransitive,
    /// `full`, for every revision given and for all earlier versions of a message.
    FullTransitive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Policy {
    /// Behaviour of serde: writers write what their schema names, readers pass over the rest.
    Typed,
    /// Meaning by JSON Schema: writers may write all that their schema allows.
    Strict,
    /// `typed`, with formats that bind nobody.
    Lenient,
}

impl From<Mode> for compat::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Backward => Self::Backward,
            Mode::Forward => Self::Forward,
            Mode::Full => Self::Full,
            Mode::BackwardTransitive => Self::BackwardTransitive,
            Mode::ForwardTransitive => Self::ForwardTransitive,
            Mode::FullTransitive => Self::FullTransitive,
        }
    }
}

impl From<Policy> for compat::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Typed => Self::Typed,
            Policy::Strict => Self::Strict,
            Policy::Lenient => Self::Lenient,
        }
    }
}

/// Outcome of a comparison.
pub(super) struct Compared {
    pub(super) old: Vec<Catalog>,
    pub(super) new: Catalog,
    pub(super) report: Report,
    /// Acceptances that can cover nothing any more.
    pub(super) stale: Vec<Acceptance>,
}

impl Before {
    /// The catalogs of before, as they were given.
    fn old(&self) -> anyhow::Result<Vec<Catalog>> {
        self.against.iter().map(|against| against::read(against, &self.schemas)).collect()
    }

    /// Comparison with the last of those before alone.
    pub(super) fn of_latest(&self) -> anyhow::Result<Self> {
        let why = "--against is missing: what is the folder to be compared with?";
        let against = self.against.last().ok_or_else(|| Usage(why.to_owned()))?;
        Ok(Self { schemas: self.schemas.clone(), against: vec![against.clone()] })
    }

    /// Compares, and marks what the folder's lock file accepts.
    pub(super) fn compare(&self, judgement: &Judgement) -> anyhow::Result<Compared> {
        let mode = compat::Mode::from(judgement.mode);
        if self.against.is_empty() && !mode.is_transitive() {
            let why = "--against is missing: only a transitive --mode compares the versions of one \
                       folder";
            return Err(Usage(why.to_owned()).into());
        }
        let new = Catalog::read_from(&self.schemas)?;
        let old = self.old()?;
        let names = self.against.iter().zip(&old);
        let revisions: Vec<_> = names.map(|(name, catalog)| Revision::new(name, catalog)).collect();
        let policy = judgement.policy.map(compat::Policy::from).unwrap_or_default();
        let mut report = changes_since(&revisions, &new, mode, policy);
        let accepted = acceptances(&self.schemas)?;
        report.accept(&accepted);
        let stale = accepted.into_iter().filter(|one| one.is_stale(&new)).collect();
        Ok(Compared { old, new, report, stale })
    }
}
