//! Enums: each way in which serde says which variant it is.

mod external;
mod tagged;
mod untagged;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use external::external;
pub(super) use tagged::tagged;
pub(super) use untagged::untagged;

#[derive(Serialize, Deserialize, JsonSchema)]
enum Two {
    A,
    B,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    n: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Plain {
    t: String,
    n: Option<u8>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Closed {
    n: u8,
}
