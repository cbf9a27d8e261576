//! The JetStream API: JSON requests under `$JS.API`, or the prefix that stands for it.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::header::Headers;
use crate::transport::nats::codec::api_error::WireError;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{Fault, Outgoing};

/// Time that the server has to answer an API call.
const API_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(serde::Deserialize)]
struct Failed {
    error: Option<WireError>,
}

impl Nats {
    /// Calls the API with a JSON request and reads its answer.
    pub(crate) async fn api<T: DeserializeOwned>(
        &self,
        call: String,
        request: &impl Serialize,
    ) -> Result<T, Fault> {
        let payload = serde_json::to_vec(request).map_err(Fault::client)?;
        self.call(call, payload.into()).await
    }

    /// Calls the API without a request and reads its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: String) -> Result<T, Fault> {
        self.call(call, Bytes::new()).await
    }

    async fn call<T: DeserializeOwned>(&self, call: String, payload: Bytes) -> Result<T, Fault> {
        let message = Outgoing {
            subject: self.shared.api_subject(format_args!("{call}")),
            headers: Headers::new(),
            payload,
        };
        let answer = self.ask_server(message, API_TIMEOUT).await?;
        let failed: Failed = serde_json::from_slice(&answer.payload).map_err(Fault::client)?;
        if let Some(error) = failed.error {
            return Err(error.into());
        }
        serde_json::from_slice(&answer.payload).map_err(Fault::client)
    }

    /// Calls the API for a look-up: what is not there is `None`.
    pub(crate) async fn look_up<T: DeserializeOwned>(
        &self,
        call: String,
    ) -> Result<Option<T>, Fault> {
        match self.ask(call).await {
            Ok(found) => Ok(Some(found)),
            Err(Fault::Api(error)) if error.is_not_found() => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
