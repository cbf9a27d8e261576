//! Declaration of a message, as the derive reads it when it is compiled.

use tidings_subject::{matches, overlaps};

use crate::stream::StreamDeclaration;

/// Kind of a message: an event tells, a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// Something that happened.
    Event,
    /// Something that is asked.
    Request,
}

/// Declaration of a message: all that is known of it when compiled.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Declaration {
    /// Event or request.
    pub kind: MessageKind,
    /// The wire name, such as `orders.created`.
    pub name: &'static str,
    /// The version of its contract, from 1.
    pub version: u32,
    /// The subject template, such as `orders.{region}.created`.
    pub template: &'static str,
    /// The filter that matches every subject of the template, such as `orders.*.created`.
    pub filter: &'static str,
    /// The stream that keeps the message.
    pub stream: Option<StreamDeclaration>,
    /// `true` if it carries `Tidings-Message`, because its subject does not tell it from others.
    pub tagged: bool,
    /// `<name>.v<N>`: what `Tidings-Message` says.
    pub tag: &'static str,
    /// Maximum size of a payload that stands in its message, where larger ones go through the stream's
    /// object store; `u64::MAX` where it is what the server takes.
    pub large: Option<u64>,
    /// The version before this one that is [upcast](crate::Upcast) to it.
    pub older: Option<&'static Declaration>,
    /// The fields that identify it, by their names in the payload.
    pub(crate) id: &'static [&'static str],
    /// Positions of the filter's wildcards: each message that is received is compared with it.
    open: Open,
}

/// Open part of a filter, told apart so that most subjects are compared at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// No fields.
    None,
    /// The one token between so many bytes before and so many behind it.
    One {
        /// Number of bytes before the value.
        before: usize,
        /// Number of bytes behind the value.
        behind: usize,
    },
    /// Several tokens.
    Several,
}

impl Open {
    const fn of(filter: &str) -> Self {
        let filter = filter.as_bytes();
        let (mut i, mut open) = (0, Self::None);
        while i < filter.len() {
            open = match (filter[i], open) {
                (b'*', Self::None) => Self::One { before: i, behind: filter.len() - i - 1 },
                (b'*' | b'>', _) => Self::Several,
                _ => open,
            };
            i += 1;
        }
        open
    }
}

impl Declaration {
    /// An event of this name, version, subject template and filter; `tag` is `<name>.v<version>`.
    pub const fn new(
        name: &'static str,
        version: u32,
        tag: &'static str,
        template: &'static str,
        filter: &'static str,
    ) -> Self {
        Self::whole((name, version, tag), template, filter, Open::of(filter), &[], None)
    }

    /// An event as a derive declares it, in one call, as each takes its time when it is compiled: the filter's open
    /// part is known, and need not be looked for byte by byte; these fields identify it, by their names in the
    /// payload; `stream` keeps it.
    pub const fn whole(
        (name, version, tag): (&'static str, u32, &'static str),
        template: &'static str,
        filter: &'static str,
        open: Open,
        id: &'static [&'static str],
        stream: Option<StreamDeclaration>,
    ) -> Self {
        Self {
            kind: MessageKind::Event,
            name,
            version,
            template,
            filter,
            stream,
            tagged: false,
            tag,
            large: None,
            older: None,
            id,
            open,
        }
    }

    /// Makes this the declaration of a request.
    #[must_use]
    pub const fn request(mut self) -> Self {
        self.kind = MessageKind::Request;
        self
    }

    /// Adds that every message of the type carries `Tidings-Message`.
    #[must_use]
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Adds that what is larger than this, or than the server takes, goes through an object store.
    #[must_use]
    pub const fn large(mut self, over: Option<u64>) -> Self {
        self.large = Some(match over {
            Some(over) => over,
            None => u64::MAX,
        });
        self
    }

    /// Adds that `older`, and what that one upcasts, is upcast to it. Where they can have the same subject
    /// it is tagged.
    #[must_use]
    pub const fn upcasting(mut self, older: &'static Self) -> Self {
        let mut next = Some(older);
        while let Some(version) = next {
            self.tagged = self.tagged || overlaps(self.filter, version.filter);
            next = version.older;
        }
        self.older = Some(older);
        self
    }

    /// Iterates over this declaration and all older versions that are upcast to it, the newest
    /// first.
    pub fn versions(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |version| version.older)
    }

    /// Returns `true` if the same stream keeps both, or none any of them.
    pub(crate) const fn is_kept_with(&self, other: &Self) -> bool {
        match &other.stream {
            Some(stream) => self.is_kept_by(stream.name),
            None => self.stream.is_none(),
        }
    }

    /// Returns `true` unless `older` has the same name and a version that is not lower.
    pub(crate) const fn may_upcast(&self, older: &Self) -> bool {
        older.version < self.version || !same(self.name, older.name)
    }

    /// Returns `true` if `other` declares the same message.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.tag == other.tag && self.template == other.template
    }

    /// Returns `true` if `subject` is one of this message.
    #[inline]
    pub(crate) fn has_subject(&self, subject: &str) -> bool {
        let (filter, bytes) = (self.filter.as_bytes(), subject.as_bytes());
        match self.open {
            Open::None => filter == bytes,
            Open::One { before, behind } => {
                let rest = bytes.strip_prefix(filter.get(..before).unwrap_or(filter));
                let behind = filter.get(filter.len() - behind..).unwrap_or(filter);
                let token = rest.and_then(|rest| rest.strip_suffix(behind));
                token.is_some_and(|token| !token.is_empty() && !token.contains(&b'.'))
            }
            Open::Several => matches(self.filter, subject),
        }
    }

    /// Returns `true` if the stream of this name keeps it.
    pub const fn is_kept_by(&self, stream: &str) -> bool {
        match &self.stream {
            Some(kept_by) => same(kept_by.name, stream),
            None => false,
        }
    }

    /// The first of `others` from which a received message of this declaration, or of an older version
    /// of it, could not be told: their subjects overlap, and not both say in a header what they are.
    pub const fn clash(&self, others: &[&Self]) -> Option<usize> {
        let mut i = 0;
        while i < others.len() {
            let mut ours = Some(self);
            while let Some(one) = ours {
                let mut theirs = Some(others[i]);
                while let Some(other) = theirs {
                    if one.is_confused_with(other) {
                        return Some(i);
                    }
                    theirs = other.older;
                }
                ours = one.older;
            }
            i += 1;
        }
        None
    }

    const fn is_confused_with(&self, other: &Self) -> bool {
        let told = self.tagged && other.tagged && !same(self.tag, other.tag);
        !told && overlaps(self.filter, other.filter)
    }
}

