//! How much a program may do to the streams and consumers that it needs.

use std::fmt;

/// How much a program may do to the streams and consumers that it needs.
///
/// | | missing | there, with a difference |
/// | --- | --- | --- |
/// | `Manage` | created | changed where nothing is lost, else refused |
/// | `CreateOnly` | created | left as it is, with a warning; refused where it can't work |
/// | `BindOnly` | refused | as `CreateOnly` |
///
/// It can't work where a stream does not keep a declared subject, and where a consumer delivers
/// other subjects, is pushed, or does not settle each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topology {
    /// Create what is missing, and change what is there where nothing is lost by it. For what
    /// belongs to this program alone.
    Manage,
    /// Create what is missing, and never change what is there.
    CreateOnly,
    /// Neither create nor change anything: somebody else does. The program needs no permission
    /// for it.
    BindOnly,
}

/// What a registry may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modes {
    pub(crate) streams: Topology,
    pub(crate) consumers: Topology,
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manage => "manage",
            Self::CreateOnly => "create only",
            Self::BindOnly => "bind only",
        })
    }
}
