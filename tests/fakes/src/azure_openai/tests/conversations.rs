//! What the model says, in each protocol, whole and streamed.

use super::*;

const PATHS: [(&str, Protocol); 3] = [
    (CHAT, Protocol::Chat),
    ("/openai/v1/responses", Protocol::Responses),
    ("/anthropic/v1/messages", Protocol::Messages),
];

fn asked(stream: bool) -> Value {
    let mut body = question();
    body["input"] = body["messages"].clone();
    body["max_tokens"] = json!(9);
    body["stream"] = json!(stream);
    body
}

/// The data of every frame; a `[DONE]` is a string.
fn frames(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
}

/// What a client that knows the protocol makes of the frames: text, then name and arguments of the first call.
fn gathered(protocol: Protocol, text: &str) -> (String, String, String) {
    let (mut said, mut name, mut arguments) = (String::new(), String::new(), String::new());
    let pointers = match protocol {
        Protocol::Chat => [
            "/choices/0/delta/content",
            "/choices/0/delta/tool_calls/0/function/name",
            "/choices/0/delta/tool_calls/0/function/arguments",
        ],
        Protocol::Responses => ["/text-delta", "/item/name", "/arguments-delta"],
        Protocol::Messages => ["/delta/text", "/content_block/name", "/delta/partial_json"],
    };
    for mut frame in frames(text) {
        match frame["type"].as_str() {
            Some("response.output_text.delta") => frame["text-delta"] = frame["delta"].clone(),
            Some("response.function_call_arguments.delta") => {
                frame["arguments-delta"] = frame["delta"].clone();
            }
            Some("response.output_item.done") => frame["item"] = Value::Null,
            _ => {}
        }
        for (pointer, into) in pointers.iter().zip([&mut said, &mut name, &mut arguments]) {
            into.push_str(frame.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
        }
    }
    (said, name, arguments)
}

#[tokio::test]
async fn streamed_and_whole_answers_say_the_same() {
    let setup = setup().await;
    let words = "Größenänderung: der Pod braucht 512 MiB 🎉";
    for (path, protocol) in PATHS {
        setup.azure.play([Turn::text(words), Turn::text(words)]);
        let whole = setup.ask(path, &asked(false)).await;
        assert!(whole.json().to_string().contains(words), "{protocol:?}");
        assert_eq!(gathered(protocol, &setup.ask(path, &asked(true)).await.text).0, words);
        let call = Turn::call("c1", "kubectl_get", json!({"kind": "pod", "name": "größe"}));
        setup.azure.play([call.clone(), call]);
        let whole = setup.ask(path, &asked(false)).await.text;
        assert!(whole.contains("kubectl_get") && whole.contains("c1"), "{whole}");
        let (_, name, arguments) = gathered(protocol, &setup.ask(path, &asked(true)).await.text);
        assert_eq!(name, "kubectl_get");
        assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap()["name"], "größe");
    }
}

#[tokio::test]
async fn a_chat_stream_has_the_oddities_of_azure() {
    let setup = setup().await;
    setup.azure.play((0..5).map(|_| Turn::text("A longer answer, in several pieces.")));
    let plain = frames(&setup.ask(CHAT, &asked(true)).await.text);
    assert_eq!((&plain[0]["choices"], &plain[0]["id"]), (&json!([]), &json!("")));
    assert!(plain[0]["prompt_filter_results"].is_array());
    assert_eq!(plain.last().unwrap(), "[DONE]");
    assert!(plain.iter().all(|frame| frame.get("usage").is_none()));

    let mut body = asked(true);
    body["stream_options"] = json!({"include_usage": true});
    setup.azure.set_quirks([Quirk::TrailingFilter, Quirk::NoDone]);
    let odd = frames(&setup.ask(CHAT, &body).await.text);
    assert_eq!(odd.last().unwrap()["usage"]["total_tokens"], 15);
    let trailing = &odd[odd.len() - 2]["choices"][0];
    assert!(trailing["delta"].is_null() && trailing["content_filter_offsets"].is_object());

    setup.azure.set_quirks([Quirk::NoFilter, Quirk::NoFinish]);
    let cut = frames(&setup.ask(CHAT, &asked(true)).await.text);
    assert!(cut.iter().all(|frame| frame["choices"][0]["finish_reason"].is_null() && frame != "[DONE]"));
    assert!(cut[0].get("prompt_filter_results").is_none());

    setup.azure.set_quirks([Quirk::FilteredMidway]);
    let filtered = setup.ask(CHAT, &asked(true)).await.text;
    assert!(filtered.contains("content_filter\"") && !filtered.contains("several pieces."));

    setup.azure.set_read_size(Some(3));
    setup.azure.set_quirks([]);
    let text = setup.ask(CHAT, &asked(true)).await.text;
    assert_eq!(gathered(Protocol::Chat, &text).0, "A longer answer, in several pieces.");
}

#[tokio::test]
async fn without_a_script_a_call_comes_first_and_then_a_text() {
    let setup = setup().await;
    let endless =
        Endless { tool: "fetch_pods".to_owned(), arguments: json!({}), text: "All is well.".to_owned() };
    setup.azure.set_endless(Some(endless));
    let mut body = question();
    body["tools"] = json!([{"type": "function", "function": {"name": "fetch_pods"}}]);
    for _ in 0..3 {
        let first = setup.ask(CHAT, &body).await.json()["choices"][0]["message"].clone();
        assert_eq!(first["tool_calls"][0]["function"]["name"], "fetch_pods");
        let result = json!({"role": "tool", "tool_call_id": first["tool_calls"][0]["id"], "content": "none"});
        let mut next = body.clone();
        next["messages"].as_array_mut().unwrap().extend([first, result]);
        let answer = setup.ask(CHAT, &next).await.json();
        assert_eq!(answer["choices"][0]["message"]["content"], "All is well.");
    }
    assert_eq!(setup.ask(CHAT, &question()).await.json()["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn scripted_bytes_go_out_as_they_are_and_a_break_is_a_break() {
    let setup = setup().await;
    setup.azure.play([Turn::raw("data: {\"error\":{}}\n\n"), Turn::Cut(vec!["data: {}\n\n".into()])]);
    assert_eq!(setup.ask(CHAT, &asked(true)).await.text, "data: {\"error\":{}}\n\n");
    let headers = [("api-key", setup.azure.api_key())];
    assert!(setup.send(CHAT, &headers, &asked(true)).await.is_err());
    assert_eq!(setup.azure.steps_left(), 0);
}
