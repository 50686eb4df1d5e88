//! Streams and whole answers as they are documented, and what goes wrong with them.

use holmes_protocol::{Message, TokenUsage, ToolStatus};
use serde_json::json;

use super::*;
use crate::{ChatRequest, anthropic::mapping::body};

const HERE: &str = "here";

/// Interleaved thinking, two texts, two calls, one without arguments.
fn events() -> Vec<String> {
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let events = [
        json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 5, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100,
                      "output_tokens": 1}}}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "thinking_delta", "thinking": "Let me "})),
        delta(0, json!({"type": "thinking_delta", "thinking": "see."})),
        delta(0, json!({"type": "signature_delta", "signature": "EqQB"})),
        stop(0),
        start(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "I look "})),
        delta(1, json!({"type": "text_delta", "text": "größer. "})),
        stop(1),
        start(2, json!({"type": "tool_use", "id": "toolu_1", "name": "logs", "input": {}})),
        delta(2, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(2, json!({"type": "input_json_delta", "partial_json": "{\"pod\": \"we"})),
        delta(2, json!({"type": "input_json_delta", "partial_json": "b\", \"a\": 1}"})),
        stop(2),
        start(3, json!({"type": "redacted_thinking", "data": "EmwK"})),
        stop(3),
        json!({"type": "added_one_day", "index": 3, "content_block": {"type": "x"}}),
        start(4, json!({"type": "text", "text": ""})),
        delta(4, json!({"type": "text_delta", "text": "And events."})),
        delta(4, json!({"type": "delta_of_one_day", "text": "no"})),
        stop(4),
        start(5, json!({"type": "tool_use", "id": "toolu_2", "name": "events", "input": {}})),
        stop(5),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"input_tokens": 0, "output_tokens": 89, "output_tokens_details": {"thinking_tokens": 11}}}),
        json!({"type": "message_stop"}),
    ];
    events.iter().map(Value::to_string).collect()
}

fn whole() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "Let me see.", "signature": "EqQB"},
            {"type": "text", "text": "I look größer. "},
            {"type": "tool_use", "id": "toolu_1", "name": "logs", "input": {"pod": "web", "a": 1}},
            {"type": "redacted_thinking", "data": "EmwK"},
            {"type": "text", "text": "And events."},
            {"type": "tool_use", "id": "toolu_2", "name": "events", "input": {}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 5, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100,
                  "output_tokens": 89, "output_tokens_details": {"thinking_tokens": 11}},
    })
}

fn text(step: Step) -> String {
    match step {
        Step::Text(text) => text,
        Step::Failed(error) => panic!("{error}"),
    }
}

fn read<Data: AsRef<str>>(events: &[Data]) -> (String, Result<ChatReply, LlmError>) {
    let mut answer = Answer::default();
    let pieces = events.iter().map(|event| text(answer.push(event.as_ref()).unwrap())).collect();
    (pieces, answer.finish(HERE))
}

