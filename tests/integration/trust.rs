//! Trust: what somebody can do who may publish, or is asked, and no more than that. See
//! `SECURITY.md`.

mod answer;
mod permission;
pub(crate) mod secret;
