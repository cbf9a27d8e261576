//! A text that is a cheap clone: a constant, or a piece of a buffer.

use std::fmt;

use bytestring::ByteString;

#[derive(Clone)]
pub(crate) enum Text {
    /// A constant stays a constant.
    Static(&'static str),
    Shared(ByteString),
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }

    /// Copies it into memory of its own: one that is kept keeps nothing else.
    #[cfg(feature = "memory")]
    pub(crate) fn detached(&self) -> Self {
        match self {
            Self::Static(text) => Self::Static(text),
            Self::Shared(text) => Self::Shared(ByteString::from(&**text)),
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(ByteString::from(text))
    }
}

impl From<ByteString> for Text {
    fn from(text: ByteString) -> Self {
        Self::Shared(text)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_wherever_they_stand() {
        let (constant, owned) = (Text::from("a"), Text::from("a".to_owned()));
        assert_eq!(constant, owned);
        assert_eq!(owned.detached(), constant);
        assert_ne!(constant, Text::from("b"));
        assert!(matches!(constant.detached(), Text::Static("a")));
    }
}
