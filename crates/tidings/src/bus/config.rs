//! Configuration of a connection as data: what any crate for configuration can fill.

mod check;
mod error;
mod key;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

pub use error::ConfigError;
pub use value::Secret;

use super::builder::BusBuilder;
use crate::transport::nats::shown;
pub(super) use key::nearest;
use key::unknown;
use value::{List, Time};

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
