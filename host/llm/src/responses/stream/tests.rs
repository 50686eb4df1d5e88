//! Answers as Azure and `OpenAI` stream them, and the same answers whole.

mod fixtures;

use holmes_protocol::{Carried, ToolCall};
use serde_json::{Value, json};

use self::fixtures::{call, message, reasoning, refusal, streamed, variants, ways, whole};
use super::*;

const ORIGIN: &str = "deployment";

/// All pieces of text and the end; a provider's error ends with its JSON.
fn play<T: ToString>(frames: &[T]) -> (String, Result<ChatReply, String>) {
    let (mut answer, mut text) = (Answer::default(), String::new());
    for frame in frames {
        match answer.push(&frame.to_string()) {
            Ok(Step::Text(piece)) => text.push_str(&piece),
            Ok(Step::Failed(error)) => return (text, Err(error.to_string())),
            Err(error) => return (text, Err(format!("{:?}", error.kind))),
        }
    }
    (text, answer.finish(ORIGIN).map_err(|error| format!("{:?}", error.kind)))
}

/// Plays an answer whole and in every way in which servers stream it; all have to be the same.
fn same(response: &Value) -> ChatReply {
    let (text, reply) = play(std::slice::from_ref(response));
    let reply = reply.unwrap();
    assert_eq!(text, reply.text);
    for (way, frames) in ways(response) {
        assert_eq!(play(&frames), (text.clone(), Ok(reply.clone())), "{way}");
        let (_end, before) = frames.split_last().unwrap();
        assert!(before.is_empty() || play(before).0 == text, "{way}: text waits for the end");
        for end in 0..frames.len() {
            assert_eq!(play(&frames[..end]).1, Err("Cut".to_owned()), "{way}: cut after {end}");
        }
    }
    reply
}

fn calls(reply: &ChatReply) -> Vec<(&str, &str, &str)> {
    let parts = |call: &ToolCall| (call.id.as_str().to_owned(), call.name.clone(), call.arguments.clone());
    assert!(reply.tool_calls.iter().map(parts).all(|(id, ..)| !id.starts_with("fc_")));
    reply.tool_calls.iter().map(|c| (c.id.as_str(), c.name.as_str(), c.arguments.as_str())).collect()
}

fn carried(item: Value) -> Carried {
    Carried { origin: ORIGIN.to_owned(), item }
}

#[test]
fn text_streamed_equals_not_streamed() {
    let reply = same(&whole("completed", &json!([message("msg_1", "größe 🚀 \"q\"\n")])));
    let usage =
        TokenUsage { prompt_tokens: 30, completion_tokens: 9, cached_tokens: 20, reasoning_tokens: 4 };
    let expected = ChatReply {
        text: "größe 🚀 \"q\"\n".into(),
        tool_calls: vec![],
        carried: vec![],
        finish: FinishReason::Stop,
        usage,
        model: "gpt-5.4-2026".into(),
    };
    assert_eq!(reply, expected);
}

#[test]
fn several_messages_are_paragraphs() {
    let output = json!([message("msg_1", "I look."), message("msg_2", ""), message("msg_3", "It is full.")]);
    assert_eq!(same(&whole("completed", &output)).text, "I look.\n\nIt is full.");
}

#[test]
fn parallel_calls_streamed_equal_not_streamed() {
    let output = json!([
        message("msg_1", "I look."),
        call("call_a", "one", "{\"x\":1}"),
        call("call_b", "two", ""),
        call("call_c", "one", "{\"x\":2}"),
    ]);
    let reply = same(&whole("completed", &output));
    assert_eq!((reply.text.as_str(), reply.finish), ("I look.", FinishReason::ToolCalls));
    let expected = [("call_a", "one", "{\"x\":1}"), ("call_b", "two", ""), ("call_c", "one", "{\"x\":2}")];
    assert_eq!(calls(&reply), expected);
}