/// Returns `true` if one of these, or an older version of one, may go through an object store.
pub(crate) const fn may_be_large(declarations: &[&Declaration]) -> bool {
    let mut i = 0;
    while i < declarations.len() {
        let mut next = Some(declarations[i]);
        while let Some(version) = next {
            if version.large.is_some() {
                return true;
            }
            next = version.older;
        }
        i += 1;
    }
    false
}

/// Declarations of all versions of these messages, older ones included.
pub(crate) fn versions(
    declarations: &'static [&'static Declaration],
) -> impl Iterator<Item = &'static Declaration> {
    declarations.iter().flat_map(|declaration| declaration.versions())
}

/// `a == b`, which is not const.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

#[cfg(test)]
mod tests {
    use super::{Declaration, Open};
    use crate::message::Message;

    #[test]
    fn what_a_derive_says_is_open_is_what_the_filter_says() {
        macro_rules! events {
            ($($name:ident $subject:literal,)*) => {$(
                #[derive(
                    serde::Serialize, serde::Deserialize, schemars::JsonSchema, tidings_derive::Event,
                )]
                #[event(subject = $subject, name = "n", crate = "crate")]
                struct $name {
                    a: u8,
                    b: u8,
                }
                let declared = $name::DECLARATIONS[0];
                assert_eq!(declared.open, Open::of(declared.filter), "{}", declared.filter);
            )*};
        }
        events! {
            None "é.b.c",
            First "{a}.b",
            Middle "é.{a}.b",
            Last "b.{a}",
            Two "b.{a}.c.{b}",
        }
    }

    #[test]
    fn a_subject_is_one_of_its_filter() {
        let filters = ["a", "a.b", "*", "*.b", "a.*", "a.*.b", "a.*.*", "*.a.*", "a.>"];
        let subjects = [
            "", ".", "a", "b", "ab", "a.", ".b", "a.b", "a.c", "a.ab", "a..b", "a.c.b", "a.c.d.b",
            "a.b.b", "b.a.b", "ac.b", "a.cb", "a.b.", "x.a.y.z", "a.é.b", "é",
        ];
        for filter in filters {
            let declared = Declaration::new("n", 1, "n.v1", filter, filter);
            for subject in subjects {
                // What is no subject is none of any message, whatever else a filter says of it.
                let is_subject = tidings_subject::check_subject(subject).is_ok();
                let matches = is_subject && tidings_subject::matches(filter, subject);
                let found = is_subject && declared.has_subject(subject);
                assert_eq!(found, matches, "{filter} {subject}");
            }
        }
    }

    #[test]
    fn what_clashes() {
        let declare = |tag, filter| Declaration::new("n", 1, tag, filter, filter);
        let a = declare("a.v1", "a.*");
        assert_eq!(declare("b.v1", "b.*").clash(&[&a]), None);
        assert_eq!(declare("b.v1", "a.x").clash(&[&declare("c.v1", "c"), &a]), Some(1));
        assert_eq!(declare("b.v1", "a.x").tagged().clash(&[&a]), Some(0));
        assert_eq!(declare("b.v1", "a.x").tagged().clash(&[&a.tagged()]), None);
        assert_eq!(declare("a.v1", "a.x").tagged().clash(&[&a.tagged()]), Some(0));
        assert!(!a.is_kept_by("A"));
        assert_eq!(declare("a.v10", "a.x").tagged().clash(&[&a.tagged()]), None);
    }
}
