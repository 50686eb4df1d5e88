//! A certificate as proof: a PEM file with certificate and RSA key, and the assertion signed with it.
//!
//! `azure_identity` takes PKCS#12 only and brings OpenSSL for it; a PEM file is what Kubernetes mounts.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::{self, SystemRandom},
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PSS_SHA256},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{AuthError, AuthErrorKind};

/// A chain with its key is some KiB.
const LONGEST_FILE: u64 = 256 * 1024;
/// Entra takes it at once; the rest is for clocks that differ.
const ASSERTION_LIFE: Duration = Duration::from_mins(10);

/// A certificate, what stands above it, and its key.
pub(super) struct Certificate {
    /// The certificate of the key first.
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// # Errors
/// Says what is wrong with the file, and by which command it becomes one that can be used.
pub(super) async fn read(path: &Path, password: bool) -> Result<Certificate, AuthError> {
    let wrong = |what: &str| {
        let message = format!("AZURE_CLIENT_CERTIFICATE_PATH names {}, {what}", path.display());
        AuthError::new(AuthErrorKind::Configuration, message)
    };
    let unreadable = |error: std::io::Error| wrong(&format!("which can not be read ({error})"));
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    let bytes = secrecy::SecretSlice::from(bytes);
    parse(&bytes, password).map_err(|what| wrong(&what))
}

fn parse(bytes: &secrecy::SecretSlice<u8>, password: bool) -> Result<Certificate, String> {
    use secrecy::ExposeSecret;
    let bytes = bytes.expose_secret();
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST_FILE {
        return Err(format!("which is longer than {} KiB", LONGEST_FILE / 1024));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN "));
    let Some(text) = text else {
        return Err("which is not PEM; a PKCS#12 file becomes PEM with \
                    `openssl pkcs12 -in cert.pfx -nodes -out cert.pem`"
            .to_owned());
    };
    if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        let also = if password { " (AZURE_CLIENT_CERTIFICATE_PASSWORD is not used)" } else { "" };
        return Err(format!(
            "whose key is encrypted, which is not supported{also}; decrypt it with \
             `openssl pkey -in cert.pem -out key.pem` and put it beside the certificate in one file"
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|_| "which holds no private key".to_owned())?;
    let key = if let PrivateKeyDer::Pkcs8(der) = &key {
        KeyPair::from_pkcs8(der.secret_pkcs8_der())
    } else if let PrivateKeyDer::Pkcs1(der) = &key {
        KeyPair::from_der(der.secret_pkcs1_der())
    } else {
        return Err("whose key is not RSA, the only kind that Entra takes".to_owned());
    };
    let key = key.map_err(|_| "whose key is no RSA key of 2048 bits or more".to_owned())?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let mut chain = chain.map_err(|_| "in which a certificate is damaged".to_owned())?;
    // A certificate holds its public key in this very form.
    let public = key.public_key().as_ref();
    let holds = |der: &CertificateDer<'_>| der.windows(public.len()).any(|window| window == public);
    let Some(own) = chain.iter().position(holds) else {
        return Err("which holds no certificate that belongs to its private key".to_owned());
    };
    let own = chain.remove(own);
    chain.insert(0, own);
    Ok(Certificate { chain, key })
}

impl Certificate {
    /// A JSON Web Token that says who the client is, signed as PS256.
    ///
    /// # Errors
    /// When it can not be signed.
    pub(super) fn assertion(
        &self,
        audience: &str,
        client: &str,
        with_chain: bool,
    ) -> Result<SecretString, AuthError> {
        let unsigned = || AuthError::new(AuthErrorKind::Configuration, "the certificate's key does not sign");
        let mut id = [0_u8; 16];
        let random = SystemRandom::new();
        rand::fill(&mut id).map_err(|_| unsigned())?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let own = self.chain.first().map(AsRef::as_ref).unwrap_or_default();
        let mut header = json!({
            "alg": "PS256",
            "typ": "JWT",
            "x5t#S256": URL_SAFE_NO_PAD.encode(digest(&SHA256, own)),
        });
        if let (true, Some(header)) = (with_chain, header.as_object_mut()) {
            let chain = self.chain.iter().map(|der| STANDARD.encode(der).into()).collect();
            header.insert("x5c".to_owned(), serde_json::Value::Array(chain));
        }
        let claims = json!({
            "aud": audience,
            "iss": client,
            "sub": client,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "nbf": now.as_secs(),
            "exp": (now + ASSERTION_LIFE).as_secs(),
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature).map_err(|_| unsigned())?;
        Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[cfg(test)]
mod tests;
