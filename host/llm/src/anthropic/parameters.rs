//! Parameters as Chat Completions names them into those of Messages, which refuses what it does not know.

use serde_json::{Map, Value, json};

/// What only Chat Completions knows, or what the host decides itself.
const DROPPED: [&str; 12] = [
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "n",
    "seed",
    "user",
    "response_format",
    "parallel_tool_calls",
    "tool_choice",
    "stream_options",
];

/// Renames what has another name, and leaves out what can not be said. Unknown names are the entry's business.
pub(crate) fn parameters(mut chat: Map<String, Value>) -> Map<String, Value> {
    let effort = chat.remove("reasoning_effort");
    if let Some(effort) = effort.as_ref().and_then(Value::as_str).and_then(effort_word) {
        let output = chat.entry("output_config").or_insert_with(|| json!({}));
        if let Value::Object(output) = output {
            output.entry("effort").or_insert_with(|| effort.into());
        }
    }
    if let Some(limit) = chat.remove("max_completion_tokens") {
        chat.entry("max_tokens").or_insert(limit);
    }
    match chat.remove("stop") {
        Some(Value::String(stop)) => {
            chat.entry("stop_sequences").or_insert_with(|| json!([stop]));
        }
        Some(stops @ Value::Array(_)) => {
            chat.entry("stop_sequences").or_insert(stops);
        }
        Some(_) | None => {}
    }
    chat.retain(|name, _| !DROPPED.contains(&name.as_str()));
    if thinks(&chat) {
        chat.remove("temperature");
        chat.remove("top_k");
        leave_room(&mut chat);
    }
    // Newer models refuse the two together; a temperature near zero makes the other one moot.
    if chat.contains_key("temperature") {
        chat.remove("top_p");
    }
    chat
}

/// The provider's word for an effort; `none` is what it does without one.
fn effort_word(effort: &str) -> Option<&str> {
    match effort {
        "none" | "" => None,
        "minimal" => Some("low"),
        other => Some(other),
    }
}

fn thinks(parameters: &Map<String, Value>) -> bool {
    let kind = parameters.get("thinking").and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "disabled")
}

/// The budget for thoughts counts against the output limit and has to be below it.
fn leave_room(parameters: &mut Map<String, Value>) {
    let budget = parameters.get("thinking").and_then(|thinking| thinking.get("budget_tokens"));
    let budget = budget.and_then(Value::as_u64).unwrap_or_default();
    if let Some(limit) = parameters.get_mut("max_tokens")
        && let Some(tokens) = limit.as_u64()
        && tokens <= budget
    {
        *limit = budget.saturating_add(tokens).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_parameters_become_those_of_messages() {
        for (chat, expected) in [
            (json!({"max_tokens": 5}), json!({"max_tokens": 5})),
            (json!({"max_completion_tokens": 5}), json!({"max_tokens": 5})),
            (json!({"max_completion_tokens": 5, "max_tokens": 4}), json!({"max_tokens": 4})),
            (json!({"stop": "a"}), json!({"stop_sequences": ["a"]})),
            (json!({"stop": ["a", "b"]}), json!({"stop_sequences": ["a", "b"]})),
            (json!({"stop": ["a"], "stop_sequences": ["c"]}), json!({"stop_sequences": ["c"]})),
            (json!({"temperature": 0.5, "top_p": 0.9}), json!({"temperature": 0.5})),
            (json!({"top_p": 0.9, "top_k": 5}), json!({"top_p": 0.9, "top_k": 5})),
            (json!({"seed": 7, "presence_penalty": 1, "logprobs": true, "user": "u"}), json!({})),
            (json!({"tool_choice": "auto", "parallel_tool_calls": false}), json!({})),
            (json!({"reasoning_effort": "high"}), json!({"output_config": {"effort": "high"}})),
            (json!({"reasoning_effort": "minimal"}), json!({"output_config": {"effort": "low"}})),
            (json!({"reasoning_effort": "none"}), json!({})),
            (
                json!({"reasoning_effort": "low", "output_config": {"effort": "max"}}),
                json!({"output_config": {"effort": "max"}}),
            ),
            (
                json!({"service_tier": "auto", "metadata": {}}),
                json!({"service_tier": "auto", "metadata": {}}),
            ),
        ] {
            let mapped = parameters(chat.as_object().cloned().unwrap());
            assert_eq!(Value::Object(mapped), expected, "{chat}");
        }
    }

    #[test]
    fn thinking_takes_no_temperature_and_leaves_room_for_an_answer() {
        for (thinking, limit, expected) in [
            (json!({"type": "enabled", "budget_tokens": 10_000}), 8_192, 18_192),
            (json!({"type": "enabled", "budget_tokens": 1_024}), 8_192, 8_192),
            (json!({"type": "adaptive"}), 8_192, 8_192),
        ] {
            let chat = json!({"thinking": thinking, "temperature": 0.1, "top_p": 0.95, "max_tokens": limit});
            let mapped = parameters(chat.as_object().cloned().unwrap());
            let expected = json!({"thinking": thinking, "top_p": 0.95, "max_tokens": expected});
            assert_eq!(Value::Object(mapped), expected, "{thinking}");
        }
        let chat = json!({"thinking": {"type": "disabled"}, "temperature": 0.1});
        assert_eq!(Value::Object(parameters(chat.as_object().cloned().unwrap())), chat);
    }
}
