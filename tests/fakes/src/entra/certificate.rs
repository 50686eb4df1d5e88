//! Certificates of an application, and the assertions that are signed with them.

use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest},
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{CertificateParams, DnType, PKCS_RSA_SHA256};
use serde_json::Value;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A certificate with its private key, as an operator keeps it.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// Certificate, then private key (PKCS#8), both in PEM: for `AZURE_CLIENT_CERTIFICATE_PATH`.
    pub pem: String,
    /// The certificate alone, in DER.
    pub der: Vec<u8>,
}

/// What the directory keeps of a certificate.
pub(super) struct Registered {
    der: Vec<u8>,
    public_key: Vec<u8>,
}

/// Makes an RSA key of 2048 bits and a self-signed certificate.
#[expect(clippy::expect_used, reason = "a test without its certificate can only fail")]
pub(super) fn issue() -> (ClientCertificate, Registered) {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("the key in PKCS#8");
    let pkcs8 = PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec());
    let signer =
        rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256).expect("the same key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "holmes test application");
    let certificate = params.self_signed(&signer).expect("a certificate");
    let der = certificate.der().to_vec();
    let pem = certificate.pem() + &signer.serialize_pem();
    let registered = Registered { der: der.clone(), public_key: key.public_key().as_ref().to_vec() };
    (ClientCertificate { pem, der }, registered)
}

impl Registered {
    /// Whether an assertion names this certificate and is signed with its key.
    pub(super) fn signed(&self, assertion: &str) -> bool {
        self.check(assertion).unwrap_or(false)
    }

    fn check(&self, assertion: &str) -> Option<bool> {
        let (input, signature) = assertion.rsplit_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(input.split('.').next()?).ok()?;
        let header: Value = serde_json::from_slice(&header).ok()?;
        let word = |name: &str| header.get(name).and_then(Value::as_str);
        let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &self.der));
        let named = word("x5t#S256").map(|named| named == print(&SHA256)).or_else(|| {
            word("x5t").map(|named| named.trim_end_matches('=') == print(&SHA1_FOR_LEGACY_USE_ONLY))
        })?;
        let chain = header.pointer("/x5c/0").and_then(Value::as_str);
        let chained = chain.is_none_or(|first| first == STANDARD.encode(&self.der));
        let algorithm: &dyn VerificationAlgorithm = match word("alg")? {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "PS256" => &RSA_PSS_2048_8192_SHA256,
            _ => return None,
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(algorithm, &self.public_key);
        Some(named && chained && key.verify(input.as_bytes(), &signature).is_ok())
    }
}
