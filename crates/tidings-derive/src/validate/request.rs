//! Requests.

use syn::DeriveInput;

use super::contract;
use crate::attr::message::MessageAttrs;
use crate::error::Errors;
use crate::model::Request;

/// Checks a request.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    attrs: &'a MessageAttrs,
    errors: &mut Errors,
) -> Option<Request<'a>> {
    let fields = contract::fields(input, "a request", errors);
    let contract = contract::validate(input, fields, attrs, "a request", errors);
    if attrs.given.present && attrs.given.lacks("reply") {
        errors.at(
            input.ident.span(),
            format!("`{}` needs the type of its answer: `reply = Stock`", input.ident),
        );
    }
    Some(Request {
        contract: contract?,
        reply: &attrs.reply.as_ref()?.value,
        error: attrs.error.as_ref().map(|error| &error.value),
    })
}
