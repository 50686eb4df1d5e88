//! What a model id says: `azure/<deployment>`, `openai/<model>`, or a bare name that is known.

/// A provider that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// Azure `OpenAI`.
    Azure,
    /// Foundry, over its `OpenAI` v1 path.
    AzureAi,
    /// `OpenAI`, or a server that speaks like it.
    OpenAi,
}

/// Ids of `LiteLLM` that people have in their files and that are not spoken.
const NOT_SPOKEN: [&str; 22] = [
    "anthropic",
    "bedrock",
    "vertex_ai",
    "gemini",
    "ollama",
    "ollama_chat",
    "openrouter",
    "groq",
    "mistral",
    "cohere",
    "together_ai",
    "hosted_vllm",
    "vllm",
    "litellm_proxy",
    "deepseek",
    "xai",
    "perplexity",
    "fireworks_ai",
    "databricks",
    "watsonx",
    "huggingface",
    "robusta",
];
const SUPPORTED: &str = "supported are `azure/<deployment>`, `azure_ai/<model>`, `openai/<model>` and, with `api_base`, every \
     OpenAI-compatible server as `openai/<model>`";

impl Provider {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::AzureAi => "azure_ai",
            Self::OpenAi => "openai",
        }
    }
}

/// Whether an id begins with a prefix that is a provider's, spoken or not.
pub(crate) fn has_known_prefix(id: &str) -> bool {
    let Some((prefix, rest)) = id.split_once('/') else { return false };
    !rest.is_empty() && (["azure", "azure_ai", "openai"].contains(&prefix) || NOT_SPOKEN.contains(&prefix))
}

/// The provider and the model of an id.
pub(crate) fn split(id: &str, has_base: bool) -> Result<(Provider, &str), String> {
    let (provider, model) = match id.split_once('/') {
        Some(("azure", model)) => (Provider::Azure, model),
        Some(("azure_ai", model)) => (Provider::AzureAi, model),
        Some(("openai", model)) => (Provider::OpenAi, model),
        Some((prefix, _)) if NOT_SPOKEN.contains(&prefix) || !has_base => {
            return Err(format!("the provider `{prefix}` is not spoken; {SUPPORTED}"));
        }
        None if !has_base && !is_openai_name(id) => {
            return Err(format!("`{id}` names no provider; {SUPPORTED}"));
        }
        // With a base of its own any name may be a model: `meta-llama/Llama-3`.
        Some(_) | None => (Provider::OpenAi, id),
    };
    if model.starts_with("responses/") {
        return Err(format!(
            "`{id}` asks for the Responses API, which is not spoken yet; leave `responses/` out"
        ));
    }
    if model.is_empty() {
        return Err(format!("`{id}` names no model; {SUPPORTED}"));
    }
    Ok((provider, model))
}

fn is_openai_name(id: &str) -> bool {
    ["gpt-", "chatgpt-", "o1", "o3", "o4"].iter().any(|prefix| id.starts_with(prefix))
}

/// Provider and model for lists, also of entries that are not spoken.
pub(crate) fn describe(id: &str) -> (String, String) {
    if let Ok((provider, model)) = split(id, true) {
        return (provider.as_str().to_owned(), model.to_owned());
    }
    let (provider, model) = id.split_once('/').unwrap_or(("", id));
    (provider.to_owned(), model.to_owned())
}
