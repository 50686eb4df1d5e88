//! Where a deployment is, and how a request to it is signed: the only place that touches a key.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

/// `LiteLLM`'s default, which `HolmesGPT`'s users rely on.
const DEFAULT_API_VERSION: &str = "2025-02-01-preview";
/// Older classic API versions answer 400 to `stream_options`.
const FIRST_VERSION_WITH_STREAM_OPTIONS: &str = "2024-09-01";
/// Hosts of Azure's own data planes, sovereign clouds included.
const AZURE_SUFFIXES: [&str; 3] = [".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure."];

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// With path and `api-version`; holds no credential.
    pub(crate) url: Url,
    /// The body's `model`.
    pub(crate) model: String,
    /// Whether usage may be asked for in a stream.
    pub(crate) stream_options: bool,
}

/// How requests are signed.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// Azure's `api-key`.
    Azure(SecretString),
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// A server that wants none.
    None,
}

/// A signed way to a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) key: Key,
    /// The entry's `extra_headers`; gateways take keys there.
    pub(crate) headers: Vec<(HeaderName, SecretString)>,
}

impl Endpoint {
    /// What may be shown to nobody: the key, and headers, because gateways take keys there.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let key = match &self.key {
            Key::Azure(key) | Key::Bearer(key) => Some(key),
            Key::None => None,
        };
        key.into_iter().chain(self.headers.iter().map(|(_, value)| value)).cloned().collect()
    }

    /// Puts key and headers on a request.
    pub(crate) fn sign(&self, mut request: RequestBuilder) -> RequestBuilder {
        for (name, value) in &self.headers {
            request = request.header(name, sensitive(value.expose_secret()));
        }
        match &self.key {
            Key::Azure(key) => request.header("api-key", sensitive(key.expose_secret())),
            Key::Bearer(key) => {
                request.header("authorization", sensitive(&format!("Bearer {}", key.expose_secret())))
            }
            Key::None => request,
        }
    }

    /// Takes every secret of this endpoint out of a text that came from outside.
    pub(crate) fn redact(&self, text: &str) -> String {
        let key = match &self.key {
            Key::Azure(key) | Key::Bearer(key) => Some(key),
            Key::None => None,
        };
        let secrets = key.into_iter().chain(self.headers.iter().map(|(_, value)| value));
        let secrets = secrets.map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> String {
        host(&self.address.url)
    }
}

