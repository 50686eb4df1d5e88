//! Anthropic's Messages, as Claude in Foundry answers.

use serde_json::{Value, json};

use super::said::{Manner, Said, event, pieces};

/// Without a stream.
pub(super) fn whole(said: &Said, manner: &Manner<'_>) -> Value {
    let (content, reason) = match said {
        Said::Text(text) => (vec![json!({"type": "text", "text": text})], "end_turn"),
        Said::Calls(calls) => {
            let call = |(id, name, input): &(String, String, Value)| {
                let kind = "tool_use";
                json!({"type": kind, "id": id, "name": name, "input": input})
            };
            (calls.iter().map(call).collect(), "tool_use")
        }
    };
    message(&content, Some(reason), 5, manner)
}

fn message(content: &[Value], reason: Option<&str>, output: u64, manner: &Manner<'_>) -> Value {
    json!({
        "id": format!("msg_fake{:08x}", manner.number), "type": "message", "role": "assistant",
        "model": manner.settings.model, "content": content, "stop_reason": reason, "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": output},
    })
}

/// The events of a stream.
pub(super) fn frames(said: &Said, manner: &Manner<'_>) -> Vec<String> {
    let mut events = vec![
        json!({"type": "message_start", "message": message(&[], None, 1, manner)}),
        json!({"type": "ping"}),
    ];
    let reason = match said {
        Said::Text(text) => {
            let deltas = pieces(text).into_iter().map(|piece| json!({"type": "text_delta", "text": piece}));
            events.extend(block(0, &json!({"type": "text", "text": ""}), deltas));
            "end_turn"
        }
        Said::Calls(calls) => {
            for (index, (id, name, input)) in calls.iter().enumerate() {
                let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let deltas = pieces(&input.to_string()).into_iter();
                let deltas = deltas.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
                events.extend(block(index, &start, deltas));
            }
            "tool_use"
        }
    };
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 5}}));
    events.push(json!({"type": "message_stop"}));
    events.iter().map(event).collect()
}

fn block(index: usize, start: &Value, deltas: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": start})];
    events.extend(deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}
