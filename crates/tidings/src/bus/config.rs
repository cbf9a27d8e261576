//! Configuration of a connection as data: what any crate for configuration can fill.

mod key;
mod value;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

pub use value::Secret;

use super::builder::BusBuilder;
use crate::transport::nats::shown;
pub(super) use key::nearest;
use key::unknown;
use value::{List, Time};

/// Options that can't be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key is there without the one that belongs to it.
    #[error("`{set}` is given without `{missing}`: give both, or neither")]
    Incomplete {
        /// The key that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// Two keys say different things about the same.
    #[error("`{first}` and `{second}` are both given: give one of them")]
    Contradiction {
        /// One key.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A number is out of its bounds.
    #[error("`{key}` is {value}: give {expected}")]
    Range {
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// Values that it may have.
        expected: &'static str,
    },
}

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident: $type:ty, as $read:ty;)*) => {
        /// Configuration of a bus's connection, every part of it optional: read with serde from any format,
        /// and made into a [`BusBuilder`].
        ///
        /// A key that is none is an error that names it and the one that was most likely meant. A duration
        /// is a text with a unit, such as `"5s"` or `"500ms"`. `servers` is a text, with commas between
        /// several, or a list of texts. `Debug` shows neither secrets nor the credentials in URLs.
        ///
        /// ```
        /// # use tidings::prelude::*;
        /// use tidings::BusConfig;
        ///
        /// let config: BusConfig = serde_json::from_str(
        ///     r#"{ "servers": "tls://nats.example.com", "token": "s3cret", "connect_timeout": "2s" }"#,
        /// )?;
        /// assert!(!format!("{config:?}").contains("s3cret"));
        /// let builder = config.builder()?; // .connect().await
        ///
        /// let error = serde_json::from_str::<BusConfig>(r#"{ "conect_timeout": "2s" }"#).unwrap_err();
        /// assert!(error.to_string().contains("`conect_timeout`: did you mean `connect_timeout`?"));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Default)]
        #[non_exhaustive]
        pub struct BusConfig {
            $($(#[$doc])* pub $key: Option<$type>,)*
        }

        impl BusConfig {
            /// All keys, in the order in which they are documented.
            pub const KEYS: &[&str] = &[$(stringify!($key)),*];

            /// Reads the value of a key.
            pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
                match key {
                    $(stringify!($key) => {
                        if self.$key.is_some() {
                            return Err(de::Error::duplicate_field(stringify!($key)));
                        }
                        self.$key = map.next_value::<Option<$read>>()?.map(Into::into);
                    })*
                    _ => return Err(de::Error::custom(unknown(key, Self::KEYS))),
                }
                Ok(())
            }
        }

        impl fmt::Debug for BusConfig {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shows = f.debug_struct("BusConfig");
                if let Some(servers) = &self.servers {
                    let servers: Vec<String> = servers.iter().map(|list| shown(list)).collect();
                    shows.field("servers", &servers);
                }
                $(if let Some(value) = self.$key.as_ref().filter(|_| stringify!($key) != "servers") {
                    shows.field(stringify!($key), value);
                })*
                shows.finish()
            }
        }
    };
}

keys! {
    /// Addresses: [`BusBuilder::servers`].
    servers: Vec<String>, as List;
    /// Name of the connection: [`BusBuilder::name`].
    name: String, as String;
    /// [`BusBuilder::token`].
    token: Secret, as Secret;
    /// User, with `password`: [`BusBuilder::user_and_password`].
    user: String, as String;
    /// Password, with `user`.
    password: Secret, as Secret;
    /// Seed of an nkey: [`BusBuilder::nkey`].
    nkey: Secret, as Secret;
    /// Content of a `.creds` file: [`BusBuilder::credentials`].
    credentials: Secret, as Secret;
    /// A `.creds` file: [`BusBuilder::credentials_file`].
    credentials_file: PathBuf, as PathBuf;
    /// A user's JWT, with `jwt_seed`: [`BusBuilder::jwt`].
    jwt: Secret, as Secret;
    /// Seed that belongs to `jwt`.
    jwt_seed: Secret, as Secret;
    /// PEM files with authorities, a text or a list: [`BusBuilder::root_certificates`].
    root_certificates: Vec<String>, as List;
    /// PEM file, with `client_key`: [`BusBuilder::client_certificate`].
    client_certificate: PathBuf, as PathBuf;
    /// PEM file, with `client_certificate`.
    client_key: PathBuf, as PathBuf;
    /// [`BusBuilder::require_tls`].
    require_tls: bool, as bool;
    /// [`BusBuilder::tls_first`].
    tls_first: bool, as bool;
    /// [`BusBuilder::inbox_prefix`].
    inbox_prefix: String, as String;
    /// [`BusBuilder::jetstream_domain`].
    jetstream_domain: String, as String;
    /// [`BusBuilder::jetstream_prefix`].
    jetstream_prefix: String, as String;
    /// [`BusBuilder::connect_timeout`].
    connect_timeout: Duration, as Time;
    /// [`BusBuilder::request_timeout`].
    request_timeout: Duration, as Time;
    /// [`BusBuilder::publish_timeout`].
    publish_timeout: Duration, as Time;
    /// [`BusBuilder::ack_timeout`].
    ack_timeout: Duration, as Time;
    /// [`BusBuilder::close_timeout`].
    close_timeout: Duration, as Time;
    /// [`BusBuilder::shutdown_timeout`].
    shutdown_timeout: Duration, as Time;
    /// [`BusBuilder::max_reconnects`].
    max_reconnects: usize, as usize;
    /// First wait of [`BusBuilder::reconnect_delay`], with `reconnect_delay_max`.
    reconnect_delay_min: Duration, as Time;
    /// Longest wait of [`BusBuilder::reconnect_delay`], with `reconnect_delay_min`.
    reconnect_delay_max: Duration, as Time;
    /// [`BusBuilder::ping_interval`].
    ping_interval: Duration, as Time;
    /// [`BusBuilder::single_node`], where it is `true`.
    single_node: bool, as bool;
    /// [`BusBuilder::stream_replicas`], 1 to 5.
    stream_replicas: u8, as u8;
    /// [`BusBuilder::subscription_capacity`].
    subscription_capacity: usize, as usize;
}

