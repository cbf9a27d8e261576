//! Progress of long work, for who looks on.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tidings::DeadLetterProgress;

/// A bar on the standard error, if that is a terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(doing: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Self(bar.with_message(doing))
    }

    pub(crate) fn show(&self, progress: DeadLetterProgress) {
        self.0.set_length(progress.total.max(progress.seen));
        self.0.set_position(progress.seen);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
