//! Timeouts of the transport itself.

use std::time::Duration;

/// Time that the client has to take something from us.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(5);
