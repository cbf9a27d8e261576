//! A check: something that was looked at.

use serde::Serialize;

use crate::finding::{Finding, Level};
use crate::terminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    Warn,
    Fail,
}

/// A line of the report, with what mends it.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) status: Status,
    pub(super) about: &'static str,
    pub(super) text: String,
    pub(super) mend: Option<String>,
}

impl Check {
    pub(super) fn ok(about: &'static str, text: String) -> Self {
        Self { status: Status::Ok, about, text, mend: None }
    }

    pub(super) fn warn(about: &'static str, text: String, mend: impl Into<String>) -> Self {
        Self { status: Status::Warn, about, text, mend: Some(mend.into()) }
    }

    pub(super) fn fail(about: &'static str, text: String, mend: impl Into<String>) -> Self {
        Self { status: Status::Fail, about, text, mend: Some(mend.into()) }
    }

    pub(super) fn finding(&self) -> Finding {
        let level = match self.status {
            Status::Ok => Level::Pass,
            Status::Warn => Level::Warning,
            Status::Fail => Level::Failure,
        };
        let finding = Finding::new(level, "doctor", self.about, self.text.as_str());
        match &self.mend {
            Some(mend) => finding.mend(mend.as_str()),
            None => finding,
        }
    }

    pub(super) fn text(&self) -> String {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
        };
        let line = format!("{status:<5} {:<12} {}", self.about, terminal::line(&self.text));
        match &self.mend {
            Some(mend) => format!("{line}\n{:18} {}", "", terminal::line(mend)),
            None => line,
        }
    }
}