#[test]
fn encrypted_reasoning_is_carried_with_the_call_it_led_to() {
    let mut second = reasoning("rs_2", Some("e2"));
    second["summary"] = json!("no list");
    let output = json!([
        reasoning("rs_1", Some("e1")),
        call("call_a", "one", "{}"),
        second,
        call("call_b", "two", "{}"),
        reasoning("rs_3", None),
        reasoning("rs_4", Some("")),
    ]);
    let reply = same(&whole("completed", &output));
    let first = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e1"});
    let second =
        json!({"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "e2", "position": 2});
    assert_eq!(reply.carried, [carried(first), carried(second)]);
    assert_eq!(calls(&reply).len(), 2);
}

#[test]
fn what_an_answer_carries_goes_back_in_its_order() {
    let output = json!([
        reasoning("rs_1", Some("e1")),
        message("msg_1", "I look."),
        reasoning("rs_2", Some("e2")),
        call("call_a", "one", "{}"),
    ]);
    let ChatReply { text, tool_calls, carried, .. } = same(&whole("completed", &output));
    let messages = vec![holmes_protocol::Message::Assistant { text, tool_calls, carried }];
    let body = mapping::body(&crate::ChatRequest { messages, tools: vec![] }, "m", ORIGIN);
    let kinds = body["input"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), ["reasoning", "message", "reasoning", "function_call"]);
}

#[test]
fn reasoning_may_be_encrypted_in_the_last_event_only() {
    let mut stream =
        streamed(&whole("completed", &json!([reasoning("rs_1", Some("e")), call("c", "one", "{}")])));
    for event in &mut stream {
        if event["item"]["type"] == "reasoning" {
            event["item"]["encrypted_content"] = Value::Null;
        }
    }
    assert_eq!(play(&stream).1.unwrap().carried.len(), 1);
}

#[test]
fn a_refusal_is_an_answer() {
    let reply = same(&whole("completed", &json!([refusal("I can not help with that.")])));
    assert_eq!((reply.text.as_str(), reply.finish), ("I can not help with that.", FinishReason::Stop));
}

#[test]
fn an_incomplete_answer_says_why() {
    for (details, finish) in [
        (json!({"reason": "max_output_tokens"}), FinishReason::Length),
        (json!({"reason": "content_filter"}), FinishReason::ContentFilter),
        (json!({"reason": "something_new"}), FinishReason::Length),
        (json!({"reason": null}), FinishReason::Length),
        (Value::Null, FinishReason::Length),
    ] {
        let mut response = whole("incomplete", &json!([message("msg_1", "half an ans")]));
        response["incomplete_details"] = details;
        let reply = same(&response);
        assert_eq!((reply.text.as_str(), reply.finish), ("half an ans", finish));
    }
    let reply = play(&[json!({"type": "response.incomplete"})]).1.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("", FinishReason::Length));
}

#[test]
fn a_failure_is_the_providers_error_in_whatever_form() {
    let error = json!({"code": "rate_limit_exceeded", "message": "slow down"});
    let mut failed = whole("failed", &json!([]));
    failed["error"] = error.clone();
    let mut completed = failed.clone();
    completed["status"] = json!("completed");
    for frame in [
        failed.clone(),
        json!({"type": "response.failed", "response": failed}),
        json!({"type": "response.completed", "response": completed}),
        json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "sequence_number": 3}),
        json!({"type": "error", "error": error, "sequence_number": 3}),
        json!({"error": error}),
    ] {
        let begun = json!({"type": "response.created", "response": {"status": "in_progress"}});
        let delta = json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a"});
        let (text, failure) = play(&[begun, delta, frame.clone()]);
        assert_eq!((text.as_str(), failure), ("a", Err(error.to_string())), "{frame}");
    }
    for frame in [
        json!({"type": "error"}),
        json!({"type": "response.failed", "response": null}),
        json!({"object": "response", "status": "cancelled"}),
        json!({"object": "response", "status": "failed", "error": {"message": null}}),
    ] {
        let failure = play(std::slice::from_ref(&frame)).1.unwrap_err();
        assert_eq!(failure, json!({"message": "the provider gave no reason"}).to_string(), "{frame}");
    }
    let plain = json!({"object": "response", "status": "failed", "error": "overloaded"});
    assert_eq!(play(&[plain]).1.unwrap_err(), json!({"message": "overloaded"}).to_string());
}

