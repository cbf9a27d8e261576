//! Payloads checked before a route's handler gets them.

use super::Route;
use crate::handler::{Input, checked};
use crate::validation::PayloadValidator;

/// Validation, for programs that trust no publisher.
impl<M: Input> Route<M> {
    /// Checks each payload by its type's schema before the handler gets it (feature `validation`): by
    /// ranges, lengths, patterns and formats too, which serde passes over.
    ///
    /// An event that breaks it becomes a dead letter (`undecodable`), whose error names each value at
    /// fault by a JSON pointer and leaves the value out; a request is refused as one that can't be read.
    /// In a batch the others stay. A schema that can't be used is refused at the start.
    ///
    /// A format of a text binds too, also where the type reads more: with `format: uuid` a UUID has its
    /// hyphens. The default is not to check: serde checks the types in any case.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// #[event(subject = "orders.placed")]
    /// struct OrderPlaced {
    ///     #[schemars(range(min = 1, max = 100))]
    ///     quantity: u32,
    /// }
    ///
    /// # fn route(handler: impl Handler<OrderPlaced>) -> Registry {
    /// Registry::new("shop").route(Route::of::<OrderPlaced>(handler).validate())
    /// # }
    /// ```
    pub fn validate(mut self) -> Self {
        if self.spec.validation.is_some() {
            return self;
        }
        let validator = PayloadValidator::of::<M::Message>().map_err(|error| error.to_string());
        self.spec.validation = Some(validator.map(|validator| {
            let dispatch = self.spec.dispatch.clone();
            self.spec.dispatch = checked(dispatch, move |incoming| {
                validator.check_incoming(M::DECLARATIONS, incoming)
            });
        }));
        self
    }
}
