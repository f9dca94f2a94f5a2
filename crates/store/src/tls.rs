//! TLS to PostgreSQL, with the meaning that libpq gives to `sslmode` and `sslrootcert`.
//!
//! `disable`: none. `prefer` (the default) and `require`: encrypted, without asking who the server is, since most
//! servers have a certificate they signed themselves. `verify-ca` and `verify-full`: the certificate has to come from an
//! authority in `sslrootcert`, or from one that this machine trusts, and has to be for this host.

use crate::error::{Error, Result};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{path::PathBuf, sync::Arc};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whom to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Whoever answers.
    Anybody,
    /// Who can show a certificate of an authority: of this file, or one that the machine trusts.
    Certified(Option<PathBuf>),
}

/// Takes what tokio-postgres does not know out of the URL.
pub(crate) fn trust_of(url: &str) -> Result<(String, Trust)> {
    let Some((address, query)) = url.split_once('?') else { return Ok((url.to_owned(), Trust::Anybody)) };
    let mut trust = Trust::Anybody;
    let mut authority = None;
    let mut rest: Vec<&str> = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => {
                trust = Trust::Certified(None);
                rest.push("sslmode=require");
            }
            Some(("sslmode", mode)) if !["disable", "prefer", "require"].contains(&mode) => {
                return Err(Error::Missing(format!(
                    "sslmode={mode} is not known; it is one of disable, prefer, require, verify-ca, verify-full"
                )));
            }
            Some(("sslrootcert", path)) => authority = Some(PathBuf::from(path)),
            _ => rest.push(pair),
        }
    }
    if let (Trust::Certified(file), Some(path)) = (&mut trust, authority) {
        *file = Some(path);
    }
    let url = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    Ok((url, trust))
}

/// Makes TLS connections with this trust.
pub(crate) fn connector(trust: &Trust) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Unavailable(format!("TLS cannot be set up: {e}")))?;
    let config = match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(BelieveAnybody(provider)))
            .with_no_client_auth(),
        Trust::Certified(file) => builder.with_root_certificates(roots(file.as_ref())?).with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&PathBuf>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A root that rustls cannot read is one it will not trust; the others still serve.
            let _ = roots.add(certificate);
        }
        return Ok(roots);
    };
    let unusable = |e: &dyn std::fmt::Display| Error::Missing(format!("sslrootcert {}: {e}", file.display()));
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| unusable(&e))? {
        roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
    }
    Ok(roots)
}

/// Checks signatures, so that the connection is with whoever showed the certificate, and believes every certificate.
#[derive(Debug)]
struct BelieveAnybody(Arc<CryptoProvider>);

impl ServerCertVerifier for BelieveAnybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let certified = |file: Option<&str>| Trust::Certified(file.map(PathBuf::from));
        for (url, rest, trust) in [
            ("postgres://h/d", "postgres://h/d", Trust::Anybody),
            ("postgres://h/d?sslmode=disable", "postgres://h/d?sslmode=disable", Trust::Anybody),
            ("postgres://h/d?sslmode=require&x=1", "postgres://h/d?sslmode=require&x=1", Trust::Anybody),
            ("postgres://h/d?sslmode=verify-full", "postgres://h/d?sslmode=require", certified(None)),
            (
                "postgres://h/d?sslrootcert=/ca.pem&sslmode=verify-ca",
                "postgres://h/d?sslmode=require",
                certified(Some("/ca.pem")),
            ),
        ] {
            assert_eq!(trust_of(url).unwrap(), (rest.to_owned(), trust), "{url}");
        }
        assert!(trust_of("postgres://h/d?sslmode=maybe").unwrap_err().to_string().contains("verify-full"));
    }
}