impl BusConfig {
    /// The builder that connects like this.
    ///
    /// # Errors
    /// [`ConfigError`] for keys that contradict each other, or that say half.
    pub fn builder(self) -> Result<BusBuilder, ConfigError> {
        self.apply(BusBuilder::new())
    }

    /// Sets what the configuration says on top of what a builder says already.
    pub(super) fn apply(self, mut builder: BusBuilder) -> Result<BusBuilder, ConfigError> {
        self.check()?;
        builder = self.identify(builder);
        if let Some(servers) = self.servers {
            builder = builder.servers(servers);
        }
        for path in self.root_certificates.into_iter().flatten() {
            builder = builder.root_certificates(path);
        }
        if let (Some(certificate), Some(key)) = (self.client_certificate, self.client_key) {
            builder = builder.client_certificate(certificate, key);
        }
        if self.require_tls == Some(true) {
            builder = builder.require_tls();
        }
        if self.tls_first == Some(true) {
            builder = builder.tls_first();
        }
        if self.single_node == Some(true) {
            builder = builder.single_node();
        }
        if let (Some(first), Some(longest)) = (self.reconnect_delay_min, self.reconnect_delay_max) {
            builder = builder.reconnect_delay(first, longest);
        }
        macro_rules! set {
            ($($key:ident)*) => {
                $(if let Some(value) = self.$key {
                    builder = builder.$key(value);
                })*
            };
        }
        set!(name inbox_prefix jetstream_domain jetstream_prefix connect_timeout request_timeout
            publish_timeout ack_timeout close_timeout shutdown_timeout max_reconnects ping_interval
            stream_replicas subscription_capacity);
        Ok(builder)
    }

    /// Says who connects, if anything does.
    fn identify(&self, builder: BusBuilder) -> BusBuilder {
        if let Some(token) = &self.token {
            builder.token(token.reveal())
        } else if let (Some(user), Some(password)) = (&self.user, &self.password) {
            builder.user_and_password(user, password.reveal())
        } else if let Some(seed) = &self.nkey {
            builder.nkey(seed.reveal())
        } else if let Some(text) = &self.credentials {
            builder.credentials(text.reveal())
        } else if let Some(path) = &self.credentials_file {
            builder.credentials_file(path)
        } else if let (Some(jwt), Some(seed)) = (&self.jwt, &self.jwt_seed) {
            builder.jwt(jwt.reveal(), seed.reveal())
        } else {
            builder
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        for ((set, is_set), (other, is_other)) in [
            (("user", self.user.is_some()), ("password", self.password.is_some())),
            (("jwt", self.jwt.is_some()), ("jwt_seed", self.jwt_seed.is_some())),
            (
                ("client_certificate", self.client_certificate.is_some()),
                ("client_key", self.client_key.is_some()),
            ),
            (
                ("reconnect_delay_min", self.reconnect_delay_min.is_some()),
                ("reconnect_delay_max", self.reconnect_delay_max.is_some()),
            ),
        ] {
            match (is_set, is_other) {
                (true, false) => return Err(ConfigError::Incomplete { set, missing: other }),
                (false, true) => return Err(ConfigError::Incomplete { set: other, missing: set }),
                _ => {}
            }
        }
        let identities = [
            ("token", self.token.is_some()),
            ("user", self.user.is_some()),
            ("nkey", self.nkey.is_some()),
            ("credentials", self.credentials.is_some()),
            ("credentials_file", self.credentials_file.is_some()),
            ("jwt", self.jwt.is_some()),
        ];
        let prefixes = [
            ("jetstream_domain", self.jetstream_domain.is_some()),
            ("jetstream_prefix", self.jetstream_prefix.is_some()),
        ];
        let replicas = [
            ("single_node", self.single_node == Some(true)),
            ("stream_replicas", self.stream_replicas.is_some()),
        ];
        for group in [&identities[..], &prefixes, &replicas] {
            let mut given = group.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key);
            if let (Some(first), Some(second)) = (given.next(), given.next()) {
                return Err(ConfigError::Contradiction { first, second });
            }
        }
        match self.stream_replicas {
            Some(replicas) if !(1..=5).contains(&replicas) => Err(ConfigError::Range {
                key: "stream_replicas",
                value: replicas.into(),
                expected: "1 to 5",
            }),
            _ => Ok(()),
        }
    }
}

