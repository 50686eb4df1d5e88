//! What the API demands of a body.

use holmes_protocol::{Carried, SideEffect, ToolCall, ToolStatus};

use super::*;

const HERE: &str = "https://api.anthropic.com/v1/messages claude";

fn user(text: &str) -> Message {
    Message::User { text: text.into() }
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.parse().unwrap(), name: "echo".into(), arguments: arguments.into() }
}

fn assistant(text: &str, tool_calls: Vec<ToolCall>) -> Message {
    Message::Assistant { text: text.into(), tool_calls, carried: vec![] }
}

fn result(id: &str, status: ToolStatus, text: &str) -> Message {
    Message::Tool {
        call_id: id.parse().unwrap(),
        name: "echo".parse().unwrap(),
        status,
        text: text.into(),
        report: None,
    }
}

fn echo() -> ToolSpec {
    ToolSpec {
        name: "echo".parse().unwrap(),
        toolset: "t".parse().unwrap(),
        description: "d".into(),
        input_schema: json!({"type": "object"}),
        side_effect: SideEffect::ReadOnly,
    }
}

fn mapped(messages: Vec<Message>) -> Value {
    Value::Object(body(&ChatRequest { messages, tools: vec![echo()] }, "claude", HERE))
}

/// The messages without the cache's marks.
fn plain_messages(messages: Vec<Message>) -> Value {
    fn unmark(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("cache_control");
                map.values_mut().for_each(unmark);
            }
            Value::Array(items) => items.iter_mut().for_each(unmark),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut messages = mapped(messages)["messages"].take();
    unmark(&mut messages);
    messages
}

#[test]
fn a_conversation_becomes_the_documented_body() {
    let mark = json!({"type": "ephemeral"});
    let body = mapped(vec![
        Message::System { text: "be brief".into() },
        user("why?"),
        assistant("I look.", vec![call("c1", "{\"a\": 1}"), call("c2", "")]),
        result("c1", ToolStatus::Success, "one"),
        result("c2", ToolStatus::Error, "two"),
    ]);
    let expected = json!({
        "model": "claude",
        "system": [{"type": "text", "text": "be brief", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "why?", "cache_control": mark}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "c1", "name": "echo", "input": {"a": 1}},
                {"type": "tool_use", "id": "c2", "name": "echo", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "two", "is_error": true,
                 "cache_control": mark}]},
        ],
        "tools": [{"name": "echo", "description": "d", "input_schema": {"type": "object"},
                   "cache_control": mark}],
    });
    assert_eq!(body, expected);
}

#[test]
fn turns_alternate_and_results_come_first() {
    let messages = plain_messages(vec![
        user("a"),
        user(" \n"),
        Message::System { text: "late".into() },
        user("b"),
        assistant("", vec![]),
        user("c"),
        assistant(" ", vec![call("c1", "{}")]),
        result("c1", ToolStatus::NoData, ""),
        user("d"),
    ]);
    let expected = json!([
        {"role": "user", "content": [
            {"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "echo", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1"}, {"type": "text", "text": "d"}]},
    ]);
    assert_eq!(messages, expected);
}

#[test]
fn a_conversation_that_was_cut_still_begins_with_the_person() {
    let messages = plain_messages(vec![assistant("hello", vec![]), user("and?")]);
    assert_eq!(messages[0]["role"], "user");
    assert!(!messages[0]["content"][0]["text"].as_str().unwrap().is_empty());
    assert_eq!(messages[1], json!({"role": "assistant", "content": [{"type": "text", "text": "hello"}]}));
}

#[test]
fn arguments_that_are_no_object_are_shown_to_the_model_in_one() {
    for (arguments, expected) in [
        ("{\"a\": [1]}", json!({"a": [1]})),
        ("  ", json!({})),
        ("{\"a\": ", json!({"INVALID_JSON": "{\"a\": "})),
        ("[1]", json!({"INVALID_JSON": "[1]"})),
        ("null", json!({"INVALID_JSON": "null"})),
    ] {
        let messages = plain_messages(vec![
            user("a"),
            assistant("", vec![call("c1", arguments)]),
            result("c1", ToolStatus::Success, "t"),
        ]);
        assert_eq!(messages[1]["content"][0]["input"], expected, "{arguments}");
    }
}

#[test]
fn an_id_of_another_provider_is_one_that_this_one_accepts() {
    let messages = plain_messages(vec![
        user("a"),
        assistant("", vec![call("fc|1:a", "{}"), call("fc|1.a", "{}"), call("toolu_01-x", "{}")]),
        result("fc|1:a", ToolStatus::Success, "t"),
        result("fc|1.a", ToolStatus::Error, " "),
        result("toolu_01-x", ToolStatus::Success, "t"),
    ]);
    let ids = |turn: usize, name: &str| -> Vec<String> {
        let blocks = messages[turn]["content"].as_array().unwrap();
        blocks.iter().map(|block| block[name].as_str().unwrap().to_owned()).collect()
    };
    let used = ids(1, "id");
    assert_eq!(used, ids(2, "tool_use_id"));
    assert!(used[0] != used[1] && used[2] == "toolu_01-x", "{used:?}");
    let accepted = |id: &String| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    assert!(used.iter().all(accepted), "{used:?}");
    // The API refuses an error without content.
    assert!(!messages[2]["content"][1]["content"].as_str().unwrap().trim().is_empty());
}

