//! Filters of keys.

use std::fmt;
use std::marker::PhantomData;

use tidings_subject::{Segment, Template, check_key_filter};

use super::key::{KeyBuilder, KeyError, cut};
use crate::subject::SubjectError;
use crate::token::Token;

/// A filter of a bucket's keys: what `#[derive(Bucket)]` makes, or a text with `*` and `>`.
pub trait KeyFilter {
    /// The bucket's type; text is a filter of keys that are text ([`str`]).
    type Of: ?Sized;

    /// The text of the filter.
    ///
    /// # Errors
    /// [`KeyError`] if a value in it can't be part of a key.
    fn to_filter(self) -> Result<String, KeyError>;
}

impl KeyFilter for &str {
    type Of = str;

    fn to_filter(self) -> Result<String, KeyError> {
        match check_key_filter(self) {
            Ok(()) => Ok(self.to_owned()),
            Err(problem) => Err(KeyError::Text { key: cut(self), problem }),
        }
    }
}

/// The state behind the filter of `B` that a derive generates.
pub struct KeyFilterTokens<B> {
    template: &'static str,
    tokens: Vec<String>,
    refused: Option<SubjectError>,
    bucket: PhantomData<fn() -> B>,
}

impl<B> KeyFilterTokens<B> {
    /// The filter of all keys of this template.
    pub fn all(template: &'static str) -> Self {
        let segments = Template::parse(template).into_iter().flat_map(|t| t.segments());
        let tokens = segments.map(|segment| match segment {
            Segment::Literal(text) => text.to_owned(),
            Segment::Field(_) => "*".to_owned(),
        });
        Self { template, tokens: tokens.collect(), refused: None, bucket: PhantomData }
    }

    /// Narrows the token at `position` (from 0, counting literals) to `value`.
    ///
    /// The first value that can't be part of a key is kept as the error of
    /// [`to_filter`](Self::to_filter).
    #[must_use]
    pub fn narrow<T: Token + ?Sized>(
        mut self,
        position: usize,
        field: &'static str,
        value: &T,
    ) -> Self {
        let key = &mut KeyBuilder::new(self.template);
        value.append_to(key.open(""));
        key.close(field);
        match (key.finish(""), self.tokens.get_mut(position)) {
            (Ok(token), Some(place)) => *place = token,
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.refused.get_or_insert(error);
            }
        }
        self
    }

    /// The text of the filter.
    ///
    /// # Errors
    /// The first [`KeyError`] that narrowing met.
    pub fn to_filter(self) -> Result<String, KeyError> {
        match self.refused {
            None => Ok(self.tokens.join(".")),
            Some(error) => Err(error.into()),
        }
    }
}

impl<B> KeyFilter for KeyFilterTokens<B> {
    type Of = B;

    fn to_filter(self) -> Result<String, KeyError> {
        Self::to_filter(self)
    }
}

// Whatever `B` is: it holds none.
impl<B> Clone for KeyFilterTokens<B> {
    fn clone(&self) -> Self {
        Self {
            template: self.template,
            tokens: self.tokens.clone(),
            refused: self.refused.clone(),
            bucket: PhantomData,
        }
    }
}

impl<B> fmt::Debug for KeyFilterTokens<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.tokens.join("."))
    }
}
