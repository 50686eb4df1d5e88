//! What is known about models by their names: the window, and whether they reason.
//!
//! A deployment's name is free text; `base_model` of the entry says more. What nobody knows is learnt from
//! the provider's refusals (see [`crate::openai`]).

/// HolmesGPT's assumption about a model it does not know.
pub(crate) const UNKNOWN_WINDOW: u64 = 200_000;

/// Prefixes of a family and their windows; the first that fits counts.
const WINDOWS: [(&str, u64); 34] = [
    ("gpt-4o", 128_000),
    ("gpt-4.1", 1_047_576),
    ("gpt-4-turbo", 128_000),
    ("gpt-4-32k", 32_768),
    ("gpt-4", 8_192),
    ("gpt-3.5", 16_385),
    ("gpt-35", 16_385),
    ("gpt-5-chat", 128_000),
    ("gpt-5.1-chat", 111_616),
    ("gpt-5.2-chat", 111_616),
    ("gpt-5.3-chat", 111_616),
    ("gpt-5.4-mini", 272_000),
    ("gpt-5.4-nano", 272_000),
    ("gpt-5.4", 922_000),
    ("gpt-5.5", 922_000),
    ("gpt-5.6", 922_000),
    ("gpt-5", 272_000),
    ("gpt-6", 922_000),
    ("o1-mini", 128_000),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("claude-opus-4-6", 1_000_000),
    ("claude-opus-4-7", 1_000_000),
    ("claude-opus-4-8", 1_000_000),
    ("claude-sonnet-4-6", 1_000_000),
    ("claude-opus-5", 1_000_000),
    ("claude-sonnet-5", 1_000_000),
    ("claude-haiku-5", 1_000_000),
    ("claude-fable", 1_000_000),
    ("claude-mythos", 1_000_000),
    ("claude-3", 200_000),
    ("claude-sonnet", 200_000),
    ("claude", 200_000),
];

/// The window of a model, if its name says it.
pub(crate) fn window(model: &str) -> Option<u64> {
    let family = family(model)?;
    WINDOWS.iter().find(|(prefix, _)| family.starts_with(prefix)).map(|(_, window)| *window)
}

/// Whether the model reasons: no sampling parameters, and reasoning counts as output.
pub(crate) fn reasons(model: &str) -> bool {
    let Some(family) = family(model) else { return false };
    if family.contains("-chat") {
        return false;
    }
    let generation = family.strip_prefix("gpt-").and_then(|rest| rest.split(['.', '-']).next());
    let generation: Option<u32> = generation.and_then(|generation| generation.parse().ok());
    family.starts_with('o') || generation.is_some_and(|generation| (5..30).contains(&generation))
}

/// Whether the model takes Anthropic's `thinking`.
pub(crate) fn thinks(model: &str) -> bool {
    model.to_ascii_lowercase().contains("claude")
}

/// Whether the model samples by itself and refuses to be told how: Claude from Opus 4.7 and from 5 on.
pub(crate) fn samples_by_itself(model: &str) -> bool {
    let Some(family) = family(model) else { return false };
    let families = ["claude-opus-4-7", "claude-opus-4-8", "claude-fable", "claude-mythos"];
    let fifth = ["claude-opus-5", "claude-sonnet-5", "claude-haiku-5"];
    families.iter().chain(&fifth).any(|prefix| family.starts_with(prefix))
}

/// Whether the model is offered over Responses alone.
pub(crate) fn responses_only(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    let Some(family) = family(&model) else { return model.contains("codex-mini") };
    family.contains("codex")
        || family.contains("deep-research")
        || family.split('-').any(|word| word == "pro")
}

/// Whether Chat Completions refuses tools to the model while it reasons: from gpt-5.4 on.
pub(crate) fn reasons_with_tools_in_responses(model: &str) -> bool {
    let Some(family) = family(model) else { return false };
    let version = family.strip_prefix("gpt-").and_then(|rest| rest.split('-').next()).unwrap_or_default();
    let (generation, minor) = version.split_once('.').unwrap_or((version, "0"));
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    (5..30).contains(&number(generation)) && (number(generation), number(minor)) >= (5, 4)
}

/// The part of a name from which a known family begins, in lower case.
fn family(model: &str) -> Option<String> {
    let model = model.to_ascii_lowercase();
    if let Some(at) = model.find("gpt-").or_else(|| model.find("claude")) {
        return model.get(at..).map(str::to_owned);
    }
    let mut rest = model.as_str();
    loop {
        let word = rest.split(['-', '_', '/', '.']).next().unwrap_or_default();
        if ["o1", "o3", "o4"].contains(&word) {
            return Some(rest.to_owned());
        }
        rest = rest.get(word.len() + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_table() {
        for (model, expected) in [
            ("gpt-4o", Some(128_000)),
            ("azure/gpt-4.1-prod", Some(1_047_576)),
            ("Contoso-GPT-5", Some(272_000)),
            ("gpt-5.1-chat-latest", Some(111_616)),
            ("gpt-5.4", Some(922_000)),
            ("gpt-5.4-mini", Some(272_000)),
            ("openai/o3", Some(200_000)),
            ("team_o4-mini", Some(200_000)),
            ("prod", None),
            ("my-claude-opus-4-6", Some(1_000_000)),
            ("claude-sonnet-4-5", Some(200_000)),
            ("", None),
        ] {
            assert_eq!(window(model), expected, "{model}");
        }
    }

    #[test]
    fn models_that_need_responses_are_known_by_their_names() {
        for model in
            ["gpt-5-codex", "gpt-5.1-codex-max", "gpt-5-pro", "o3-pro", "codex-mini", "o3-deep-research"]
        {
            assert!(responses_only(model), "{model}");
        }
        for model in ["gpt-5", "gpt-4o", "prod", "o3-mini", "production"] {
            assert!(!responses_only(model), "{model}");
        }
        for (model, expected) in
            [("gpt-5.4", true), ("gpt-6", true), ("gpt-5.1", false), ("gpt-5", false), ("o3", false)]
        {
            assert_eq!(reasons_with_tools_in_responses(model), expected, "{model}");
        }
    }

    #[test]
    fn reasoning_models_are_known_by_their_names() {
        for model in
            ["gpt-5", "gpt-5-mini", "gpt-5.4", "gpt-6", "o1", "o3-mini", "my-o4-mini", "azure/gpt-5-prod"]
        {
            assert!(reasons(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-4.1", "gpt-5-chat", "gpt-5.1-chat", "gpt-35-turbo", "prod", "llama-o"] {
            assert!(!reasons(model), "{model}");
        }
    }
}
