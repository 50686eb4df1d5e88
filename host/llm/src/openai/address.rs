//! The URLs of Azure's and `OpenAI`'s deployments, from a base as people write it.

use reqwest::Url;

use crate::{
    dialect::Dialect,
    endpoint::{Address, Routes},
};

/// `LiteLLM`'s default, which `HolmesGPT`'s users rely on.
const DEFAULT_API_VERSION: &str = "2025-02-01-preview";
/// Older classic API versions answer 400 to `stream_options`.
const FIRST_VERSION_WITH_STREAM_OPTIONS: &str = "2024-09-01";
/// Older classic API versions have no Responses; the resource's v1 path has.
const FIRST_VERSION_WITH_RESPONSES: &str = "2025-03-01-preview";
/// Lists models on every classic resource.
const MODELS_VERSION: &str = "2024-10-21";

/// What a base and a deployment's name come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) chat: Address,
    pub(crate) responses: Address,
    /// Lists models: a request that proves the credential and costs no token.
    pub(crate) models: Url,
    /// The body's `model`: the base may name a deployment, and wins.
    pub(crate) model: String,
}

impl Addresses {
    /// The routes of a deployment that is spoken to in `first` to begin with.
    pub(crate) fn routes(self, first: Dialect) -> Routes {
        let (chat, responses) = ((Dialect::Chat, self.chat), (Dialect::Responses, self.responses));
        match first {
            Dialect::Responses => Routes { first: responses, other: Some(chat) },
            Dialect::Chat | Dialect::Messages => Routes { first: chat, other: Some(responses) },
        }
    }
}

/// Azure's two forms. `version` decides, unless the base ends in `/openai/v1` or names a deployment.
pub(crate) fn azure(base: &Url, deployment: &str, version: Option<&str>) -> Addresses {
    let in_query =
        base.query_pairs().find(|(name, _)| name == "api-version").map(|(_, value)| value.into_owned());
    let version = version.map(str::to_owned).or(in_query);
    let mut segments: Vec<&str> = base.path().split('/').filter(|segment| !segment.is_empty()).collect();
    strip_protocol(&mut segments);
    let mut named = None;
    if let [.., "openai", "deployments", name] = segments.as_slice() {
        named = Some((*name).to_owned());
        segments.truncate(segments.len().saturating_sub(3));
    }
    let ends_in_v1 = strip(&mut segments, &["openai", "v1"]);
    strip(&mut segments, &["openai"]);
    let wants_v1 = version.as_deref().is_some_and(|version| matches!(version, "v1" | "latest" | "preview"));
    let at = |rest: &[&str], version: Option<&str>| {
        let mut url = base.clone();
        url.set_query(None);
        url.set_fragment(None);
        set_path(&mut url, &segments, rest);
        if let Some(version) = version {
            url.query_pairs_mut().append_pair("api-version", version);
        }
        url
    };
    let plain = |url| Address { url, stream_options: true };
    let model = named.clone().unwrap_or_else(|| deployment.trim_matches('/').to_owned());
    if (ends_in_v1 || wants_v1) && named.is_none() {
        return Addresses {
            chat: plain(at(&["openai", "v1", "chat", "completions"], None)),
            responses: plain(at(&["openai", "v1", "responses"], None)),
            models: at(&["openai", "v1", "models"], None),
            model,
        };
    }
    let version = version.filter(|_| !wants_v1).unwrap_or_else(|| DEFAULT_API_VERSION.to_owned());
    let responses = if version.as_str() < FIRST_VERSION_WITH_RESPONSES {
        at(&["openai", "v1", "responses"], None)
    } else {
        at(&["openai", "responses"], Some(&version))
    };
    Addresses {
        chat: Address {
            url: at(&["openai", "deployments", &model, "chat", "completions"], Some(&version)),
            stream_options: version.as_str() >= FIRST_VERSION_WITH_STREAM_OPTIONS,
        },
        responses: plain(responses),
        models: at(&["openai", "models"], Some(MODELS_VERSION)),
        model,
    }
}

/// `OpenAI`, or a server that speaks like it.
pub(crate) fn openai(base: &Url, model: &str) -> Addresses {
    let mut segments: Vec<&str> = base.path().split('/').filter(|segment| !segment.is_empty()).collect();
    strip_protocol(&mut segments);
    if segments.is_empty() {
        segments.push("v1");
    }
    let at = |rest: &[&str]| {
        let mut url = base.clone();
        url.set_fragment(None);
        set_path(&mut url, &segments, rest);
        url
    };
    let plain = |url| Address { url, stream_options: true };
    Addresses {
        chat: plain(at(&["chat", "completions"])),
        responses: plain(at(&["responses"])),
        models: at(&["models"]),
        model: model.to_owned(),
    }
}

/// People paste the URL of a request as well as that of a resource.
fn strip_protocol(segments: &mut Vec<&str>) {
    if !strip(segments, &["chat", "completions"]) {
        strip(segments, &["responses"]);
    }
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
    use crate::endpoint::base;

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
            ("/openai/v1/responses", None, V1),
        ] {
            let base = base(&format!("https://c.openai.azure.com{path}")).unwrap();
            assert_eq!(azure(&base, "d", version).chat.url.as_str(), expected, "{path} {version:?}");
        }
        let gateway = base("https://apim.example/team/openai").unwrap();
        let address = azure(&gateway, "a b/c", None).chat;
        assert_eq!(
            address.url.as_str(),
            "https://apim.example/team/openai/deployments/a%20b%2Fc/chat/completions?api-version=2025-02-01-preview"
        );
        assert!(address.stream_options && !azure(&gateway, "d", Some("2024-06-01")).chat.stream_options);
    }

    #[test]
    fn responses_are_at_the_version_that_has_them() {
        let base = |path: &str| base(&format!("https://c.openai.azure.com{path}")).unwrap();
        for (path, version, expected) in [
            ("", Some("2025-04-01-preview"), "openai/responses?api-version=2025-04-01-preview"),
            ("", Some("2024-10-21"), "openai/v1/responses"),
            ("", None, "openai/v1/responses"),
            ("", Some("v1"), "openai/v1/responses"),
            ("/api/projects/p/openai/v1", None, "api/projects/p/openai/v1/responses"),
        ] {
            let addresses = azure(&base(path), "d", version);
            let url = addresses.responses.url.as_str();
            assert_eq!(url, format!("https://c.openai.azure.com/{expected}"), "{path} {version:?}");
        }
        assert_eq!(azure(&base("/openai/deployments/x"), "d", None).model, "x");
        let models = azure(&base(""), "d", None).models;
        assert_eq!(models.as_str(), "https://c.openai.azure.com/openai/models?api-version=2024-10-21");
    }

    #[test]
    fn compatible_servers_get_the_path_they_have() {
        for (text, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
            ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
            ("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
            ("https://x/y/chat/completions", "https://x/y/chat/completions"),
        ] {
            assert_eq!(openai(&base(text).unwrap(), "m").chat.url.as_str(), expected);
        }
    }
}
