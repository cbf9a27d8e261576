//! Rights of a program over the streams and consumers that it needs.

use std::fmt;

/// Rights of a program over the streams and consumers that it needs.
///
/// | | missing | there, with a difference |
/// | --- | --- | --- |
/// | `Manage` | created | changed where nothing is lost, else refused; of a consumer what would be lost is left, with a warning |
/// | `CreateOnly` | created | left as it is, with a warning; refused where it can't work |
/// | `BindOnly` | refused | as `CreateOnly` |
///
/// It can't work where a stream does not keep a declared subject, and where a consumer does not deliver
/// all subjects of its route, is pushed, or does not settle each message.
///
/// What a change of a consumer loses or repeats, and what a start with `Manage` makes of it:
///
/// | change | | a start |
/// | --- | --- | --- |
/// | a filter less | its events are delivered to nobody | leaves it |
/// | a filter more | those that are stored already, before where the consumer stands, are not delivered | adds it |
/// | fewer deliveries (`max_deliver`) | what was delivered as often is put aside | leaves it |
/// | a shorter ack wait or backoff | what is being handled may come again | changes it, with a warning |
/// | a longer one, more deliveries, another `max_ack_pending` | nothing | changes it |
/// | a policy of another registry, of a later version, or that replaced this one | the two would change it back and forth | leaves it |
/// | another kind of ack, push, headers only, priority groups, a replay in original time | it is made for another use | refuses to run |
///
/// Where a consumer starts is history in one that exists. `Registry::plan` shows all of it, and
/// `Bus::apply_consumer` does what a start leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topology {
    /// Create what is missing, and change what is there where nothing is lost by it. For what
    /// belongs to this program alone.
    Manage,
    /// Create what is missing, and never change what is there.
    CreateOnly,
    /// Create and change nothing: somebody else does. The program needs no permission for it.
    BindOnly,
}

/// Modes of a registry: what it may do.
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
