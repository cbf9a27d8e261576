//! Timeouts of the transport itself.

use std::time::Duration;

/// How long the client may take to take something from us.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(5);
