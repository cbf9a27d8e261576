//! `#[token(…)]`.

use syn::{DeriveInput, Path};

use super::key::{Key, read_attributes};
use super::value;
use crate::error::Errors;

/// Attributes of a token, as written.
#[derive(Default)]
pub(crate) struct TokenAttrs {
    /// `crate = "…"`
    pub(crate) krate: Option<Path>,
}

const TOKEN: &[Key] = &[Key::once("crate", "crate = \"tidings\"")];

/// Reads the attributes of a token.
pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> TokenAttrs {
    let mut attrs = TokenAttrs::default();
    read_attributes(&input.attrs, "token", TOKEN, errors, |met, input| {
        attrs.krate = Some(value::path(met, input)?);
        Ok(())
    });
    attrs
}
