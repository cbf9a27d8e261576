//! Certificates in PEM files: looked at before anything is sent, since async-nats reads them later and its
//! errors name no file.

use std::io;
use std::path::{Path, PathBuf};

use async_nats::rustls::pki_types::pem::PemObject;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use async_nats::rustls::{ClientConfig, RootCertStore};

use crate::transport::nats::connection::connect_fault::ConnectFault;

/// Gives the client all of these files. Of several authorities async-nats itself keeps the last one only.
pub(crate) fn add(
    mut nats: async_nats::ConnectOptions,
    roots: Vec<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
) -> Result<async_nats::ConnectOptions, ConnectFault> {
    let mut store = RootCertStore::empty();
    for path in &roots {
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| unusable(path, error))?;
        }
    }
    let identity = match &client {
        None => None,
        Some((certificate, key)) => Some((certificates(certificate)?, private_key(key)?)),
    };
    if roots.len() > 1 {
        let config = ClientConfig::builder().with_root_certificates(store);
        let config = match (identity, &client) {
            (Some((chain, key)), Some((path, _))) => {
                config.with_client_auth_cert(chain, key).map_err(|error| unusable(path, error))?
            }
            _ => config.with_no_client_auth(),
        };
        return Ok(nats.tls_client_config(config));
    }
    for path in roots {
        nats = nats.add_root_certificates(path);
    }
    if let Some((certificate, key)) = client {
        nats = nats.add_client_certificate(certificate, key);
    }
    Ok(nats)
}

/// The certificates of a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectFault> {
    let read = CertificateDer::pem_slice_iter(&contents(path)?).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(read) if read.is_empty() => Err(unusable(path, "there is no certificate in it (PEM)")),
        Ok(read) => Ok(read),
        Err(error) => Err(unusable(path, error.to_string())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectFault> {
    // The parser's own error may tell of what is in the file.
    PrivateKeyDer::from_pem_slice(&contents(path)?)
        .map_err(|_| unusable(path, "there is no private key in it (PEM)"))
}

fn contents(path: &Path) -> Result<Vec<u8>, ConnectFault> {
    std::fs::read(path).map_err(|source| ConnectFault::File { path: path.to_owned(), source })
}

fn unusable(
    path: &Path,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ConnectFault {
    let source = io::Error::new(io::ErrorKind::InvalidData, error);
    ConnectFault::File { path: path.to_owned(), source }
}
