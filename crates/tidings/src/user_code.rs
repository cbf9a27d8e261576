//! Guards around a user's code: it may panic, and its text may fail.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The most of a user's text that is kept, in bytes.
const MOST_TEXT: usize = 64 * 1024;
/// The most sources of an error that are told: a chain may have no end.
const MOST_SOURCES: usize = 64;

/// A user's text, whatever writing it does: a `Display` that fails or panics leaves a placeholder.
pub(crate) fn text_of(text: &(impl Display + ?Sized)) -> String {
    let mut kept = BoundedText(String::new());
    match guarded(|| write!(kept, "{text}")) {
        Ok(Ok(())) => kept.0,
        Ok(Err(_)) if kept.0.len() >= MOST_TEXT => kept.0,
        Ok(Err(_)) => mark(&kept.0, "(a text that can't be written: its `Display` fails)"),
        Err(panic) => {
            mark(&kept.0, &format!("(a text that can't be written: its `Display` panics: {panic})"))
        }
    }
}

/// An error's text with those of its sources, as [`said`].
pub(crate) fn text_with_sources(error: &(dyn Error + 'static)) -> String {
    let mut text = text_of(error);
    let mut next = guarded(|| error.source()).ok().flatten();
    for _ in 0..MOST_SOURCES {
        let Some(source) = next else { break };
        if text.len() >= MOST_TEXT {
            break;
        }
        text.push_str(": ");
        text.push_str(&text_of(source));
        next = guarded(|| source.source()).ok().flatten();
    }
    text
}

/// Runs what a user wrote; gives the panic's text where it panics.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(panic_text)
}

/// Tells the log, which is a user's too: whoever tells it goes on, whatever comes of that.
#[cold]
pub(crate) fn log(tell: impl FnOnce()) {
    drop(guarded(tell));
}

/// Text of a panic. Its payload is a user's, too: dropping it may panic again.
#[cold]
pub(crate) fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // Payloads may panic without end as they are dropped: what such a one holds is leaked.
        std::mem::forget(another);
    }
    text.unwrap_or_else(|| "a panic without text".to_owned())
}

fn mark(before: &str, why: &str) -> String {
    if before.is_empty() { why.to_owned() } else { format!("{before} {why}") }
}

/// A text of bounded length.
struct BoundedText(String);

impl fmt::Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MOST_TEXT - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let cut = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        self.0.push_str(&text[..cut]);
        // What is full stays so.
        self.0.extend(std::iter::repeat_n('.', room - cut));
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    #[derive(Debug)]
    struct Odd(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

    impl Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    /// An error that is its own source.
    #[derive(Debug)]
    struct Endless;

    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }

    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Bomb);
        }
    }

    #[test]
    fn a_text_that_fails_is_a_placeholder() {
        assert_eq!(text_of("plain"), "plain");
        let failed = text_of(&Odd(|f| f.write_str("half").and(Err(fmt::Error))));
        assert_eq!(failed, "half (a text that can't be written: its `Display` fails)");
        let panicked = text_of(&Odd(|_| panic!("boom")));
        assert_eq!(panicked, "(a text that can't be written: its `Display` panics: boom)");
        let endless = text_of(&Odd(|f| {
            loop {
                f.write_str("größe ")?;
            }
        }));
        assert_eq!(endless.len(), MOST_TEXT);
    }

    #[test]
    fn a_chain_of_sources_has_an_end() {
        let text = text_with_sources(&Endless);
        assert_eq!(text.matches("again").count(), MOST_SOURCES + 1);
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_is_no_second_panic() {
        assert_eq!(guarded(|| panic_any(Bomb)).unwrap_err(), "a panic without text");
    }
}
