//! Annotations of a GitHub workflow's log
//! (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).

use super::{Finding, Level};
use crate::terminal;

/// The annotation of a finding; none where it is as it should be.
pub(crate) fn annotation(finding: &Finding) -> Option<String> {
    let level = match finding.level {
        Level::Pass => return None,
        Level::Note | Level::Accepted => "notice",
        Level::Warning => "warning",
        Level::Failure | Level::Error => "error",
    };
    let title = property(format!("{} {}", finding.about, finding.rule).trim());
    let file =
        finding.file.as_ref().map(|file| format!("file={},", property(file))).unwrap_or_default();
    let mut message = finding.text.clone();
    if !finding.place.is_empty() {
        message = format!("{message} ({})", finding.place);
    }
    if let Some(mend) = &finding.mend {
        message = format!("{message}. {mend}");
    }
    Some(format!("::{level} {file}title={title}::{}", data(&message)))
}

/// The message of a workflow command: on one line.
fn data(text: &str) -> String {
    terminal::line(text).replace('%', "%25")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_texts_are_no_commands() {
        let finding = Finding::new(Level::Failure, "a,b", "c", "50 %\n::stop-commands::x")
            .file("a:b.json")
            .mend("d\r");
        let expected = "::error file=a%3Ab.json,title=a%2Cb c::50 %25\\n::stop-commands::x. d\\r";
        assert_eq!(annotation(&finding).unwrap(), expected);
        assert!(annotation(&Finding::new(Level::Pass, "a", "b", "c")).is_none());
    }
}
