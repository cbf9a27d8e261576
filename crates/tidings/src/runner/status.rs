//! A route's state and counters, as users see them.

pub(super) mod counters;
pub(super) mod route_state;

pub use counters::RouteReport;
pub(crate) use counters::Tally;
pub(crate) use route_state::Gate;
pub use route_state::RouteState;
