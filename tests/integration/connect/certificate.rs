//! Certificates for one test, made as it begins: none that is committed runs out.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tidings_tests::unique;

/// PEM files in a directory of their own, removed with the value: `ca.pem`, and with their keys
/// `server.pem` for 127.0.0.1 and `client.pem`.
pub(super) struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    pub(super) fn new() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("certificates"));
        fs::create_dir_all(&directory).unwrap();
        let certificates = Self { directory };
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        certificates.write("ca.pem", &authority.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(authority, key);
        for (who, name) in [("server", "127.0.0.1"), ("client", "ann")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([name.to_owned()]).unwrap();
            certificates
                .write(&format!("{who}.pem"), &params.signed_by(&key, &issuer).unwrap().pem());
            certificates.write(&format!("{who}.key"), &key.serialize_pem());
        }
        certificates
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A server's configuration with these certificates and these further options.
    pub(super) fn config(&self, options: &str) -> String {
        let [certificate, key, authority] = ["server.pem", "server.key", "ca.pem"]
            .map(|name| self.path(name).display().to_string());
        format!(
            "tls {{ cert_file: {certificate:?}, key_file: {key:?}, ca_file: {authority:?}, {options} }}"
        )
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // Left-overs under the target directory hurt nobody.
        drop(fs::remove_dir_all(&self.directory));
    }
}
