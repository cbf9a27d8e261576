//! Receiving: live, from a stream's history, and durably.

mod common;
mod consume;
mod error;
mod large;
mod live;
mod raw;
mod replay;
mod subscription;

pub(crate) use consume::ACK_WAIT;
pub use consume::Consume;
pub use error::{ReceiveError, SubscribeError};
pub use live::Subscribe;
pub(crate) use live::check_name;
pub use raw::{RawSubscription, SubscribeRaw};
pub use replay::Replay;
pub use subscription::Subscription;
