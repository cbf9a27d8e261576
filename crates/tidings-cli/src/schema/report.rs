//! A report of changes in the forms of others: annotations of a GitHub workflow, and `JUnit`'s XML.

use std::fmt::Write as _;

use tidings_contract::Acceptance;
use tidings_contract::compat::{Report, Severity};

use super::check::stale_text;
use crate::terminal;

/// Annotations of a workflow's log, one for each change
/// (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).
pub(super) fn github(report: &Report, stale: &[Acceptance], folder: &str) -> String {
    let mut text = String::new();
    for change in &report.changes {
        let level = match (change.severity, &change.accepted) {
            (_, Some(_)) => "notice",
            (Severity::Break, None) => "error",
            _ => "warning",
        };
        let file = property(&format!("{folder}/{}", change.file));
        let title = property(&format!("{} {}", change.message, change.rule));
        let way_out = match &change.accepted {
            Some(reason) => format!("Accepted: {reason}"),
            None => change.mend.to_owned(),
        };
        let message = data(&format!("{} ({}). {way_out}", change.text, change.pointer));
        let _ = writeln!(text, "::{level} file={file},title={title}::{message}");
    }
    for acceptance in stale {
        let file = property(&format!("{folder}/catalog.lock.json"));
        let message = data(&stale_text(acceptance));
        let _ = writeln!(text, "::notice file={file}::{message}");
    }
    let _ = write!(text, "{} messages: {}", report.messages, report.verdict());
    text
}

/// A test suite with a test for each message that something was found of, and one for the rest.
pub(super) fn junit(report: &Report, stale: &[Acceptance]) -> String {
    let failures = report.changes.iter().filter(|change| change.fails()).count();
    let skipped = report.changes.iter().filter(|change| change.accepted.is_some()).count();
    let tests = report.changes.len() + 1;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuite name=\"tidings schema check\" tests=\"{tests}\" failures=\"{failures}\" \
         skipped=\"{skipped}\">"
    );
    let _ =
        writeln!(xml, "  <testcase classname=\"schemas\" name=\"{} messages\"/>", report.messages);
    for change in &report.changes {
        let name = escaped(&format!("{} {} {}", change.direction, change.rule, change.pointer));
        let message = escaped(&change.message);
        let text = escaped(&change.text);
        if change.fails() {
            let body =
                escaped(&format!("{}\nwhy: {}\nmend: {}", change.text, change.why, change.mend));
            let _ = writeln!(xml, "  <testcase classname=\"{message}\" name=\"{name}\">");
            let _ = writeln!(
                xml,
                "    <failure type=\"{}\" message=\"{text}\">{body}</failure>",
                change.rule
            );
            let _ = writeln!(xml, "  </testcase>");
        } else if let Some(reason) = &change.accepted {
            let reason = escaped(&format!("accepted: {reason}"));
            let _ = writeln!(xml, "  <testcase classname=\"{message}\" name=\"{name}\">");
            let _ = writeln!(xml, "    <skipped message=\"{reason}\"/>");
            let _ = writeln!(xml, "  </testcase>");
        } else {
            let _ = writeln!(xml, "  <testcase classname=\"{message}\" name=\"{name}\">");
            let _ = writeln!(xml, "    <system-out>{text}</system-out>");
            let _ = writeln!(xml, "  </testcase>");
        }
    }
    if !stale.is_empty() {
        let lines: Vec<String> = stale.iter().map(stale_text).collect();
        let _ = writeln!(xml, "  <system-out>{}</system-out>", escaped(&lines.join("\n")));
    }
    xml.push_str("</testsuite>");
    xml
}

/// The message of a workflow command: on one line.
fn data(text: &str) -> String {
    terminal::line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text in XML, without the characters that XML 1.0 has no way to write.
fn escaped(text: &str) -> String {
    let text = terminal::lines(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
