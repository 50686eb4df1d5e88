//! An entry's parameters, which are written for Chat Completions, under the names of Responses.

use serde_json::{Map, Value, json};

/// What Chat Completions knows and Responses answers 400 to.
const CHAT_ONLY: [&str; 14] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "prediction",
    "presence_penalty",
    "seed",
    "stop",
    "stream_options",
    "web_search_options",
];
/// Names of the output limit; what is written for Responses itself comes first.
const LIMITS: [&str; 3] = ["max_output_tokens", "max_completion_tokens", "max_tokens"];
/// Responses answers 400 (`integer_below_min_value`) to a smaller limit.
const SMALLEST_LIMIT: u64 = 16;

/// Renames what has another name, drops what has none, and passes on what is not known. Where an entry says
/// something in both forms, the form of Responses stands.
pub(crate) fn parameters(mut parameters: Map<String, Value>) -> Map<String, Value> {
    parameters.retain(|name, value| !value.is_null() && !CHAT_ONLY.contains(&name.as_str()));
    let limits = LIMITS.map(|name| parameters.remove(name));
    if let Some(limit) = limits.into_iter().flatten().next() {
        let limit = limit.as_u64().map_or(limit, |limit| limit.max(SMALLEST_LIMIT).into());
        parameters.insert("max_output_tokens".to_owned(), limit);
    }
    match parameters.remove("reasoning_effort") {
        // `LiteLLM` takes the whole of `reasoning` under this name as well.
        Some(Value::Object(reasoning)) => {
            reasoning.into_iter().for_each(|(name, value)| nest(&mut parameters, "reasoning", &name, value));
        }
        Some(effort) => nest(&mut parameters, "reasoning", "effort", effort),
        None => {}
    }
    if let Some(format) = parameters.remove("response_format") {
        nest(&mut parameters, "text", "format", flat(format, "json_schema"));
    }
    if let Some(verbosity) = parameters.remove("verbosity") {
        nest(&mut parameters, "text", "verbosity", verbosity);
    }
    if let Some(choice) = parameters.remove("tool_choice") {
        parameters.insert("tool_choice".to_owned(), flat(choice, "function"));
    }
    parameters
}

/// Puts a value into a group, unless the group has it.
fn nest(parameters: &mut Map<String, Value>, group: &str, name: &str, value: Value) {
    if let Value::Object(group) = parameters.entry(group).or_insert_with(|| json!({})) {
        group.entry(name).or_insert(value);
    }
}

/// `{"type": T, T: {…}}` as `{"type": T, …}`.
fn flat(mut value: Value, key: &str) -> Value {
    if let Some(fields) = value.as_object_mut()
        && let Some(Value::Object(inner)) = fields.remove(key)
    {
        fields.extend(inner);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(fields: &Value) -> Value {
        parameters(fields.as_object().unwrap().clone()).into()
    }

    #[test]
    fn what_chat_completions_calls_otherwise_is_renamed() {
        let schema = json!({"type": "object"});
        for (chat, responses) in [
            (json!({"max_tokens": 900}), json!({"max_output_tokens": 900})),
            (json!({"max_completion_tokens": 900, "max_tokens": 7}), json!({"max_output_tokens": 900})),
            (json!({"max_output_tokens": 70, "max_tokens": 900}), json!({"max_output_tokens": 70})),
            (json!({"max_tokens": 1}), json!({"max_output_tokens": 16})),
            (json!({"reasoning_effort": "low"}), json!({"reasoning": {"effort": "low"}})),
            (
                json!({"reasoning_effort": "low", "reasoning": {"effort": "high", "summary": "auto"}}),
                json!({"reasoning": {"effort": "high", "summary": "auto"}}),
            ),
            (
                json!({"reasoning_effort": {"effort": "low", "summary": "auto"}}),
                json!({"reasoning": {"effort": "low", "summary": "auto"}}),
            ),
            (
                json!({"verbosity": "low", "response_format": {"type": "json_schema",
                    "json_schema": {"name": "n", "schema": schema, "strict": true}}}),
                json!({"text": {"verbosity": "low", "format":
                    {"type": "json_schema", "name": "n", "schema": schema, "strict": true}}}),
            ),
            (
                json!({"response_format": {"type": "json_object"}}),
                json!({"text": {"format": {"type": "json_object"}}}),
            ),
            (
                json!({"tool_choice": {"type": "function", "function": {"name": "echo"}}}),
                json!({"tool_choice": {"type": "function", "name": "echo"}}),
            ),
            (json!({"tool_choice": "auto"}), json!({"tool_choice": "auto"})),
        ] {
            assert_eq!(renamed(&chat), responses, "{chat}");
        }
    }

    #[test]
    fn what_responses_does_not_know_is_dropped_and_the_rest_passes() {
        let chat = json!({"temperature": 0.5, "top_p": 1, "user": "u", "parallel_tool_calls": false,
            "service_tier": "flex", "own": {"key": 1}, "seed": 7, "stop": ["x"], "n": 1, "logprobs": true,
            "frequency_penalty": 1, "stream_options": {"include_usage": true}, "reasoning_effort": null});
        let responses = json!({"temperature": 0.5, "top_p": 1, "user": "u", "parallel_tool_calls": false,
            "service_tier": "flex", "own": {"key": 1}});
        assert_eq!(renamed(&chat), responses);
    }

    #[test]
    fn values_of_other_types_are_the_providers_to_refuse() {
        let chat = json!({"max_tokens": "many", "text": "t", "verbosity": "low", "response_format": 5});
        assert_eq!(renamed(&chat), json!({"max_output_tokens": "many", "text": "t"}));
    }
}
