//! Texts of others in HTML: the one way for all of them.
//!
//! A name, a description or an example may have been written by anybody. Markup in it is text, and what is
//! not seen, or changes what is seen of its neighbours, is written out as on a terminal.

use std::fmt::Write as _;

use maud::{Escaper, Markup, Render, html};

use crate::terminal;

/// A line of text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a>(pub(super) &'a str);

impl Render for Line<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a text can't fail.
        let _ = Escaper::new(buffer).write_str(&terminal::line(self.0));
    }
}

/// A description: paragraphs with code between backticks, which is as much of Markdown as is understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prose<'a>(pub(super) &'a str);

impl Render for Prose<'_> {
    fn render(&self) -> Markup {
        let text = self.0.replace("\r\n", "\n");
        html! {
            @for paragraph in text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()) {
                p { (spans(paragraph)) }
            }
        }
    }
}

/// A description on one line.
pub(super) fn spans(text: &str) -> Markup {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without another is one.
    let last = parts.len() - 1;
    html! {
        @for (at, part) in parts.iter().enumerate() {
            @if at % 2 == 0 { (Line(part)) }
            @else if at == last { "`" (Line(part)) }
            @else { code { (Line(part)) } }
        }
    }
}

/// A number of bytes, in the largest unit of which it is a whole number.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.into_iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    whole
        .map_or_else(|| format!("{bytes} bytes"), |(unit, name)| format!("{} {name}", bytes / unit))
}

/// A text of at most so many characters, the last of them an ellipsis where it was longer.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A time of so many milliseconds, such as `30s` or `1day 2h`.
pub(super) fn time(millis: u64) -> String {
    humantime::format_duration(std::time::Duration::from_millis(millis)).to_string()
}

/// `1 message`, `2 messages`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
