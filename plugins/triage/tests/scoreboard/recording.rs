//! A recorded cluster, answering as its API server would.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holmes_plugin::Request;
use holmes_toolset_triage::SOURCES;
use serde_json::{Value, json};

/// The files of a recording.
#[derive(Clone)]
pub(crate) struct Recording {
    files: BTreeMap<String, Vec<u8>>,
}

impl Recording {
    pub(crate) fn open(path: &Path) -> Self {
        let archive = std::fs::File::open(path).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        let mut files = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().trim_start_matches("./").to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(name, bytes);
        }
        Self { files }
    }

    pub(crate) fn now(&self) -> i64 {
        let snapshot = self.json("snapshot.json").unwrap();
        let text = snapshot["recordedAt"].as_str().unwrap().to_owned();
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_slice(self.files.get(name)?).ok()
    }

    pub(crate) fn answer(&self, request: &Request) -> Option<(u16, Vec<u8>)> {
        if let Some(path) = request.path.strip_suffix("/log") {
            return Some(self.log(path, request));
        }
        if request.path == "/apis" {
            return Some((200, self.files.get("discovery/apis.json")?.clone()));
        }
        let source = SOURCES.iter().find(|source| {
            let group =
                if source.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", source.group) };
            request.path == format!("{group}/{}/{}", source.version, source.plural)
        })?;
        let refused = self.json("forbidden.json").unwrap_or_default();
        let is_refused = |entry: &Value| entry["group"] == source.group && entry["resource"] == source.plural;
        if refused.as_array().into_iter().flatten().any(is_refused) {
            return Some(status(403, "Forbidden"));
        }
        let group = if source.group.is_empty() { "core" } else { source.group };
        let mut list = self
            .json(&format!("resources/{}.{group}.json", source.plural))
            .unwrap_or_else(|| json!({"items": []}));
        if source.plural == "secrets" {
            list["items"].as_array_mut().unwrap().iter_mut().for_each(mask);
        }
        Some((200, serde_json::to_vec(&list).unwrap()))
    }

    fn log(&self, path: &str, request: &Request) -> (u16, Vec<u8>) {
        let parts: Vec<&str> = path.split('/').collect();
        let (namespace, pod) = (parts[4], parts[6]);
        let query =
            |name: &str| request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let instance = if query("previous").is_some() { ".previous" } else { "" };
        let name = format!("logs/{namespace}/{pod}/{}{instance}.log", query("container").unwrap());
        let Some(bytes) = self.files.get(&name) else { return status(400, "BadRequest") };
        let text = String::from_utf8_lossy(bytes);
        let tail: usize = query("tailLines").map_or(usize::MAX, |lines| lines.parse().unwrap());
        let lines: Vec<&str> = text.lines().collect();
        (200, lines[lines.len().saturating_sub(tail)..].join("\n").into_bytes())
    }
}

fn status(code: u16, reason: &str) -> (u16, Vec<u8>) {
    let body =
        json!({"kind": "Status", "code": code, "reason": reason, "message": format!("recorded: {reason}")});
    (code, serde_json::to_vec(&body).unwrap())
}

/// What the host does to Secrets: placeholders, and of certificates the facts.
fn mask(secret: &mut Value) {
    let Some(data) = secret.get_mut("data").and_then(Value::as_object_mut) else { return };
    for value in data.values_mut() {
        let facts =
            value.as_str().and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| certificate(&bytes));
        *value = facts.unwrap_or_else(|| json!("<redacted:secret:00000000>"));
    }
}

fn certificate(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let (_, leaf) = x509_parser::parse_x509_certificate(&der).ok()?;
    let time = |time: x509_parser::time::ASN1Time| {
        jiff::Timestamp::from_second(time.timestamp()).unwrap().to_string()
    };
    let names = leaf.subject_alternative_name().ok().flatten().map(|extension| {
        let names = extension.value.general_names.iter();
        names
            .filter_map(|name| match name {
                x509_parser::extensions::GeneralName::DNSName(name) => Some((*name).to_owned()),
                _other => None,
            })
            .collect::<Vec<String>>()
    });
    Some(json!({"certificate": {
        "subject": leaf.subject().to_string(),
        "issuer": leaf.issuer().to_string(),
        "subjectAlternativeNames": names.unwrap_or_default(),
        "notBefore": time(leaf.validity().not_before),
        "notAfter": time(leaf.validity().not_after),
        "fingerprint": "sha256:00",
    }}))
}
