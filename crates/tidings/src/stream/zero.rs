//! Zeroes of a stream's configuration: how one says in so many words that nothing is asked for.

use std::time::Duration;

use super::{ConsumerLimits, Placement, StreamConfig};

impl StreamConfig {
    /// The configuration with `None` for each zero and for each part that says nothing.
    pub(crate) fn without_zeroes(mut self) -> Self {
        let of_consumers = self.consumer_limits.get_or_insert_default();
        for time in [
            &mut self.max_age,
            &mut self.duplicate_window,
            &mut self.subject_delete_marker_ttl,
            &mut of_consumers.inactive_threshold,
        ] {
            *time = time.filter(|time| *time > Duration::ZERO);
        }
        for limit in [
            &mut self.max_bytes,
            &mut self.max_messages,
            &mut self.max_messages_per_subject,
            &mut self.first_sequence,
            &mut of_consumers.max_ack_pending,
        ] {
            *limit = limit.filter(|limit| *limit > 0);
        }
        for limit in [&mut self.max_message_size, &mut self.max_consumers] {
            *limit = limit.filter(|limit| *limit > 0);
        }
        self.consumer_limits =
            self.consumer_limits.filter(|limits| *limits != ConsumerLimits::default());
        self.placement = self.placement.filter(|placement| *placement != Placement::default());
        self
    }
}
