//! TLS of the HTTP client: ring, given explicitly, so that no global is needed.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::BuildError;

/// The certificates of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(crate) fn system_certificates() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(
            error = error as &dyn std::error::Error,
            "part of the system's CA bundle was not readable"
        );
    }
    found.certs
}

/// A plain `http` endpoint asks for no certificates and keeps none in memory.
pub(crate) fn client_config(
    https: bool,
    ca_file: Option<&Path>,
    system: impl FnOnce() -> Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, BuildError> {
    let mut roots = RootCertStore::empty();
    if https {
        roots.add_parsable_certificates(system());
    }
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    if https && roots.is_empty() {
        return Err(BuildError::NoCertificates);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), BuildError> {
    let refused = |reason: String| BuildError::CaFile {
        path: path.to_owned(),
        reason,
    };
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| refused(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(refused("it holds no PEM certificate".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(name)
    }

    #[test]
    fn a_plain_http_endpoint_does_not_look_for_a_ca_bundle() {
        client_config(false, None, || unreachable!("http needs no certificates")).unwrap();
    }

    #[test]
    fn a_missing_ca_bundle_is_an_error_that_says_what_to_do() {
        let error = client_config(true, None, Vec::new).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("ca-certificates") && text.contains("SSL_CERT_FILE"),
            "{text}"
        );
    }

    #[test]
    fn a_ca_file_can_stand_in_for_a_missing_bundle() {
        client_config(true, Some(&fixture("tls/ca.pem")), Vec::new).unwrap();
    }

    #[test]
    fn a_ca_file_that_holds_nothing_is_refused_by_name() {
        for name in ["README.md", "does-not-exist.pem"] {
            let error = client_config(true, Some(&fixture(name)), Vec::new).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
