//! Handlers: what they are given, side by side, in order and in their time.

mod batch;
mod correlation;
mod deadline;
mod handler;
mod hung_handler;
mod idempotence;
mod layer;
mod layer_refusal;
mod order;
mod prefetch;
mod request;
mod route_choice;
mod route_option;
mod unknown_version;
mod user_panic;
mod validation;
