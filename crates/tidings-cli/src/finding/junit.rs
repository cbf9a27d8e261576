//! Test results in `JUnit`'s XML, as CI servers read them.

use std::fmt::Write as _;

use super::{Finding, Level};
use crate::terminal;

/// A test suite of this name, with a test for each finding.
pub(crate) fn suite(name: &str, findings: &[Finding]) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a text can't fail.
    let _ = writeln!(
        xml,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        escaped(name),
        findings.len(),
        count(Level::Failure),
        count(Level::Error),
        count(Level::Accepted),
    );
    for finding in findings {
        case(finding, &mut xml);
    }
    xml.push_str("</testsuite>");
    xml
}

fn case(finding: &Finding, xml: &mut String) {
    let about = escaped(&finding.about);
    let name = escaped(format!("{} {}", finding.rule, finding.place).trim());
    let _ = write!(xml, "  <testcase classname=\"{about}\" name=\"{name}\"");
    if finding.level == Level::Pass && finding.text.is_empty() {
        xml.push_str("/>\n");
        return;
    }
    xml.push_str(">\n");
    let mut body = finding.text.clone();
    for (name, text) in [("why", &finding.why), ("mend", &finding.mend)] {
        if let Some(text) = text {
            let _ = write!(body, "\n{name}: {text}");
        }
    }
    let (body, text, rule) = (escaped(&body), escaped(&finding.text), escaped(&finding.rule));
    let mut wrong = |element: &str| {
        let _ =
            writeln!(xml, "    <{element} type=\"{rule}\" message=\"{text}\">{body}</{element}>");
    };
    match finding.level {
        Level::Failure => wrong("failure"),
        Level::Error => wrong("error"),
        Level::Accepted => {
            let reason = finding.mend.as_deref().map(escaped).unwrap_or_default();
            let _ = writeln!(xml, "    <skipped message=\"{reason}\"/>");
            let _ = writeln!(xml, "    <system-out>{text}</system-out>");
        }
        Level::Pass | Level::Note | Level::Warning => {
            let _ = writeln!(xml, "    <system-out>{body}</system-out>");
        }
    }
    xml.push_str("  </testcase>\n");
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

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn a_parser_reads_back_what_was_found_whatever_is_in_it() {
        let text = "a < b & \"c\"\n\u{1b}[2J \u{fffe} ]]> 東";
        let levels = [
            Level::Pass,
            Level::Note,
            Level::Accepted,
            Level::Warning,
            Level::Failure,
            Level::Error,
        ];
        let findings = levels
            .map(|level| Finding::new(level, text, "rule", text).place(text).why(text).mend(text));
        let xml = suite(text, &findings);
        let document = Document::parse(&xml).unwrap();
        let suite = document.root_element();
        let shown = "a < b & \"c\"\n\\u{1b}[2J \u{fffd} ]]> 東";
        assert_eq!(suite.attribute("name"), Some(shown));
        for (name, count) in [("tests", "6"), ("failures", "1"), ("errors", "1"), ("skipped", "1")]
        {
            assert_eq!(suite.attribute(name), Some(count), "{name}");
        }
        let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
        assert_eq!(cases.len(), 6);
        let wrong = |case: usize, element: &str| {
            let found = cases[case].children().find(|node| node.has_tag_name(element));
            let found = found.unwrap_or_else(|| panic!("{case} has no {element}: {xml}"));
            assert_eq!(found.attribute("message"), Some(shown));
            let body = found.text().unwrap_or_default();
            element == "skipped" || body.ends_with(&format!("why: {shown}\nmend: {shown}"))
        };
        assert!(wrong(2, "skipped") && wrong(4, "failure") && wrong(5, "error"), "{xml}");
        assert!(cases.iter().all(|case| case.attribute("classname") == Some(shown)));
    }
}
