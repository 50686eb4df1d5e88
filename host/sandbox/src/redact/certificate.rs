//! The facts of an X.509 certificate: what may be seen of a Secret's value that holds one.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::time::ASN1Time;

/// More names than any certificate authority puts into one certificate for a server.
const MAX_NAMES: usize = 100;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The facts of the first certificate in a PEM value; `None` when there is none that parses.
pub(super) fn facts(value: &[u8]) -> Option<Value> {
    // Most values hold none, and the PEM parser would read on through all of them.
    let start = value.windows(BEGIN.len()).position(|window| window == BEGIN)?;
    let (pem, _) = Pem::read(std::io::Cursor::new(value.get(start..)?)).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let mut fingerprint = String::from("sha256:");
    for byte in Sha256::digest(&pem.contents) {
        let _ = write!(fingerprint, "{byte:02x}");
    }
    Some(json!({"certificate": {
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "subjectAlternativeNames": alternative_names(&certificate),
        "notBefore": rfc3339(certificate.validity().not_before)?,
        "notAfter": rfc3339(certificate.validity().not_after)?,
        "fingerprint": fingerprint,
    }}))
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().take(MAX_NAMES).filter_map(name).collect()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
            let v6 = || <[u8; 16]>::try_from(*bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string());
            v4.or_else(|_| v6()).ok()
        }
        GeneralName::OtherName(..)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

fn rfc3339(time: ASN1Time) -> Option<String> {
    Timestamp::from_second(time.timestamp()).ok().map(|time| time.to_string())
}
