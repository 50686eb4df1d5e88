//! Where Messages are posted.

use reqwest::Url;

use crate::endpoint::is_azure;

/// The hosts of Foundry resources, sovereign clouds included.
const FOUNDRY: &str = ".services.ai.azure.";

/// The address below a base, however much of the path the base already has.
pub(crate) fn url(base: &Url) -> Url {
    let mut segments: Vec<&str> = base.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if let [.., "v1", "messages"] = segments.as_slice() {
        segments.truncate(segments.len().saturating_sub(2));
    } else if let [.., "v1"] = segments.as_slice() {
        segments.truncate(segments.len().saturating_sub(1));
    }
    // People copy the resource's or the project's address from the portal; Claude is beside both.
    let in_foundry = is_azure(base) && base.host_str().is_some_and(|host| host.contains(FOUNDRY));
    if in_foundry && !segments.contains(&"anthropic") {
        segments = vec!["anthropic"];
    }
    segments.extend(["v1", "messages"]);
    let mut url = base.clone();
    url.set_path(&segments.join("/"));
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_may_have_any_part_of_the_path() {
        const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
        const FOUNDRY: &str = "https://c.services.ai.azure.com/anthropic/v1/messages";
        for (base, expected) in [
            ("https://api.anthropic.com", ANTHROPIC),
            ("https://api.anthropic.com/", ANTHROPIC),
            ("https://api.anthropic.com/v1", ANTHROPIC),
            ("https://api.anthropic.com/v1/", ANTHROPIC),
            ("https://api.anthropic.com/v1/messages", ANTHROPIC),
            ("https://api.anthropic.com/v1/messages/#x", ANTHROPIC),
            ("https://c.services.ai.azure.com", FOUNDRY),
            ("https://c.services.ai.azure.com/", FOUNDRY),
            ("https://c.services.ai.azure.com/anthropic", FOUNDRY),
            ("https://c.services.ai.azure.com/anthropic/", FOUNDRY),
            ("https://c.services.ai.azure.com/anthropic/v1", FOUNDRY),
            ("https://c.services.ai.azure.com/anthropic/v1/messages", FOUNDRY),
            ("https://c.services.ai.azure.com/api/projects/p", FOUNDRY),
            ("https://c.openai.azure.com/anthropic", "https://c.openai.azure.com/anthropic/v1/messages"),
            ("http://localhost:4000", "http://localhost:4000/v1/messages"),
            (
                "https://apim.example/team%20a/claude?x=1",
                "https://apim.example/team%20a/claude/v1/messages?x=1",
            ),
        ] {
            assert_eq!(url(&Url::parse(base).unwrap()).as_str(), expected, "{base}");
        }
    }
}
