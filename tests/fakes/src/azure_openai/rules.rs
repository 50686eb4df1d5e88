//! The rules that every conversation has to keep, and the parameters that a model refuses.

use serde_json::Value;

use super::{
    Quirk,
    endpoint::Settings,
    refusal::Refusal,
    route::{Protocol, Talk},
};
use crate::llm::check;

/// From here on an api-version knows `stream_options` (unverified), and from there Responses.
const STREAM_OPTIONS: &str = "2024-09-01";
const RESPONSES: &str = "2025-03-01";

/// The broken rules.
pub(super) fn violations(talk: &Talk, body: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    if !body.is_object() {
        broken.push("the body is no JSON object".to_owned());
    }
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    if talk.deployment.is_none() && model.is_empty() {
        broken.push("nothing names the deployment".to_owned());
    }
    match (talk.protocol, list(body, "messages"), list(body, "input")) {
        (Protocol::Chat, [_, ..], _) => check::conversation(list(body, "messages"), &mut broken),
        (Protocol::Messages, [_, ..], _) => blocks(list(body, "messages"), &mut broken),
        (Protocol::Responses, _, [_, ..]) => items(list(body, "input"), &mut broken),
        (Protocol::Responses, _, []) if body.get("input").is_some_and(Value::is_string) => {}
        _ => broken.push("no messages".to_owned()),
    }
    if talk.protocol == Protocol::Messages && body.get("max_tokens").is_none() {
        broken.push("no max_tokens".to_owned());
    }
    broken
}

/// The elements of a list, none if there is no list.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Responses: every call has one result, and no result is without its call.
fn items(items: &[Value], broken: &mut Vec<String>) {
    let mut open: Vec<&str> = Vec::new();
    for item in items {
        match word(item, "type") {
            "function_call" => open.push(word(item, "call_id")),
            "function_call_output" => close(&mut open, word(item, "call_id"), broken),
            "" | "message" if !open.is_empty() => {
                broken.push(format!("said something while {open:?} were open"));
            }
            _ => {}
        }
    }
    broken.extend(open.iter().map(|id| format!("the call `{id}` was not answered")));
}

/// Messages: the results of a turn's calls are in the message after it.
fn blocks(messages: &[Value], broken: &mut Vec<String>) {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let blocks = list(message, "content");
        for block in blocks.iter().filter(|block| word(block, "type") == "tool_result") {
            close(&mut open, word(block, "tool_use_id"), broken);
        }
        broken.extend(open.drain(..).map(|id| format!("the call `{id}` was not answered")));
        let calls = blocks.iter().filter(|block| word(block, "type") == "tool_use");
        open.extend(calls.map(|block| word(block, "id")));
    }
    broken.extend(open.iter().map(|id| format!("the call `{id}` was not answered")));
}

fn close(open: &mut Vec<&str>, id: &str, broken: &mut Vec<String>) {
    match open.iter().position(|waiting| *waiting == id) {
        Some(place) => {
            open.remove(place);
        }
        None => broken.push(format!("the result of `{id}` answers no open call")),
    }
}

/// What this service refuses, by its api-version, its model and its deployments.
pub(super) fn refusal(talk: &Talk, body: &Value, settings: &Settings) -> Option<Refusal> {
    let older = |than: &str| talk.api_version.as_deref().is_some_and(|version| version < than);
    let name = deployment(talk, body);
    if settings.deployments.as_ref().is_some_and(|names| !names.iter().any(|known| known == name)) {
        return Some(Refusal::DeploymentMissing);
    }
    match talk.protocol {
        Protocol::Responses if older(RESPONSES) => return Some(Refusal::VersionTooOld),
        Protocol::Chat if settings.has(Quirk::NoChat) => return Some(Refusal::OperationNotSupported),
        Protocol::Responses if settings.has(Quirk::NoResponses) => {
            return Some(Refusal::OperationNotSupported);
        }
        Protocol::Chat if older(STREAM_OPTIONS) && body.get("stream_options").is_some() => {
            return Some(Refusal::UnrecognizedArgument("stream_options"));
        }
        Protocol::Chat | Protocol::Responses => {}
        Protocol::Messages => return None,
    }
    let thinks = body.get("reasoning_effort").is_none_or(|effort| effort != "none");
    let tools = !list(body, "tools").is_empty();
    if settings.has(Quirk::ToolsNeedResponses) && talk.protocol == Protocol::Chat && tools && thinks {
        return Some(Refusal::ToolsNeedResponses);
    }
    if settings.has(Quirk::ReasoningModel) { sampling(talk.protocol, body) } else { None }
}

/// What a model that reasons says to parameters of sampling.
fn sampling(protocol: Protocol, body: &Value) -> Option<Refusal> {
    let given = |name: &&'static str| body.get(*name).is_some_and(|value| !value.is_null());
    let refused = ["max_tokens", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "logit_bias"];
    let other = body.get("temperature").is_some_and(|value| value.as_f64().is_some_and(|value| value < 1.0));
    match (protocol, refused.into_iter().find(given)) {
        (Protocol::Responses, Some(name)) => Some(Refusal::UnsupportedWithoutCode(name)),
        (Protocol::Responses, None) if given(&"temperature") => {
            Some(Refusal::UnsupportedWithoutCode("temperature"))
        }
        (_, Some(name)) => Some(Refusal::UnsupportedParameter(name)),
        (_, None) => other.then_some(Refusal::UnsupportedValue("temperature")),
    }
}

/// The deployment that a request means.
pub(super) fn deployment<'a>(talk: &'a Talk, body: &'a Value) -> &'a str {
    talk.deployment.as_deref().unwrap_or_else(|| word(body, "model"))
}

/// Whether the last thing in the conversation is a tool's result.
pub(super) fn has_result(protocol: Protocol, body: &Value) -> bool {
    match protocol {
        Protocol::Chat => list(body, "messages").last().is_some_and(|last| word(last, "role") == "tool"),
        Protocol::Responses => {
            list(body, "input").last().is_some_and(|last| word(last, "type") == "function_call_output")
        }
        Protocol::Messages => list(body, "messages").last().is_some_and(|last| {
            list(last, "content").iter().any(|block| word(block, "type") == "tool_result")
        }),
    }
}

/// Whether the request offers this tool.
pub(super) fn offers(body: &Value, tool: &str) -> bool {
    list(body, "tools").iter().any(|offered| {
        word(offered, "name") == tool
            || offered.get("function").is_some_and(|inner| word(inner, "name") == tool)
    })
}