/// A key that no header can carry was refused when the entry was read; empty here is never reached.
fn sensitive(value: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Host and port.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Reads a base URL. The error says what is wrong without quoting it, because it may hold a credential.
pub(crate) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("`api_base` is no URL ({error})"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err("`api_base` has to begin with `https://` and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("`api_base` holds a user or password; put the credential into `api_key`".to_owned());
    }
    Ok(url)
}

/// Whether a base is one of Azure's own hosts.
pub(crate) fn is_azure(url: &Url) -> bool {
    url.host_str().is_some_and(|host| AZURE_SUFFIXES.iter().any(|suffix| host.contains(suffix)))
}

/// Whether a key may be sent there: over TLS, or to this machine.
pub(crate) fn may_carry_a_key(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme() == "https" || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Azure's two forms. `version` decides, unless the base ends in `/openai/v1` or names a deployment.
pub(crate) fn azure(base: &Url, deployment: &str, version: Option<&str>) -> Address {
    let in_query =
        base.query_pairs().find(|(name, _)| name == "api-version").map(|(_, value)| value.into_owned());
    let version = version.map(str::to_owned).or(in_query);
    let mut segments: Vec<&str> = base.path().split('/').filter(|segment| !segment.is_empty()).collect();
    strip(&mut segments, &["chat", "completions"]);
    let mut named = None;
    if let [.., "openai", "deployments", name] = segments.as_slice() {
        named = Some((*name).to_owned());
        segments.truncate(segments.len().saturating_sub(3));
    }
    let ends_in_v1 = strip(&mut segments, &["openai", "v1"]);
    strip(&mut segments, &["openai"]);
    let wants_v1 = version.as_deref().is_some_and(|version| matches!(version, "v1" | "latest" | "preview"));
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if (ends_in_v1 || wants_v1) && named.is_none() {
        set_path(&mut url, &segments, &["openai", "v1", "chat", "completions"]);
        return Address { url, model: deployment.to_owned(), stream_options: true };
    }
    let name = named.unwrap_or_else(|| percent_free(deployment));
    set_path(&mut url, &segments, &["openai", "deployments", &name, "chat", "completions"]);
    let version = version.filter(|_| !wants_v1).unwrap_or_else(|| DEFAULT_API_VERSION.to_owned());
    url.query_pairs_mut().append_pair("api-version", &version);
    let stream_options = version.as_str() >= FIRST_VERSION_WITH_STREAM_OPTIONS;
    Address { url, model: deployment.to_owned(), stream_options }
}

/// `OpenAI`, or a server that speaks like it.
pub(crate) fn openai(base: &Url, model: &str) -> Address {
    let mut segments: Vec<&str> = base.path().split('/').filter(|segment| !segment.is_empty()).collect();
    strip(&mut segments, &["chat", "completions"]);
    if segments.is_empty() {
        segments.push("v1");
    }
    let mut url = base.clone();
    url.set_fragment(None);
    set_path(&mut url, &segments, &["chat", "completions"]);
    Address { url, model: model.to_owned(), stream_options: true }
}

fn percent_free(deployment: &str) -> String {
    deployment.trim_matches('/').to_owned()
}

fn strip(segments: &mut Vec<&str>, end: &[&str]) -> bool {
    let found = segments.ends_with(end);
    if found {
        segments.truncate(segments.len().saturating_sub(end.len()));
    }
    found
}

fn set_path(url: &mut Url, prefix: &[&str], rest: &[&str]) {
    // Every URL here has a host, so it has a path; `push` percent-encodes.
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear();
        for segment in prefix.iter().chain(rest) {
            path.push(segment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_url_matrix() {
        const CLASSIC: &str =
            "https://c.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-01-01";
        const V1: &str = "https://c.openai.azure.com/openai/v1/chat/completions";
        for (path, version, expected) in [
            ("", Some("2025-01-01"), CLASSIC),
            ("/", Some("2025-01-01"), CLASSIC),
            ("/openai", Some("2025-01-01"), CLASSIC),
            ("/openai/", Some("2025-01-01"), CLASSIC),
            ("/openai/deployments/d", Some("2025-01-01"), CLASSIC),
            ("/openai/deployments/d/", Some("2025-01-01"), CLASSIC),
            ("/openai/deployments/d/chat/completions", Some("2025-01-01"), CLASSIC),
            ("/openai/deployments/d/chat/completions?api-version=2025-01-01", None, CLASSIC),
            ("?api-version=2025-01-01", None, CLASSIC),
            ("?api-version=1999-01-01&sig=x#f", Some("2025-01-01"), CLASSIC),
            ("", Some("v1"), V1),
            ("/openai", Some("latest"), V1),
            ("/openai/v1", None, V1),
            ("/openai/v1/", Some("2025-01-01"), V1),
            ("/openai/v1/chat/completions", Some("preview"), V1),
        ] {
            let base = base(&format!("https://c.openai.azure.com{path}")).unwrap();
            assert_eq!(azure(&base, "d", version).url.as_str(), expected, "{path} {version:?}");
        }
        let gateway = base("https://apim.example/team/openai").unwrap();
        let address = azure(&gateway, "a b/c", None);
        assert_eq!(
            address.url.as_str(),
            "https://apim.example/team/openai/deployments/a%20b%2Fc/chat/completions?api-version=2025-02-01-preview"
        );
        assert!(address.stream_options && !azure(&gateway, "d", Some("2024-06-01")).stream_options);
    }

    #[test]
    fn compatible_servers_get_the_path_they_have() {
        for (text, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
            ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
            ("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
            ("https://x/y/chat/completions", "https://x/y/chat/completions"),
        ] {
            assert_eq!(openai(&base(text).unwrap(), "m").url.as_str(), expected);
        }
    }

    #[test]
    fn keys_go_over_tls_or_stay_on_this_machine() {
        for (text, expected) in [
            ("https://example.com", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(may_carry_a_key(&base(text).unwrap()), expected, "{text}");
        }
        for bad in ["", "x", "ftp://x", "file:///etc", "https://user:canary@x"] {
            assert!(!base(bad).unwrap_err().contains("canary"), "{bad}");
        }
    }
}
