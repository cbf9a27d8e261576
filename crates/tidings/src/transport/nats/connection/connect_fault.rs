//! Faults of making a connection: what async-nats says of it, told apart.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use async_nats::rustls::{self, AlertDescription, CertificateError};
use async_nats::{ConnectErrorKind, ServerError};

use crate::transport::Fault;
use crate::transport::nats::connection::address;
use crate::transport::nats::connection::refusal::is_refusal;

/// Reason why there is no connection. None of it holds a password.
#[derive(Debug)]
pub(crate) enum ConnectFault {
    Address(address::UnreadableAddress),
    /// An address needs a feature without which this is built.
    Feature {
        address: String,
        feature: &'static str,
    },
    TwoCredentials,
    Credentials(io::Error),
    File {
        path: PathBuf,
        source: io::Error,
    },
    NotMade {
        reason: Reason,
        source: async_nats::ConnectError,
    },
    Timeout,
}

/// Reason why a connection could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The server does not accept who connects.
    Refused {
        given: &'static str,
    },
    /// The server does not accept the credentials, which have expired at that time.
    Expired {
        at: SystemTime,
    },
    /// The server's certificate is signed by no authority that is trusted.
    UnknownAuthority,
    /// The server's certificate is for another host.
    WrongHost,
    /// Something else is wrong with the server's certificate.
    Certificate,
    /// The server wants another certificate, or one at all.
    ClientCertificate,
    /// The server speaks no TLS.
    Tls,
    /// The host's name is not known.
    UnknownHost,
    /// The host can't be reached, or nobody listens there.
    Unreachable,
    Other,
}

impl ConnectFault {
    /// Fault that async-nats's error means to who has given these credentials, which expire then.
    pub(crate) fn of(
        error: async_nats::ConnectError,
        given: &'static str,
        expires: Option<SystemTime>,
    ) -> Self {
        let reason = match error.kind() {
            ConnectErrorKind::TimedOut => return Self::Timeout,
            // The seed is malformed: the server has not seen it.
            ConnectErrorKind::Authentication => {
                return Self::Credentials(io::Error::new(io::ErrorKind::InvalidInput, error));
            }
            ConnectErrorKind::AuthorizationViolation => refused(given, expires),
            ConnectErrorKind::Dns => Reason::UnknownHost,
            kind => match find::<rustls::Error>(&error) {
                Some(tls) => reason_of_tls(tls),
                None if kind == ConnectErrorKind::Tls => Reason::Tls,
                None if find::<ServerError>(&error).is_some_and(|e| is_refusal(&e.to_string())) => {
                    refused(given, expires)
                }
                None => match find::<io::Error>(&error).map(io::Error::kind) {
                    Some(
                        io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::HostUnreachable
                        | io::ErrorKind::NetworkUnreachable
                        | io::ErrorKind::NetworkDown
                        | io::ErrorKind::TimedOut,
                    ) => Reason::Unreachable,
                    _ => Reason::Other,
                },
            },
        };
        Self::NotMade { reason, source: error }
    }

    /// The fault of a connection that a connected bus makes beside its own.
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Address(address::UnreadableAddress { source, .. })
            | Self::Credentials(source)
            | Self::File { source, .. } => Fault::client(source),
            Self::NotMade { source, .. } => Fault::client(source),
            Self::Feature { .. } => Fault::client("an address needs a feature"),
            Self::TwoCredentials => Fault::client("two servers have different credentials"),
            Self::Timeout => Fault::Timeout,
        }
    }
}

fn refused(given: &'static str, expires: Option<SystemTime>) -> Reason {
    match expires.filter(|at| *at <= SystemTime::now()) {
        Some(at) => Reason::Expired { at },
        None => Reason::Refused { given },
    }
}

fn reason_of_tls(error: &rustls::Error) -> Reason {
    use AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            // `BadSignature` where an authority of the same name is trusted that has another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Reason::UnknownAuthority
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Reason::WrongHost
            }
            _ => Reason::Certificate,
        },
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::UnsupportedCertificate
            | Alert::AccessDenied,
        ) => Reason::ClientCertificate,
        _ => Reason::Tls,
    }
}

/// The first error of this type among the sources. An `io::Error` names what it holds as its own, and not as
/// a source.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = held.and_then(|held| held.downcast_ref()) {
            return Some(found);
        }
        next = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::ConnectError;

    fn reason(kind: ConnectErrorKind, source: impl Error + Send + Sync + 'static) -> Reason {
        let error = ConnectError::with_source(kind, source);
        match ConnectFault::of(error, "a token", None) {
            ConnectFault::NotMade { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tls_error_is_found_inside_of_io_errors() {
        let tls = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = io::Error::other(tls(unknown.clone()));
        for error in [tls(unknown), nested] {
            assert_eq!(reason(ConnectErrorKind::Io, error), Reason::UnknownAuthority);
        }
        let wrong = rustls::Error::InvalidCertificate(CertificateError::NotValidForName);
        assert_eq!(reason(ConnectErrorKind::Io, tls(wrong)), Reason::WrongHost);
        let alert = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
        assert_eq!(reason(ConnectErrorKind::Io, tls(alert)), Reason::ClientCertificate);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(reason(ConnectErrorKind::Io, refused), Reason::Unreachable);
    }

    #[test]
    fn a_refusal_is_an_expiry_where_the_credentials_have_expired() {
        let of = |expires| {
            let error = ConnectError::new(ConnectErrorKind::AuthorizationViolation);
            match ConnectFault::of(error, "a JWT", expires) {
                ConnectFault::NotMade { reason, .. } => reason,
                other => panic!("{other:?}"),
            }
        };
        let (past, future) =
            (SystemTime::UNIX_EPOCH, SystemTime::now() + std::time::Duration::from_secs(60));
        assert_eq!(of(None), Reason::Refused { given: "a JWT" });
        assert_eq!(of(Some(future)), Reason::Refused { given: "a JWT" });
        assert_eq!(of(Some(past)), Reason::Expired { at: past });
    }
}
