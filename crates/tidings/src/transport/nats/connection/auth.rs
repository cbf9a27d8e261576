//! Credentials: who connects, and until when.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde::Deserialize;

/// Identity of a connection: credentials of one kind, or none.
#[derive(Clone)]
pub(crate) enum Auth {
    None,
    Token(String),
    UserAndPassword(String, String),
    Nkey(String),
    Credentials(String),
    CredentialsFile(PathBuf),
    Jwt { jwt: String, seed: String },
}

/// Claims of a user's JWT, as far as they are read.
#[derive(Deserialize)]
struct Claims {
    exp: Option<u64>,
}

impl Auth {
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(a), Self::Token(b)) => a == b,
            (Self::UserAndPassword(a, b), Self::UserAndPassword(c, d)) => a == c && b == d,
            _ => false,
        }
    }

    /// Refuses what is no seed: the server would not even be shown it.
    pub(crate) fn checked(self) -> io::Result<Self> {
        let Self::Nkey(seed) = &self else { return Ok(self) };
        let seed = seed.trim();
        match KeyPair::from_seed(seed) {
            Ok(_) => Ok(Self::Nkey(seed.to_owned())),
            Err(_) => Err(no_seed(seed)),
        }
    }

    /// Kind of what a server was given, for an error.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::None => "no credentials",
            Self::Token(_) => "a token",
            Self::UserAndPassword(..) => "a user and a password",
            Self::Nkey(_) => "an nkey",
            Self::Credentials(_) | Self::CredentialsFile(_) | Self::Jwt { .. } => "a JWT",
        }
    }

    /// Time at which the credentials expire, if they say so.
    pub(crate) fn expires(&self) -> Option<SystemTime> {
        let jwt = match self {
            Self::Jwt { jwt, .. } => jwt.as_str(),
            Self::Credentials(text) => {
                // The first block of a credentials file.
                let mut lines = text.lines().map(str::trim);
                lines.find(|line| line.starts_with("-----BEGIN"))?;
                lines.find(|line| !line.is_empty())?
            }
            _ => return None,
        };
        let claims = BASE64URL_NOPAD.decode(jwt.split('.').nth(1)?.as_bytes()).ok()?;
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        let after = claims.exp.filter(|seconds| *seconds > 0).map(Duration::from_secs)?;
        SystemTime::UNIX_EPOCH.checked_add(after)
    }
}

/// Error of a text that is no seed, without the text: it may be one with a slip.
fn no_seed(text: &str) -> io::Error {
    let is_path = Path::new(text).is_file() || text.contains(['/', '\\']);
    let why = if is_path {
        "an nkey is given by its seed, `SUA…`, and this is the path of a file: read the seed from it \
         (`NATS_NKEY=\"$(cat …)\"`)"
    } else {
        "an nkey is given by its seed: 58 letters and digits, the first of them `SU`"
    };
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_says_when_it_expires() {
        let jwt = |claims: &str| format!("e30.{}.sig", BASE64URL_NOPAD.encode(claims.as_bytes()));
        let at = |text: String| {
            let alone = Auth::Jwt { jwt: text.clone(), seed: String::new() }.expires();
            let file = format!(
                "-----BEGIN NATS USER JWT-----\r\n{text}\r\n------END NATS USER JWT------\r\n\r\n\
                 -----BEGIN USER NKEY SEED-----\nSU\n------END USER NKEY SEED------\n"
            );
            assert_eq!(Auth::Credentials(file).expires(), alone);
            alone
        };
        let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(at(jwt(r#"{"exp":1700000000,"sub":"U"}"#)), Some(second));
        for none in [jwt("{}"), jwt(r#"{"exp":0}"#), jwt("x"), "no.jwt".into(), String::new()] {
            assert_eq!(at(none), None);
        }
        let token = Auth::Token(jwt(r#"{"exp":1700000000}"#));
        assert_eq!(token.expires(), None);
    }

    #[test]
    fn a_path_in_place_of_a_seed_is_told_and_no_text_is_shown() {
        let said = |text: &str| {
            let checked = Auth::Nkey(text.to_owned()).checked();
            checked.map(drop).unwrap_err().to_string()
        };
        assert!(said("/run/secrets/shop.nk").contains("path of a file"));
        assert!(said("SUn0key").contains("58 letters"));
        assert!(!said("SUn0key").contains("n0key"));
        let seed = KeyPair::new_user().seed().unwrap();
        let read = Auth::Nkey(format!("{seed}\n")).checked();
        assert!(matches!(read, Ok(Auth::Nkey(read)) if read == seed));
    }
}
