//! Which API a path means.

use axum::http::{Method, Uri};

use crate::form;

/// The protocol of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Chat Completions.
    Chat,
    /// Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// A turn of a conversation.
    Talk(Talk),
    /// The list of models.
    Models,
    /// Nothing that exists.
    Nothing,
}

#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) protocol: Protocol,
    /// From the path; on the other paths the body names it.
    pub(super) deployment: Option<String>,
    /// Of the classic paths.
    pub(super) api_version: Option<String>,
}

impl Route {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path: Vec<String> = uri.path().trim_start_matches('/').split('/').map(form::decode).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let version = form::fields(uri.query().unwrap_or_default()).remove("api-version");
        let dated = version.as_deref().is_some_and(|version| version.starts_with("20"));
        let undated = version.as_deref().is_none_or(|version| ["preview", "latest", "v1"].contains(&version));
        let talk = |protocol, deployment: Option<&str>| {
            let deployment = deployment.map(str::to_owned);
            let api_version = version.clone().filter(|_| dated);
            Self::Talk(Talk { protocol, deployment, api_version })
        };
        match (method.as_str(), path.as_slice()) {
            ("POST", ["openai", "deployments", name, "chat", "completions"]) if dated => {
                talk(Protocol::Chat, Some(name))
            }
            ("POST", ["openai", "responses"]) if dated => talk(Protocol::Responses, None),
            ("POST", ["openai", "v1", "chat", "completions"]) if undated => talk(Protocol::Chat, None),
            ("POST", ["openai", "v1", "responses"]) if undated => talk(Protocol::Responses, None),
            ("POST", ["anthropic", "v1", "messages"]) => talk(Protocol::Messages, None),
            ("GET", ["openai", "models"]) if dated => Self::Models,
            ("GET", ["openai", "v1", "models"]) if undated => Self::Models,
            _ => Self::Nothing,
        }
    }
}
