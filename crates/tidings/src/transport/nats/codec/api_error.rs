//! An error of the JetStream API, as it is on the wire.

use crate::transport::{ApiError, Fault};

#[derive(serde::Deserialize)]
pub(crate) struct WireError {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

impl WireError {
    /// NATS's own error code.
    pub(crate) fn code(&self) -> u32 {
        self.err_code
    }
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        Self::Api(ApiError {
            status: error.code,
            code: error.err_code,
            description: error.description,
        })
    }
}
