//! What a model id says: `azure/<deployment>`, `openai/<model>`, or a bare name that is known.

/// A provider that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// Azure `OpenAI`.
    Azure,
    /// Foundry: `OpenAI`'s v1 path, or Claude by the base.
    AzureAi,
    /// `OpenAI`, or a server that speaks like it.
    OpenAi,
    /// Anthropic, or Claude in Foundry by the base.
    Anthropic,
    /// A server that speaks like `OpenAI` and has a prefix of its own.
    Compatible(&'static Compatible),
}

/// A server that speaks like `OpenAI` and has a prefix of its own in `LiteLLM`'s ids.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Compatible {
    pub(crate) prefix: &'static str,
    pub(crate) base_variable: &'static str,
    pub(crate) key_variable: &'static str,
    pub(crate) default_base: Option<&'static str>,
}

/// Names and variables as `LiteLLM` has them.
const COMPATIBLE: [Compatible; 4] = [
    Compatible {
        prefix: "ollama",
        base_variable: "OLLAMA_API_BASE",
        key_variable: "OLLAMA_API_KEY",
        default_base: Some("http://localhost:11434"),
    },
    Compatible {
        prefix: "ollama_chat",
        base_variable: "OLLAMA_API_BASE",
        key_variable: "OLLAMA_API_KEY",
        default_base: Some("http://localhost:11434"),
    },
    Compatible {
        prefix: "hosted_vllm",
        base_variable: "HOSTED_VLLM_API_BASE",
        key_variable: "HOSTED_VLLM_API_KEY",
        default_base: None,
    },
    Compatible {
        prefix: "litellm_proxy",
        base_variable: "LITELLM_PROXY_API_BASE",
        key_variable: "LITELLM_PROXY_API_KEY",
        default_base: None,
    },
];

/// Ids of `LiteLLM` that people have in their files and that are not spoken.
const NOT_SPOKEN: [&str; 17] = [
    "bedrock",
    "vertex_ai",
    "gemini",
    "openrouter",
    "groq",
    "mistral",
    "cohere",
    "together_ai",
    "vllm",
    "deepseek",
    "xai",
    "perplexity",
    "fireworks_ai",
    "databricks",
    "watsonx",
    "huggingface",
    "robusta",
];
const SUPPORTED: &str = "supported are `azure/<deployment>`, `azure_ai/<model>`, `openai/<model>`, `anthropic/<model>` and, with \
     `api_base`, every OpenAI-compatible server as `openai/<model>`";

impl Provider {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::AzureAi => "azure_ai",
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Compatible(compatible) => compatible.prefix,
        }
    }

    fn of(prefix: &str) -> Option<Self> {
        match prefix {
            "azure" => Some(Self::Azure),
            "azure_ai" => Some(Self::AzureAi),
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            _ => COMPATIBLE.iter().find(|one| one.prefix == prefix).map(Self::Compatible),
        }
    }
}

/// An id, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id<'a> {
    pub(crate) provider: Provider,
    pub(crate) model: &'a str,
    /// The id itself asks for Responses: `azure/responses/<deployment>`.
    pub(crate) responses: bool,
}

/// Whether an id begins with a prefix that is a provider's, spoken or not.
pub(crate) fn has_known_prefix(id: &str) -> bool {
    let Some((prefix, rest)) = id.split_once('/') else { return false };
    !rest.is_empty() && (Provider::of(prefix).is_some() || NOT_SPOKEN.contains(&prefix))
}

/// The provider and the model of an id.
pub(crate) fn split(id: &str, has_base: bool) -> Result<Id<'_>, String> {
    let prefixed = id.split_once('/').and_then(|(prefix, rest)| Some((Provider::of(prefix)?, rest)));
    let (provider, model) = match (prefixed, id.split_once('/')) {
        (Some(prefixed), _) => prefixed,
        (None, Some((prefix, _))) if NOT_SPOKEN.contains(&prefix) || !has_base => {
            return Err(format!("the provider `{prefix}` is not spoken; {SUPPORTED}"));
        }
        (None, None) if !has_base && !is_openai_name(id) => {
            return Err(format!("`{id}` names no provider; {SUPPORTED}"));
        }
        // With a base of its own any name may be a model: `meta-llama/Llama-3`.
        (None, _) => (Provider::OpenAi, id),
    };
    let (model, responses) = match model.strip_prefix("responses/") {
        Some(model) if provider != Provider::Anthropic => (model, true),
        Some(_) | None => (model, false),
    };
    if model.is_empty() {
        return Err(format!("`{id}` names no model; {SUPPORTED}"));
    }
    Ok(Id { provider, model, responses })
}

fn is_openai_name(id: &str) -> bool {
    ["gpt-", "chatgpt-", "o1", "o3", "o4"].iter().any(|prefix| id.starts_with(prefix))
}

/// Provider and model for lists, also of entries that are not spoken.
pub(crate) fn describe(id: &str) -> (String, String) {
    if let Ok(id) = split(id, true) {
        return (id.provider.as_str().to_owned(), id.model.to_owned());
    }
    let (provider, model) = id.split_once('/').unwrap_or(("", id));
    (provider.to_owned(), model.to_owned())
}
