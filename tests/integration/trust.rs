//! What somebody can do who may publish, or is asked: no more than that. See `SECURITY.md`.

mod answer;
mod permission;
mod secret;
