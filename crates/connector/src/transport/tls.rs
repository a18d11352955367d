//! Certificates: whom to trust, and our own.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::SetupError;
use crate::profile::Tls;

/// What TLS is done with. The system's authorities are hundreds: they are read when they are needed first.
#[derive(Debug)]
pub(super) struct Trust {
    tls: Tls,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    pub(super) fn new(tls: Tls) -> Self {
        Self { tls, config: OnceLock::new() }
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// [`SetupError::File`] and [`SetupError::Tls`].
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, SetupError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let made = Arc::new(config(&self.tls)?);
        Ok(Arc::clone(self.config.get_or_init(|| made)))
    }
}

/// TLS 1.2 and 1.3, with the system's authorities and those of the profile.
fn config(tls: &Tls) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (_, refused) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(errors = system.errors.len(), refused, "the system's authorities are read");
    if let Some(file) = &tls.ca_file {
        for certificate in chain(file)? {
            roots.add(certificate).map_err(|error| SetupError::Tls(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(roots);
    match (&tls.certificate_file, &tls.key_file) {
        (Some(certificate), Some(key)) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            builder
                .with_client_auth_cert(chain(certificate)?, private)
                .map_err(|error| SetupError::Tls(error.to_string()))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn chain(file: &str) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(chain) if chain.is_empty() => {
            Err(SetupError::File { path: file.into(), reason: "it has no certificate".to_owned() })
        }
        other => other.map_err(|error| unreadable(file, &error)),
    }
}

fn unreadable(file: &str, error: &dyn std::fmt::Display) -> SetupError {
    SetupError::File { path: Path::new(file).to_owned(), reason: error.to_string() }
}
