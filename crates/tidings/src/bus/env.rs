//! A connection as the environment says.

mod text;

use super::config::{BusConfig, nearest};
use super::{Bus, BusBuilder, ConnectError};
use crate::user_code::log;
use text::read;

/// Number of servers that keep each stream.
const REPLICAS: &str = "TIDINGS_STREAM_REPLICAS";
/// Beginning of the variables that are named after keys of [`BusConfig`].
const OWN: &str = "TIDINGS_";

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
    /// | `TIDINGS_` and a key of [`BusConfig`](crate::BusConfig) in capitals | the same as that key, such as `TIDINGS_CONNECT_TIMEOUT=2s` |
    ///
    /// A variable that is empty counts as not set. The names of those that were used are logged at `info`,
    /// and one that begins with `TIDINGS_` and means nothing, at `warn`, with the one that was most likely
    /// meant; values never are. [`BusBuilder::from_env`] gives a builder that can be changed.
    ///
    /// # Errors
    /// [`ConnectError`], also for a variable without the one that belongs to it.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn from_env() -> Result<Self, ConnectError> {
        BusBuilder::from_env()?.connect().await
    }
}

impl BusBuilder {
    /// Builder of the connection that the environment says, by the variables of [`Bus::from_env`].
    ///
    /// ```no_run
    /// use tidings::BusBuilder;
    ///
    /// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = BusBuilder::from_env()?;
    /// println!("by {}", builder.sources().join(", "));
    /// let bus = builder.name("shop").connect_lazily().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ConnectError`] for what is missing, or can't be read.
    pub fn from_env() -> Result<Self, ConnectError> {
        let all = std::env::vars_os();
        let all = all.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let builder = builder(&all.collect::<Vec<_>>())?;
        log(|| {
            tracing::info!(
                variables = builder.sources().join(", "),
                "the bus is as the environment says"
            );
        });
        Ok(builder)
    }

    /// Names of the variables that [`from_env`](Self::from_env) used, in the order in which it read them;
    /// none of a builder that was made in another way.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }
}

