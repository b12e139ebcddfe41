//! TLS by certificate and key file (rustls, aws-lc-rs, post-quantum key exchange first).

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::app::StartError;
use crate::config::Config;

/// The acceptor of the configured certificate, or none where TLS is not configured.
pub(crate) fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>, StartError> {
    let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) else { return Ok(None) };
    let chain = chain(&config.base_dir.join(certificate))?;
    let key = private_key(&config.base_dir.join(key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| refused("tls.certificate and tls.key", &error.to_string()))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let read =
        |error: rustls_pki_types::pem::Error| refused("tls.certificate", &format!("{}: {error}", file.display()));
    let chain: Vec<_> = CertificateDer::pem_file_iter(file).map_err(read)?.collect::<Result<_, _>>().map_err(read)?;
    if chain.is_empty() {
        return Err(refused("tls.certificate", &format!("{} holds no PEM certificate", file.display())));
    }
    Ok(chain)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, StartError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| refused("tls.key", &format!("{}: {error}", file.display())))
}

fn refused(key: &str, reason: &str) -> StartError {
    StartError::Listen(format!("{key} cannot be used: {reason}"))
}
