//! Everything that is wrong with one item, told at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use syn::Error;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    /// Adds an error.
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds an error at this place.
    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(Error::new(span, message));
    }

    /// Everything added so far as one error.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }

    /// The code, or where anything is wrong the errors and the fallback.
    pub(crate) fn or_expand(
        self,
        code: impl FnOnce() -> Option<TokenStream>,
        fallback: impl FnOnce() -> TokenStream,
    ) -> TokenStream {
        if let Some(error) = self.0 {
            let mut code = error.into_compile_error();
            code.extend(fallback());
            return code;
        }
        // Without a model there is an error.
        code().unwrap_or_default()
    }
}