/// Reads what is set; an empty value counts as not set.
fn builder(all: &[(String, String)]) -> Result<BusBuilder, ConnectError> {
    let mut sources = Vec::new();
    let mut get = |name: &str| {
        let (_, value) = all.iter().find(|(set, value)| set == name && !value.is_empty())?;
        if !sources.iter().any(|known| known == name) {
            sources.push(name.to_owned());
        }
        Some(value.clone())
    };
    let is_set = |name: &str| all.iter().any(|(set, value)| set == name && !value.is_empty());
    let mut builder = Bus::builder();
    match get("NATS_URL") {
        Some(url) => builder = builder.server(url),
        None if is_set("TIDINGS_SERVERS") => {}
        None => return Err(ConnectError::NoServer),
    }
    builder.may_embed = true;
    if let Some(value) = get(REPLICAS) {
        let replicas = value.parse::<u8>().ok().filter(|replicas| (1..=5).contains(replicas));
        let invalid = || ConnectError::Variable { name: REPLICAS, value, expected: "1 to 5" };
        builder.environment.replicas = Some((replicas.ok_or_else(invalid)?, REPLICAS));
    }
    for (set, missing) in
        [("NATS_PASSWORD", "NATS_USER"), ("NATS_CERT", "NATS_KEY"), ("NATS_KEY", "NATS_CERT")]
    {
        if is_set(set) && !is_set(missing) {
            return Err(ConnectError::Incomplete { set, missing });
        }
    }
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
    let mut config = BusConfig::default();
    for (name, value) in all.iter().filter(|(name, value)| name != REPLICAS && !value.is_empty()) {
        let Some(key) = name.strip_prefix(OWN).map(str::to_ascii_lowercase) else { continue };
        if !BusConfig::KEYS.contains(&key.as_str()) {
            let meant = nearest(&key, BusConfig::KEYS);
            let meant = meant.map(|meant| format!("{OWN}{}", meant.to_ascii_uppercase()));
            log(|| {
                tracing::warn!(variable = name, meant, "a variable that means nothing to the bus");
            });
            continue;
        }
        read(&mut config, &key, value).map_err(|source| ConnectError::Setting {
            name: name.clone(),
            source: source.into(),
        })?;
        sources.push(name.clone());
    }
    builder = config.apply(builder).map_err(|source| ConnectError::Setting {
        name: format!("{OWN}…"),
        source: source.into(),
    })?;
    builder.sources = sources;
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Result<BusBuilder, ConnectError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        builder(&set.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_key_of_the_configuration_is_a_variable_and_what_was_used_is_told() {
        let read = of(&[
            ("NATS_URL", "nats://127.0.0.1"),
            ("NATS_TOKEN", ""),
            ("TIDINGS_PUBLISH_TIMEOUT", "1500ms"),
            ("TIDINGS_MAX_RECONNECTS", "3"),
            ("TIDINGS_REQUIRE_TLS", "true"),
            ("TIDINGS_TOKEN", "s3cret"),
            ("TIDINGS_PUBLISH_TIMEOT", "1s"),
            ("HOME", "/root"),
        ])
        .unwrap();
        assert_eq!(read.timeouts.publish, std::time::Duration::from_millis(1500));
        assert_eq!((read.options.reconnect.most, read.options.require_tls), (Some(3), true));
        let mut sources = read.sources().to_vec();
        sources.sort_unstable();
        assert_eq!(
            sources,
            [
                "NATS_URL",
                "TIDINGS_MAX_RECONNECTS",
                "TIDINGS_PUBLISH_TIMEOUT",
                "TIDINGS_REQUIRE_TLS",
                "TIDINGS_TOKEN"
            ]
        );
        assert!(!format!("{read:?}").contains("s3cret"), "{read:?}");
    }

    #[test]
    fn the_guide_has_every_variable() {
        let guide = include_str!("../guide/operating.md");
        let own = BusConfig::KEYS.iter().map(|key| format!("{OWN}{}", key.to_ascii_uppercase()));
        for name in own.chain([REPLICAS.to_owned(), "NATS_URL".to_owned()]) {
            assert!(guide.contains(&format!("`{name}`")), "{name} is not in guide/operating.md");
        }
    }

    #[test]
    fn a_variable_that_cant_be_read_is_named() {
        for (name, value, said) in [
            ("TIDINGS_CONNECT_TIMEOUT", "5", "500ms"),
            ("TIDINGS_MAX_RECONNECTS", "many", "number"),
            ("TIDINGS_TLS_FIRST", "perhaps", "`true` or `false`"),
            ("TIDINGS_USER", "ann", "password"),
        ] {
            let error = of(&[("NATS_URL", "a"), (name, value)]).map(drop).unwrap_err();
            assert!(matches!(error, ConnectError::Setting { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains("TIDINGS_") && text.contains(said), "{text}");
        }
    }

    #[test]
    fn nothing_set_is_an_error_that_says_what_to_set() {
        let error = of(&[]).map(drop).unwrap_err();
        assert!(error.to_string().contains("NATS_URL"), "{error}");
        let error = of(&[("NATS_URL", "")]).map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::NoServer));
    }

    #[test]
    fn half_of_a_pair_is_an_error_that_names_both() {
        for (set, missing) in
            [("NATS_PASSWORD", "NATS_USER"), ("NATS_CERT", "NATS_KEY"), ("NATS_KEY", "NATS_CERT")]
        {
            let error = of(&[("NATS_URL", "nats://127.0.0.1:1"), (set, "x")]).map(drop);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(set) && error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_number_of_replicas_that_is_none_names_its_variable() {
        for value in ["0", "6", "three", "-1"] {
            let error = of(&[("NATS_URL", "memory:"), (REPLICAS, value)]).map(drop);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(REPLICAS) && error.contains(value), "{error}");
        }
    }

    #[tokio::test]
    async fn memory_is_a_bus_in_this_process() {
        let bus = of(&[("NATS_URL", "memory:")]).unwrap().connect().await.unwrap();
        assert!(bus.state().server.is_none());
    }
}
