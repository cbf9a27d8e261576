//! Keys that contradict each other, or that say half.

use super::BusConfig;
use super::error::ConfigError;

impl BusConfig {
    /// Checks whether the keys go together.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
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