#[test]
fn there_are_never_more_than_four_marks_and_the_last_request_s_end_keeps_its_own() {
    let mut messages = vec![Message::System { text: "s".into() }, Message::System { text: "t".into() }];
    messages.push(user("q"));
    for number in 0..6 {
        let id = format!("c{number}");
        messages.push(assistant("", vec![call(&id, "{}")]));
        messages.push(result(&id, ToolStatus::Success, "r"));
    }
    let text = mapped(messages.clone()).to_string();
    assert_eq!(text.matches("cache_control").count(), 4, "{text}");
    let before = messages.len() - 2;
    let last = mapped(messages[..before].to_vec())["messages"].as_array().unwrap().last().cloned();
    assert!(mapped(messages)["messages"].as_array().unwrap().contains(&last.unwrap()));
}

#[test]
fn tools_that_were_called_stay_named_when_none_is_on_offer() {
    let messages = vec![
        user("a"),
        assistant("", vec![call("c1", "{}"), call("c2", "{}")]),
        result("c1", ToolStatus::Success, "t"),
        result("c2", ToolStatus::Success, "t"),
    ];
    let bare = Value::Object(body(&ChatRequest { messages, tools: vec![] }, "claude", HERE));
    assert_eq!(bare["tool_choice"], json!({"type": "none"}));
    assert_eq!(bare["tools"].as_array().unwrap().len(), 1);
    assert_eq!(bare["tools"][0]["name"], "echo");
    let none = body(&ChatRequest { messages: vec![user("a")], tools: vec![] }, "claude", HERE);
    assert!(!none.contains_key("tools") && !none.contains_key("tool_choice") && !none.contains_key("system"));
}

/// Thought, text, thought, call, text, thought, call: as models with interleaved thinking answer.
fn interleaved(text: &str, origin: &str) -> Vec<Message> {
    let thought = |name: &str| json!({"type": "thinking", "thinking": name, "signature": "s", "extra": 1});
    let items = [
        thought("one"),
        turns::text_place("größe"),
        json!({"type": "redacted_thinking", "data": "x"}),
        turns::call_place(),
        turns::text_place(" then"),
        thought("two"),
        turns::call_place(),
    ];
    let carried = items.map(|item| Carried { origin: origin.into(), item }).to_vec();
    let tool_calls = vec![call("c1", "{}"), call("c2", "{}")];
    vec![
        user("q"),
        Message::Assistant { text: text.into(), tool_calls, carried },
        result("c1", ToolStatus::Success, "t"),
        result("c2", ToolStatus::Success, "t"),
    ]
}

fn kinds(messages: &Value) -> Vec<&str> {
    messages[1]["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect()
}

#[test]
fn thoughts_go_back_as_they_came_and_where_they_were() {
    let messages = plain_messages(interleaved("größe then", HERE));
    let expected = json!([
        {"type": "thinking", "thinking": "one", "signature": "s", "extra": 1},
        {"type": "text", "text": "größe"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "tool_use", "id": "c1", "name": "echo", "input": {}},
        {"type": "text", "text": " then"},
        {"type": "thinking", "thinking": "two", "signature": "s", "extra": 1},
        {"type": "tool_use", "id": "c2", "name": "echo", "input": {}},
    ]);
    assert_eq!(messages[1]["content"], expected);
}

#[test]
fn a_text_that_was_redacted_on_the_way_stays_whole() {
    let messages = plain_messages(interleaved("grö[redacted] then", HERE));
    assert_eq!(
        kinds(&messages),
        ["thinking", "text", "redacted_thinking", "tool_use", "thinking", "tool_use"]
    );
    assert_eq!(messages[1]["content"][1]["text"], "grö[redacted] then");
    // As many bytes as before, but a character where the division was.
    let messages = plain_messages(interleaved("größöthen", HERE));
    assert_eq!(messages[1]["content"][1]["text"], "größöthen");
}

#[test]
fn what_another_deployment_carried_is_dropped() {
    let messages = plain_messages(interleaved("größe then", "elsewhere"));
    assert_eq!(kinds(&messages), ["text", "tool_use", "tool_use"]);
    assert!(!messages.to_string().contains("thinking"));
}

#[test]
fn usage_counts_what_the_cache_read_and_wrote() {
    let counted: Usage = serde_json::from_value(json!({
        "input_tokens": 3, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20,
        "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 4},
    }))
    .unwrap();
    let expected =
        TokenUsage { prompt_tokens: 123, completion_tokens: 7, cached_tokens: 100, reasoning_tokens: 4 };
    assert_eq!(usage(&counted), expected);
}
