//! A connection as the environment says.

use super::{Bus, ConnectError};

/// `lookup` gives a variable's value; an empty one counts as not set.
pub(super) async fn connect(lookup: impl Fn(&str) -> Option<String>) -> Result<Bus, ConnectError> {
    let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let url = get("NATS_URL").ok_or(ConnectError::NoServer)?;
    if url == "memory:" {
        return Ok(Bus::in_memory());
    }
    let mut builder = Bus::builder().servers(url.split(',').map(str::trim));
    if let Some(path) = get("NATS_CREDS") {
        builder = builder.credentials_file(path);
    } else if let Some(seed) = get("NATS_NKEY") {
        builder = builder.nkey(seed);
    } else if let Some(token) = get("NATS_TOKEN") {
        builder = builder.token(token);
    } else if let Some(user) = get("NATS_USER") {
        builder = builder.user_and_password(user, get("NATS_PASSWORD").unwrap_or_default());
    }
    if let Some(path) = get("NATS_CA") {
        builder = builder.root_certificates(path);
    }
    if let (Some(certificate), Some(key)) = (get("NATS_CERT"), get("NATS_KEY")) {
        builder = builder.client_certificate(certificate, key);
    }
    builder.connect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_set_is_an_error_that_says_what_to_set() {
        let error = connect(|_| None).await.unwrap_err();
        assert!(error.to_string().contains("NATS_URL"), "{error}");
        let error = connect(|_| Some(String::new())).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoServer));
    }

    #[tokio::test]
    async fn memory_is_a_bus_in_this_process() {
        let bus = connect(|name| (name == "NATS_URL").then(|| "memory:".to_owned())).await;
        assert!(bus.is_ok());
    }
}
