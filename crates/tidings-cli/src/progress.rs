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

/// Bytes that were stored or read, and a bar of them on the standard error, if that is a terminal.
pub(crate) struct Bytes(ProgressBar);

impl Bytes {
    /// A bar of so many bytes, where that is known.
    pub(crate) fn new(doing: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
            None => "{msg} {bytes} {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar.with_message(doing))
    }

    /// A listener that is told how many there are by now.
    pub(crate) fn shown(&self) -> impl FnMut(u64) + Send + 'static {
        let bar = self.0.clone();
        move |bytes| bar.set_position(bytes)
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
