//! One short chat through the real path: what proves a deployment, as the Service Connector tutorial does.

use futures::StreamExt;
use holmes_llm::{ChatEvent, ChatModel, ChatRequest, Facts, LlmError, LlmErrorKind};
use holmes_protocol::Message;
use holmes_toolset::redact::Redactor;

use crate::{commands::auth::visible, output::printer::Printer};

/// Costs a handful of tokens.
const QUESTION: &str = "Say hello in one short sentence.";
/// How much of the reply is shown, in characters; the tutorial shows as much.
const SHOWN: usize = 100;

/// Asks, and returns the beginning of the reply on one line.
pub(crate) async fn greet(
    model: &dyn ChatModel,
    mask: &Redactor,
    printer: Printer,
) -> Result<String, LlmError> {
    let messages = vec![Message::User { text: QUESTION.to_owned() }];
    let mut events = model.chat(ChatRequest { messages, tools: Vec::new() });
    while let Some(event) = events.next().await {
        match event? {
            ChatEvent::TextDelta(_) => {}
            ChatEvent::Retry { reason, wait } => {
                printer.progress(&format!("retry in {:.1}s: {reason}", wait.as_secs_f32()));
            }
            // Another model's answer would prove nothing about this one.
            ChatEvent::FellBack { reason, .. } => {
                return Err(LlmError::new(LlmErrorKind::Unavailable, reason));
            }
            ChatEvent::Finished(reply) => {
                let masked = mask.redact_text(&reply.text).text;
                return beginning(&masked).ok_or_else(empty);
            }
        }
    }
    Err(LlmError::new(LlmErrorKind::Cut, "the answer ended before it was complete"))
}

fn empty() -> LlmError {
    LlmError::new(
        LlmErrorKind::Malformed,
        "the deployment answered without any text; a reasoning model may have used up its output limit: raise \
         `max_tokens` or lower `reasoning_effort` of the entry",
    )
}

/// None: there is no text in it.
fn beginning(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    (!line.is_empty()).then(|| visible(&line.chars().take(SHOWN).collect::<String>()))
}

/// The tutorial's last line; its success is checked word for word.
pub(crate) fn verdict(service: &str, succeeded: bool) -> String {
    let ending = if succeeded { "succeeded." } else { "failed." };
    format!("Connect to {service} service {ending}")
}

/// What people call the service behind an entry.
pub(crate) fn service(provider: &str, facts: Option<&Facts>) -> &'static str {
    let is_azure = facts.is_some_and(|facts| {
        let host = facts.host.split(':').next().unwrap_or_default();
        host.contains(".openai.azure.") || host.contains(".cognitiveservices.azure.")
    });
    match provider {
        "azure" | "azure_ai" => "Azure OpenAI",
        _ if is_azure => "Azure OpenAI",
        "anthropic" => "Anthropic",
        "ollama" | "ollama_chat" => "Ollama",
        "hosted_vllm" => "vLLM",
        "litellm_proxy" => "LiteLLM",
        _ => "OpenAI",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_the_tutorials_word_for_word() {
        let service = service("azure", None);
        assert_eq!(verdict(service, true), "Connect to Azure OpenAI service succeeded.");
        assert_eq!(verdict(service, false), "Connect to Azure OpenAI service failed.");
    }

    #[test]
    fn a_reply_is_one_line_of_a_hundred_characters() {
        assert_eq!(beginning("Hello,\n  world!").as_deref(), Some("Hello, world!"));
        assert_eq!(beginning(&"ä".repeat(300)).map(|text| text.chars().count()), Some(100));
        assert_eq!(beginning(" \n\t"), None);
        assert_eq!(beginning("a\u{1b}[2J").as_deref(), Some("a?[2J"));
    }
}
