//! The certificates in a Secret: public by nature, and the only values of it that are kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use x509_parser::pem::Pem;

/// Most values hold none, and the PEM parser would read on through all of them.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// As PEM has it.
const LINE: usize = 64;

/// The entries of `data` that hold certificates, with nothing but the certificates.
pub(super) fn of(secret: &Value) -> Map<String, Value> {
    let helm =
        secret.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("helm.sh/release"));
    let data = secret.get("data").and_then(Value::as_object).filter(|_| !helm);
    let entries = data.into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), kept(value.as_str()?)?.into()))).collect()
}

/// Written anew from what was parsed, so that nothing beside the certificates comes along.
fn kept(value: &str) -> Option<String> {
    let bytes = STANDARD.decode(value.trim()).ok()?;
    let start = bytes.windows(BEGIN.len()).position(|window| window == BEGIN)?;
    let mut text = String::new();
    for pem in Pem::iter_from_buffer(bytes.get(start..)?).map_while(Result::ok) {
        if pem.label != "CERTIFICATE" || pem.parse_x509().is_err() {
            continue;
        }
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(&pem.contents).as_bytes().chunks(LINE) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    (!text.is_empty()).then(|| STANDARD.encode(text))
}
