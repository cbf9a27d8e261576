//! Descriptions for spans: of a message that is sent, and of a handler that has ended.

use std::fmt::{self, Debug, Write as _};

use crate::message::Declaration;
use crate::transport::Transport;

/// Reason why something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Publish,
    /// A message is made, and sent by somebody later.
    Create,
    Request,
    /// A letter is stored in place of a message that was given up.
    DeadLetter,
    /// The original of a letter is put back.
    Redrive,
}

/// Description of a message that is sent, or of many.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) operation: Operation,
    /// Template of the subject, where it is known.
    pub(crate) template: Option<&'static str>,
    /// Stream that it is for, where that says more.
    pub(crate) stream: Option<&'a str>,
    pub(crate) transport: &'a Transport,
    /// Number of messages that are sent together, where that is known.
    pub(crate) messages: Option<usize>,
}

impl<'a> Sent<'a> {
    pub(crate) fn new(
        operation: Operation,
        declaration: &'static Declaration,
        transport: &'a Transport,
    ) -> Self {
        let template = Some(declaration.template);
        Self { operation, template, stream: None, transport, messages: None }
    }
}

/// Description of the end of a handler.
#[derive(Clone, Copy)]
pub(crate) struct Ended<'a> {
    /// Kind of error in one word; `None` where there was none.
    pub(crate) error: Option<&'static str>,
    /// `true` if that is a fault and no answer.
    pub(crate) is_fault: bool,
    /// Text of the error.
    pub(crate) why: &'a dyn fmt::Display,
    /// Fate of the message, in one word.
    pub(crate) settled: Option<&'static str>,
}

/// Kind of an error in one word: the name of its variant.
pub(crate) fn kind_of(error: &dyn Debug) -> String {
    struct Word(String);
    impl fmt::Write for Word {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|c: char| !c.is_alphanumeric());
            self.0.push_str(&text[..end.unwrap_or(text.len())]);
            if end.is_some() { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut word = Word(String::new());
    // It ends at the first character that is none of the name.
    let _ = write!(word, "{error:?}");
    word.0
}
