//! A connection as the environment says.

use super::{Bus, ConnectError};
use crate::stream::Environment;

/// Variable with the number of servers that keep each stream.
const REPLICAS: &str = "TIDINGS_STREAM_REPLICAS";

impl Bus {
    /// Connects as the environment says.
    ///
    /// | variable | means |
    /// | --- | --- |
    /// | `NATS_URL` | the servers, separated by commas; `memory:` for a bus in this process; required |
    /// | `NATS_CREDS`, `NATS_NKEY`, `NATS_TOKEN`, `NATS_USER` with `NATS_PASSWORD` | a file, a seed, a token, a user; the first of them that is set |
    /// | `NATS_CA` | a PEM file whose certificates are trusted in place of the system's |
    /// | `NATS_CERT` with `NATS_KEY` | PEM files that are shown to the server |
    /// | `NATS_INBOX_PREFIX` | what the subjects of answers begin with, instead of `_INBOX` |
    /// | `TIDINGS_STREAM_REPLICAS` | how many servers keep each stream, 1 to 5, whatever it declares: 1 where the server is alone |
    ///
    /// A variable that is empty counts as not set.
    ///
    /// # Errors
    /// [`ConnectError`], also for a variable without the one that belongs to it.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn from_env() -> Result<Self, ConnectError> {
        connect(|name| std::env::var(name).ok()).await
    }
}

/// `lookup` gives a variable's value; an empty one counts as not set.
async fn connect(lookup: impl Fn(&str) -> Option<String>) -> Result<Bus, ConnectError> {
    let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let url = get("NATS_URL").ok_or(ConnectError::NoServer)?;
    let mut environment = Environment::default();
    if let Some(value) = get(REPLICAS) {
        let replicas = value.parse::<u8>().ok().filter(|replicas| (1..=5).contains(replicas));
        let invalid = || ConnectError::Variable { name: REPLICAS, value, expected: "1 to 5" };
        environment.replicas = Some((replicas.ok_or_else(invalid)?, REPLICAS));
    }
    if url == "memory:" {
        return in_memory(url).map(|bus| bus.fitting(environment));
    }
    for (set, missing) in
        [("NATS_PASSWORD", "NATS_USER"), ("NATS_CERT", "NATS_KEY"), ("NATS_KEY", "NATS_CERT")]
    {
        if get(set).is_some() && get(missing).is_none() {
            return Err(ConnectError::Incomplete { set, missing });
        }
    }
    let mut builder = Bus::builder().server(url);
    builder.environment = environment;
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
    if let Some(prefix) = get("NATS_INBOX_PREFIX") {
        builder = builder.inbox_prefix(prefix);
    }
    builder.connect().await
}

#[cfg(feature = "memory")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn in_memory(_url: String) -> Result<Bus, ConnectError> {
    Ok(Bus::in_memory())
}

#[cfg(not(feature = "memory"))]
fn in_memory(address: String) -> Result<Bus, ConnectError> {
    Err(ConnectError::Feature { address, feature: "memory" })
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
    async fn half_of_a_pair_is_an_error_that_names_both() {
        for (set, missing) in
            [("NATS_PASSWORD", "NATS_USER"), ("NATS_CERT", "NATS_KEY"), ("NATS_KEY", "NATS_CERT")]
        {
            let lookup = |name: &str| match name {
                "NATS_URL" => Some("nats://127.0.0.1:1".to_owned()),
                name if name == set => Some("x".to_owned()),
                _ => None,
            };
            let error = connect(lookup).await.unwrap_err().to_string();
            assert!(error.contains(set) && error.contains(missing), "{error}");
        }
    }

    #[tokio::test]
    async fn a_number_of_replicas_that_is_none_names_its_variable() {
        for value in ["0", "6", "three", "-1"] {
            let lookup = |name: &str| match name {
                "NATS_URL" => Some("memory:".to_owned()),
                REPLICAS => Some(value.to_owned()),
                _ => None,
            };
            let error = connect(lookup).await.unwrap_err().to_string();
            assert!(error.contains(REPLICAS) && error.contains(value), "{error}");
        }
    }

    #[tokio::test]
    async fn memory_is_a_bus_in_this_process() {
        let bus = connect(|name| (name == "NATS_URL").then(|| "memory:".to_owned())).await;
        assert!(bus.is_ok());
    }
}