#[test]
fn what_is_not_of_this_protocol_is_malformed() {
    let completion = json!({"choices": [{"index": 0, "message": {"content": "hi"}}]}).to_string();
    let number = json!({"type": "response.output_text.delta", "output_index": "one"}).to_string();
    let name = json!({"output": [{"type": "function_call", "name": 5}]}).to_string();
    let health = json!({"status": "ok"}).to_string();
    for garbage in ["<html>", "{", "null", "[]", "7", "\"text\"", "{}", &completion, &number, &name, &health]
    {
        assert_eq!(play(&[garbage]).1, Err("Malformed".to_owned()), "{garbage}");
    }
}

#[test]
fn what_is_unknown_or_empty_changes_nothing() {
    let response = whole(
        "completed",
        &json!([
            {"type": "web_search_call", "id": "ws_1", "action": {"query": 1}, "content": 5},
            message("msg_1", "hi"),
            null,
            {"no": "type"},
        ]),
    );
    let reply = play(std::slice::from_ref(&response)).1.unwrap();
    assert_eq!((reply.text.as_str(), reply.tool_calls.len()), ("hi", 0));
    let mut frames = vec!["[DONE]".to_owned(), "  ".to_owned()];
    let unknown = [
        json!({"type": "response.audio.delta", "delta": {"pcm": 1}, "output_index": "x", "item": 1}),
        json!({"type": "response.output_item.added"}),
        json!({"type": "response.output_item.done", "item": null}),
        json!({"type": "response.output_text.delta", "delta": null}),
        json!({"type": "response.function_call_arguments.delta"}),
        json!({"object": "response", "status": "queued"}),
    ];
    frames.extend(unknown.iter().map(ToString::to_string));
    assert_eq!(play(&frames).1, Err("Cut".to_owned()));
    frames.push(response.to_string());
    // What comes after the end is not part of the answer.
    frames.extend(["garbage".to_owned(), json!({"type": "error"}).to_string(), "[DONE]".to_owned()]);
    assert_eq!(play(&frames).1, Ok(reply));
}

#[test]
fn a_call_is_whole_without_its_ids_and_with_arguments_as_an_object() {
    let response = json!({"output": [
        {"type": "function_call", "name": "one", "arguments": {"x": 1}},
        {"type": "function_call", "call_id": "with space", "name": "two"},
    ]});
    let reply = play(&[response]).1.unwrap();
    let [one, two] = reply.tool_calls.as_slice() else { panic!("{reply:?}") };
    assert_eq!((one.arguments.as_str(), two.arguments.as_str()), ("{\"x\":1}", ""));
    assert!(one.id != two.id && one.id.as_str().starts_with("call_"), "{reply:?}");
    let bare = json!({"type": "response.function_call_arguments.done", "name": "one", "arguments": "{}"});
    let reply = play(&[bare, json!({"type": "response.completed"})]).1.unwrap();
    assert_eq!((reply.tool_calls[0].name.as_str(), reply.finish), ("one", FinishReason::ToolCalls));
}

#[test]
fn any_field_may_be_missing_or_null() {
    let output = json!([reasoning("rs_1", Some("e")), message("msg_1", "ab"), call("call_a", "one", "{}")]);
    let response = whole("completed", &output);
    let stream = streamed(&response);
    for replacement in [None, Some(&Value::Null)] {
        for changed in variants(&response, replacement) {
            // Without a status or a list there is no answer in it, but never a protocol that is not this one.
            let reply = play(&[&changed]).1;
            assert!(reply.is_ok() || reply == Err("Cut".to_owned()), "{reply:?} {changed}");
        }
        for (index, event) in stream.iter().enumerate() {
            for changed in variants(event, replacement) {
                let is_event = changed["type"].is_string();
                let mut frames = stream.clone();
                frames[index] = changed.clone();
                let reply = play(&frames).1;
                assert!(reply.is_ok() || !is_event, "{reply:?} {changed}");
            }
        }
    }
}