impl TryFrom<BusConfig> for BusBuilder {
    type Error = ConfigError;

    fn try_from(config: BusConfig) -> Result<Self, ConfigError> {
        config.builder()
    }
}

impl<'de> Deserialize<'de> for BusConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = BusConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the configuration of a connection, a table of keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BusConfig, A::Error> {
                let mut config = BusConfig::default();
                while let Some(key) = map.next_key::<String>()? {
                    config.read(&key, &mut map)?;
                }
                Ok(config)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<BusConfig, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_can_be_given_and_nothing_that_is_secret_is_shown() {
        let mut given = json!({
            "servers": ["nats://ann:s3cret@a", "b"], "name": "shop", "inbox_prefix": "_I",
            "root_certificates": "ca.pem", "client_certificate": "c.pem", "client_key": "c.key",
            "require_tls": true, "tls_first": false, "jetstream_domain": "hub",
            "connect_timeout": "2s", "request_timeout": "1m 30s", "publish_timeout": "500ms",
            "ack_timeout": "1s", "close_timeout": "3s", "shutdown_timeout": "20s",
            "max_reconnects": 7, "reconnect_delay_min": "10ms", "reconnect_delay_max": "1s",
            "ping_interval": "5s", "single_node": true, "subscription_capacity": 10,
        });
        let identities = json!({
            "token": "s3cret", "user": "ann", "password": "s3cret", "nkey": "s3cret",
            "credentials": "s3cret", "credentials_file": "a.creds", "jwt": "s3cret",
            "jwt_seed": "s3cret", "jetstream_prefix": "js", "stream_replicas": 3,
        });
        let builder = read(given.clone()).unwrap().builder().unwrap();
        assert_eq!(builder.timeouts.request, Duration::from_secs(90));
        assert_eq!(builder.options.jetstream_prefix.as_deref(), Some("$JS.hub.API"));
        assert_eq!(builder.options.reconnect.most, Some(7));
        assert_eq!(builder.options.servers, ["nats://ann:s3cret@a", "b"]);
        let given = given.as_object_mut().unwrap();
        given.extend(identities.as_object().unwrap().clone());
        let mut known: Vec<_> = given.keys().map(String::as_str).collect();
        let mut keys = BusConfig::KEYS.to_vec();
        known.sort_unstable();
        keys.sort_unstable();
        assert_eq!(known, keys, "this test gives every key");
        let config = read(Value::Object(given.clone())).unwrap();
        for text in [format!("{config:?}"), format!("{config:#?}")] {
            assert!(!text.contains("s3cret") && text.contains("nats://a"), "{text}");
        }
    }

    #[test]
    fn a_key_or_a_value_that_is_wrong_is_named_and_no_secret_is() {
        for (given, said) in [
            (json!({ "sever": "a" }), "unknown key `sever`: did you mean `servers`?"),
            (json!({ "colour": "s3cret" }), "unknown key `colour`: there are `servers`, "),
            (json!({ "connect_timeout": 5 }), "write \"5s\""),
            (json!({ "connect_timeout": "soon" }), "no duration"),
            (json!({ "token": 12345 }), "a secret is a text"),
        ] {
            let error = read(given).unwrap_err();
            assert!(error.contains(said), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("12345"), "{error}");
        }
    }

    #[test]
    fn what_contradicts_itself_names_both_keys() {
        for (given, first, second) in [
            (json!({ "user": "a" }), "user", "password"),
            (json!({ "client_key": "a" }), "client_key", "client_certificate"),
            (json!({ "token": "a", "nkey": "b" }), "token", "nkey"),
            (
                json!({ "single_node": true, "stream_replicas": 3 }),
                "single_node",
                "stream_replicas",
            ),
            (json!({ "stream_replicas": 6 }), "stream_replicas", "1 to 5"),
        ] {
            let error = read(given).unwrap().builder().map(drop).unwrap_err().to_string();
            assert!(error.contains(first) && error.contains(second), "{error}");
        }
    }
}