#[test]
fn a_stream_and_a_whole_answer_give_the_same_reply() {
    let (streamed, from_stream) = read(&events());
    let (said, from_whole) = read(&[whole().to_string()]);
    let reply = from_stream.unwrap();
    assert_eq!(reply, from_whole.unwrap());
    assert_eq!((streamed.as_str(), said.as_str()), (reply.text.as_str(), reply.text.as_str()));
    assert_eq!(reply.text, "I look größer. And events.");
    assert_eq!((reply.finish, reply.model.as_str()), (FinishReason::ToolCalls, "claude-x"));
    let calls: Vec<_> = reply
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.name.as_str(), &*call.arguments))
        .collect();
    assert_eq!(calls, [("toolu_1", "logs", r#"{"a":1,"pod":"web"}"#), ("toolu_2", "events", "{}")]);
    let expected =
        TokenUsage { prompt_tokens: 125, completion_tokens: 89, cached_tokens: 100, reasoning_tokens: 11 };
    assert_eq!(reply.usage, expected);
}

#[test]
fn an_answer_goes_back_exactly_as_it_came() {
    let reply = read(&events()).1.unwrap();
    let results = reply.tool_calls.iter().map(|call| Message::Tool {
        call_id: call.id.clone(),
        name: call.name.parse().unwrap(),
        status: ToolStatus::Success,
        text: "t".into(),
        report: None,
    });
    let results: Vec<Message> = results.collect();
    let (text, tool_calls, carried) = (reply.text, reply.tool_calls, reply.carried);
    let mut messages =
        vec![Message::User { text: "q".into() }, Message::Assistant { text, tool_calls, carried }];
    messages.extend(results);
    let body = body(&ChatRequest { messages, tools: vec![] }, "claude-x", HERE);
    assert_eq!(body["messages"][1]["content"], whole()["content"]);
}

#[test]
fn an_end_before_the_stop_reason_is_a_cut_answer() {
    let events = events();
    let stop = events.len() - 2;
    for end in 0..stop {
        let error = read(&events[..end]).1.unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::Cut, "{end}");
    }
    assert!(read(&events[..=stop]).1.is_ok());
    let mut without_reason = events.clone();
    without_reason.remove(stop);
    assert!(read(&without_reason).1.is_ok());
}

#[test]
fn stop_reasons_are_told_apart() {
    let calling = whole()["content"].clone();
    for (reason, content, expected) in [
        ("end_turn", json!([{"type": "text", "text": "a"}]), FinishReason::Stop),
        ("stop_sequence", json!([{"type": "text", "text": "a"}]), FinishReason::Stop),
        ("pause_turn", json!([{"type": "text", "text": "a"}]), FinishReason::Stop),
        ("end_turn", json!([]), FinishReason::Stop),
        ("tool_use", json!([]), FinishReason::Stop),
        ("tool_use", calling.clone(), FinishReason::ToolCalls),
        ("end_turn", calling.clone(), FinishReason::ToolCalls),
        ("max_tokens", calling, FinishReason::Length),
        ("model_context_window_exceeded", json!([]), FinishReason::Length),
        ("refusal", json!([]), FinishReason::ContentFilter),
    ] {
        let answer = json!({"type": "message", "content": content, "stop_reason": reason});
        assert_eq!(read(&[answer.to_string()]).1.unwrap().finish, expected, "{reason} {content}");
    }
}

#[test]
fn only_signed_thoughts_are_carried() {
    for (content, expected) in [
        (json!([{"type": "text", "text": "a"}]), 0),
        (json!([{"type": "thinking", "thinking": "cut", "signature": ""}, {"type": "text", "text": "a"}]), 0),
        (json!([{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": "a"}]), 2),
        (json!([{"type": "redacted_thinking", "data": "d"}]), 1),
    ] {
        let answer = json!({"type": "message", "content": content, "stop_reason": "end_turn"});
        let carried = read(&[answer.to_string()]).1.unwrap().carried;
        assert_eq!(carried.len(), expected, "{content}");
        assert!(carried.iter().all(|carried| carried.origin == HERE));
        assert!(!carried.iter().any(|carried| carried.item.get("text").is_some()));
    }
}

#[test]
fn an_error_is_handed_on_whatever_was_there_before() {
    let error = json!({"type": "overloaded_error", "message": "Overloaded"});
    for (data, expected) in [
        (json!({"type": "error", "error": error, "request_id": "r"}), error.clone()),
        (json!({"error": {"code": "x"}}), json!({"code": "x"})),
        (json!({"type": "error", "message": "m"}), json!({"type": "error", "message": "m"})),
    ] {
        let mut answer = Answer::default();
        for event in &events()[..9] {
            answer.push(event).unwrap();
        }
        assert_eq!(answer.push(&data.to_string()).unwrap(), Step::Failed(expected), "{data}");
        assert!(!answer.is_whole());
    }
}

#[test]
fn what_is_no_answer_is_called_malformed() {
    for data in
        ["<html>", "{}", "{\"choices\": []}", "{\"type\": \"content_block_delta\", \"index\": 4}", "7"]
    {
        let error = Answer::default().push(data).unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::Malformed, "{data}");
    }
    let nothing = [r#"{"type": "message_start"}"#, r#"{"type": "message_stop"}"#];
    assert_eq!(read(&nothing).1.unwrap_err().kind, LlmErrorKind::Malformed);
}

#[test]
fn quirks_of_gateways_are_borne() {
    let (said, reply) = read(&[
        r#"{"type": "message_start", "message": {"model": null, "usage": null}}"#,
        r#"{"type": "content_block_start", "content_block": {"type": "text", "text": "a"}}"#,
        r#"{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "b"}}"#,
        r#"{"type": "content_block_start", "content_block": {"type": "tool_use", "id": "", "name": "n", "input": {"a": 1}}}"#,
        r#"{"type": "content_block_start", "content_block": {"type": "tool_use", "id": "i", "name": "n"}}"#,
        r#"{"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{\"cut\": "}}"#,
        r#"{"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"input_tokens": 9, "output_tokens": null}}"#,
    ]);
    let reply = reply.unwrap();
    assert_eq!((said.as_str(), reply.text.as_str()), ("ab", "ab"));
    let calls: Vec<_> = reply.tool_calls.iter().map(|call| (call.id.as_str(), &*call.arguments)).collect();
    assert_eq!(calls, [("call_1", r#"{"a":1}"#), ("i", "{\"cut\": ")]);
    assert_eq!((reply.finish, reply.usage.prompt_tokens), (FinishReason::Length, 9));
}
