//! Credentials.

use std::path::PathBuf;

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

impl Auth {
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(a), Self::Token(b)) => a == b,
            (Self::UserAndPassword(a, b), Self::UserAndPassword(c, d)) => a == c && b == d,
            _ => false,
        }
    }
}
