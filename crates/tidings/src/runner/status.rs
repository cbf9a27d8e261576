//! A route's state and counters, as users see them.

pub(super) mod counters;
pub(super) mod route_state;

pub(crate) use counters::Counters;
pub use counters::RouteReport;
pub use route_state::RouteState;
pub(crate) use route_state::StateCell;
