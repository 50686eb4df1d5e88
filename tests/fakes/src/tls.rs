//! A certificate authority of one test, and the server certificates it issues.
//!
//! A child process trusts it through `SSL_CERT_FILE`, which replaces the system's roots; that suits a test,
//! because nothing but loopback may be reached.

use std::{io, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// A certificate authority that lives as long as the test.
pub struct TestAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl TestAuthority {
    /// Makes a key and a self-signed certificate.
    ///
    /// # Panics
    ///
    /// If no key can be made.
    #[expect(clippy::new_without_default, reason = "making a key is more than a default value")]
    #[expect(clippy::expect_used, reason = "a test without its authority can only fail")]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "holmes test authority");
        let key = KeyPair::generate().expect("a key for the authority");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("the authority's certificate") }
    }

    /// The authority's certificate.
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes the authority's certificate, for `SSL_CERT_FILE`.
    ///
    /// # Errors
    ///
    /// If the file can not be written.
    pub fn write_pem(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.certificate_pem())
    }

    /// Issues a certificate for `localhost`, `127.0.0.1` and these names (or addresses), ready to serve with.
    ///
    /// # Panics
    ///
    /// If a name can not stand in a certificate.
    #[expect(clippy::expect_used, reason = "a test without its certificate can only fail")]
    pub fn issue(&self, names: &[&str]) -> ServerIdentity {
        let all: Vec<String> =
            ["localhost", "127.0.0.1"].iter().chain(names).map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(all).expect("names that can stand in a certificate");
        params.distinguished_name.push(DnType::CommonName, "holmes test server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("a key for the server");
        let certificate = params.signed_by(&key, &self.issuer).expect("the server's certificate");
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions that the provider knows")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate that fits its key");
        ServerIdentity { acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

/// What a server proves itself with.
#[derive(Clone)]
pub struct ServerIdentity {
    pub(crate) acceptor: TlsAcceptor,
}
