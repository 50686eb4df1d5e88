//! What is sent, compared whole.

use holmes_protocol::{SideEffect, ToolStatus};

use super::*;

fn carried(origin: &str, item: Value) -> Carried {
    Carried { origin: origin.into(), item }
}

fn asked(text: &str) -> Message {
    Message::User { text: text.into() }
}

fn called(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.parse().unwrap(), name: "echo".into(), arguments: arguments.into() }
}

fn input(messages: Vec<Message>) -> Value {
    body(&ChatRequest { messages, tools: vec![] }, "m", "here").remove("input").unwrap()
}

#[test]
fn a_conversation_becomes_the_documented_body() {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"});
    let request = ChatRequest {
        messages: vec![
            Message::System { text: "s".into() },
            asked("u"),
            Message::Assistant {
                text: String::new(),
                tool_calls: vec![called("c1", " "), called("c2", "{\"x\":1}")],
                carried: vec![carried("here", reasoning.clone())],
            },
            Message::Tool {
                call_id: "c1".parse().unwrap(),
                name: "echo".parse().unwrap(),
                status: ToolStatus::Success,
                text: "t".into(),
                report: None,
            },
            Message::Assistant { text: "a".into(), tool_calls: vec![], carried: vec![] },
        ],
        tools: vec![ToolSpec {
            name: "echo".parse().unwrap(),
            toolset: "t".parse().unwrap(),
            description: "d".into(),
            input_schema: json!({"type": "object"}),
            side_effect: SideEffect::ReadOnly,
        }],
    };
    let expected = json!({
        "model": "m",
        "instructions": "s",
        "input": [
            {"type": "message", "role": "user", "content": "u"},
            reasoning,
            {"type": "function_call", "call_id": "c1", "name": "echo", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "echo", "arguments": "{\"x\":1}"},
            {"type": "function_call_output", "call_id": "c1", "output": "t"},
            {"type": "message", "role": "assistant", "content": "a"},
        ],
        "tools": [{"type": "function", "name": "echo", "description": "d",
            "parameters": {"type": "object"}, "strict": false}],
        "store": false,
        "include": ["reasoning.encrypted_content"],
    });
    assert_eq!(Value::Object(body(&request, "m", "here")), expected);
    let bare = ChatRequest { messages: vec![asked("u")], tools: vec![] };
    let bare = body(&bare, "m", "here");
    assert!(!bare.contains_key("tools") && !bare.contains_key("instructions"), "{bare:?}");
}

#[test]
fn instructions_in_several_places_stay_there_in_one_form() {
    let system = |text: &str| Message::System { text: text.into() };
    let request = ChatRequest { messages: vec![system("a"), asked("u"), system("b")], tools: vec![] };
    let body = body(&request, "m", "here");
    assert!(!body.contains_key("instructions"));
    let roles: Vec<&Value> = body["input"].as_array().unwrap().iter().map(|item| &item["role"]).collect();
    assert_eq!(roles, ["developer", "user", "developer"]);
}

#[test]
fn reasoning_goes_back_to_its_own_deployment_only() {
    let carried = vec![
        carried("elsewhere", json!({"type": "reasoning", "encrypted_content": "theirs"})),
        carried("here", json!({"type": "reasoning", "encrypted_content": "ours"})),
        carried("", json!({"type": "reasoning", "encrypted_content": "nobody's"})),
    ];
    let message = Message::Assistant { text: "a".into(), tool_calls: vec![], carried };
    let request = ChatRequest { messages: vec![message], tools: vec![] };
    for (origin, expected) in [("here", Some("ours")), ("elsewhere", Some("theirs")), ("third", None)] {
        let body = body(&request, "m", origin);
        let items = body["input"].as_array().unwrap();
        let sent: Vec<&str> = items.iter().filter_map(|item| item["encrypted_content"].as_str()).collect();
        assert_eq!(sent, expected.into_iter().collect::<Vec<_>>(), "{origin}");
        assert_eq!(items.last().unwrap()["content"], "a");
    }
}

#[test]
fn reasoning_stands_before_what_it_led_to_and_never_at_the_end() {
    let reasoning = |name: &str, position: u64| {
        carried("here", json!({"type": "reasoning", "encrypted_content": name, POSITION: position}))
    };
    let order = |text: &str, calls: usize| {
        let message = Message::Assistant {
            text: text.into(),
            tool_calls: (0..calls).map(|call| called(&format!("c{call}"), "{}")).collect(),
            carried: vec![reasoning("r0", 0), reasoning("r1", 1), reasoning("r2", 2), reasoning("r3", 3)],
        };
        let input = input(vec![message]);
        assert!(!input.to_string().contains(POSITION), "{input}");
        let items = input.as_array().unwrap().iter();
        let name = |item: &Value| {
            let names = ["encrypted_content", "content", "call_id"].map(|field| item[field].as_str());
            names.into_iter().flatten().next().unwrap().to_owned()
        };
        items.map(name).collect::<Vec<_>>()
    };
    assert_eq!(order("text", 2), ["r0", "text", "r1", "c0", "r2", "c1"]);
    assert_eq!(order("", 1), ["r0", "r1", "c0"]);
    assert_eq!(order("text", 0), ["r0", "text"]);
    assert!(order("", 0).is_empty());
}

#[test]
fn usage_is_read_wherever_it_is() {
    for (counted, expected) in [
        (json!({}), TokenUsage::default()),
        (
            json!({"input_tokens": 3, "output_tokens": null, "input_tokens_details": {"cached_tokens": 2}}),
            TokenUsage { prompt_tokens: 3, cached_tokens: 2, ..TokenUsage::default() },
        ),
        (
            json!({"output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 9}),
            TokenUsage { completion_tokens: 4, reasoning_tokens: 1, ..TokenUsage::default() },
        ),
    ] {
        assert_eq!(usage(&serde_json::from_value(counted).unwrap()), expected);
    }
}
