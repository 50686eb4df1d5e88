//! Where a deployment is reached, in which protocols, and who signs requests to it.

use std::{net::IpAddr, sync::Arc};

use holmes_identity::{AuthError, Authorizer, Stamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::dialect::Dialect;

/// Hosts of Azure's own data planes, sovereign clouds included.
const AZURE_SERVICES: [&str; 3] = [".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure."];
/// The ends of Azure's clouds: public, US government, China.
const AZURE_CLOUDS: [&str; 3] = ["com", "us", "cn"];

/// Where the requests of one protocol go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// With path and `api-version`; holds no credential.
    pub(crate) url: Url,
    /// Whether usage may be asked for in a stream.
    pub(crate) stream_options: bool,
}

/// A deployment's addresses, one for each protocol it may be spoken to in; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routes {
    /// The protocol to begin with.
    pub(crate) first: (Dialect, Address),
    /// The one to switch to when the deployment asks for it.
    pub(crate) other: Option<(Dialect, Address)>,
}

impl Routes {
    /// A deployment that is spoken to in one protocol only.
    pub(crate) fn only(dialect: Dialect, address: Address) -> Self {
        Self { first: (dialect, address), other: None }
    }

    /// The address of a protocol, if the deployment has it.
    pub(crate) fn of(&self, dialect: Dialect) -> Option<&Address> {
        let mut both = [Some(&self.first), self.other.as_ref()].into_iter().flatten();
        both.find(|(candidate, _)| *candidate == dialect).map(|(_, address)| address)
    }
}

/// A signed way to a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) routes: Routes,
    /// The body's `model`: the deployment's or the model's name.
    pub(crate) model: String,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    /// Signed by a key; otherwise by a token, or not at all.
    pub(crate) by_key: bool,
    /// Headers beside the credential; gateways take keys there.
    pub(crate) headers: Vec<(HeaderName, SecretString)>,
}

impl Endpoint {
    /// The headers of one request: the entry's, then the credential.
    pub(crate) async fn sign(&self) -> Result<(HeaderMap, Stamp), AuthError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            // A value that no header can carry was refused when the entry was read.
            if let Ok(mut value) = HeaderValue::from_str(value.expose_secret()) {
                value.set_sensitive(true);
                headers.append(name, value);
            }
        }
        let stamp = self.authorizer.sign(&mut headers).await?;
        Ok((headers, stamp))
    }

    /// Takes every secret of this endpoint out of a text that came from outside.
    pub(crate) fn redact(&self, text: &str) -> String {
        let secrets = self.headers.iter().map(|(_, value)| value.expose_secret());
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let text = self.authorizer.redact(text);
        secrets.fold(text, |text, secret| text.replace(secret, "[redacted]"))
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> String {
        host(&self.routes.first.1.url)
    }

    /// By which items that only this deployment can read are known.
    pub(crate) fn origin(&self) -> String {
        format!("{}/{}", self.host(), self.model)
    }
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
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let of =
        |service: &&str| host.rsplit_once(service).is_some_and(|(_, cloud)| AZURE_CLOUDS.contains(&cloud));
    AZURE_SERVICES.iter().any(of)
}

/// Whether a credential may be sent there: over TLS, or to this machine.
pub(crate) fn may_carry_a_key(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether the address is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_azures_by_its_end() {
        for (host, expected) in [
            ("c.openai.azure.com", true),
            ("C.OpenAI.Azure.us.", true),
            ("c.services.ai.azure.com", true),
            ("c.cognitiveservices.azure.cn", true),
            ("c.openai.azure.com.evil.example", false),
            ("openai.azure.com.example", false),
            ("c.openai.azure.comx", false),
        ] {
            assert_eq!(is_azure(&base(&format!("https://{host}/")).unwrap()), expected, "{host}");
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
