//! Texts of others on a terminal: the one way for all of them.
//!
//! A subject, an error, a header or a description may have been written by anybody who can publish.
//! Shown as it is, it could move the cursor, hide what stands before it, or turn its order round.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};

use crate::finding::Level;

/// Text as one line, with everything that a terminal acts on, or that changes what is seen of its neighbours,
/// written out as `\u{1b}`; a line end, too.
pub(crate) fn line(text: &str) -> String {
    escaped(text, |char| char == '\n' || acts(char))
}

/// Lines of text, each as [`line`] would have it.
pub(crate) fn lines(text: &str) -> String {
    escaped(text, acts)
}

/// Lines of text, of which all but the first are indented: whatever is in it, none looks like one of the
/// program's own.
pub(crate) fn paragraph(text: &str) -> String {
    let text = lines(text.trim_end());
    let lines = text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n  ")
}

/// Writes a line to the standard error, apart from what a command shows.
pub(crate) fn note(text: &str) {
    // There is nobody left to tell.
    let _ = writeln!(io::stderr(), "{}", line(text));
}

/// JSON, with every such character as an escape of JSON: it is the same value.
pub(crate) fn json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if acts(char) {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                // Writing to a text can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(char);
        }
    }
    escaped
}

/// A text that is written out already, its first word in the colour of a level.
pub(crate) fn painted(text: &str, level: Level) -> String {
    let colour = match level {
        Level::Pass => AnsiColor::Green,
        Level::Note | Level::Accepted => AnsiColor::Cyan,
        Level::Warning => AnsiColor::Yellow,
        Level::Failure | Level::Error => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(colour.into())).bold();
    let end = text.find([' ', '\n']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    format!("{style}{word}{style:#}{rest}")
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if is_escaped(char) {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
        }
    }
    escaped
}

/// Returns `true` if a terminal acts on it, or it is seen only by what it does to others: controls
/// (C0 but the line end, DEL, C1), line separators, and Unicode's invisible format characters,
/// those that set a direction (UAX #9) among them.
fn acts(char: char) -> bool {
    char != '\n' && char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        assert_eq!(line("größe 100 % 東京"), "größe 100 % 東京");
        assert_eq!(line("a\u{1b}[31mred\n"), "a\\u{1b}[31mred\\n");
        assert_eq!(paragraph("a\n  b\nc\u{9b}\n"), "a\n  b\n  c\\u{9b}");
        assert_eq!(lines("a\r\n\tb\u{7f}"), "a\\r\n\\tb\\u{7f}");
        for char in ['\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}', '\u{e0041}'] {
            assert_eq!(line(&char.to_string()), char.escape_default().to_string());
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{e0041}é";
        let written = json(&serde_json::to_string(text).unwrap());
        assert!(written.chars().all(|char| !acts(char)), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
