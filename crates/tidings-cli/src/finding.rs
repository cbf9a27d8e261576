//! Findings: things that a command judged, of which annotations and test results are made.

pub(crate) mod github;
pub(crate) mod junit;

/// Weight of a finding, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// All is well.
    Pass,
    /// Somebody wants to know it.
    Note,
    /// A failure that was accepted with a reason.
    Accepted,
    /// A doubt, which fails nothing.
    Warning,
    /// A failure.
    Failure,
    /// Unjudged: the command failed.
    Error,
}

/// A thing that was judged.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// The thing that was looked at: a message, a stream, a document.
    pub(crate) about: String,
    /// The rule or the kind of look.
    pub(crate) rule: String,
    /// More of where it is, such as a JSON pointer; may be empty.
    pub(crate) place: String,
    /// The file that it is in.
    pub(crate) file: Option<String>,
    pub(crate) text: String,
    /// The harm.
    pub(crate) why: Option<String>,
    /// The way out, or the reason for which it was accepted.
    pub(crate) mend: Option<String>,
}

impl Finding {
    pub(crate) fn new(
        level: Level,
        about: impl Into<String>,
        rule: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            level,
            about: about.into(),
            rule: rule.into(),
            place: String::new(),
            file: None,
            text: text.into(),
            why: None,
            mend: None,
        }
    }

    pub(crate) fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    pub(crate) fn file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}
