//! Responses: output items, and the events that build them.

use serde_json::{Value, json};

use super::said::{Manner, Said, event, pieces};

const CREATED: u64 = 1_760_000_000;

/// Without a stream.
pub(super) fn whole(said: &Said, manner: &Manner<'_>) -> Value {
    response("completed", &items(said, manner), manner)
}

fn response(status: &str, output: &[Value], manner: &Manner<'_>) -> Value {
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15});
    json!({
        "id": format!("resp_fake{:08x}", manner.number), "object": "response", "created_at": CREATED,
        "status": status, "model": manner.settings.model, "output": output, "error": null,
        "incomplete_details": null, "parallel_tool_calls": true, "store": false,
        "usage": if status == "completed" { usage } else { Value::Null },
    })
}

/// A model that reasons puts its encrypted thoughts before a call; a client has to hand them back.
fn items(said: &Said, manner: &Manner<'_>) -> Vec<Value> {
    let number = manner.number;
    match said {
        Said::Text(text) => {
            let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
            vec![json!({"id": format!("msg_fake{number:08x}"), "type": "message", "role": "assistant",
                "status": "completed", "content": [part]})]
        }
        Said::Calls(calls) => {
            let reasoning = json!({"id": format!("rs_fake{number:08x}"), "type": "reasoning", "summary": [],
                "encrypted_content": format!("gAAAAfake-reasoning-{number:08x}")});
            let calls = calls.iter().enumerate().map(|(index, (id, name, arguments))| {
                json!({"id": format!("fc_fake{number:08x}_{index}"), "type": "function_call", "status": "completed",
                    "call_id": id, "name": name, "arguments": arguments.to_string()})
            });
            std::iter::once(reasoning).chain(calls).collect()
        }
    }
}

/// The events of a stream.
pub(super) fn frames(said: &Said, manner: &Manner<'_>) -> Vec<String> {
    let started = response("in_progress", &[], manner);
    let mut events = vec![
        json!({"type": "response.created", "response": started}),
        json!({"type": "response.in_progress", "response": started}),
    ];
    for (index, item) in items(said, manner).iter().enumerate() {
        events.extend(building(index, item));
    }
    events.push(json!({"type": "response.completed", "response": whole(said, manner)}));
    let numbered = events.into_iter().enumerate().map(|(number, mut data)| {
        if let Some(fields) = data.as_object_mut() {
            fields.insert("sequence_number".to_owned(), number.into());
        }
        event(&data)
    });
    numbered.collect()
}

/// The events that build one item, from its empty form to its full one.
fn building(index: usize, item: &Value) -> Vec<Value> {
    let id = item.get("id").cloned().unwrap_or_default();
    let mut empty = item.clone();
    let mut middle = Vec::new();
    if let Some(fields) = empty.as_object_mut() {
        if let Some(status) = fields.get_mut("status") {
            *status = "in_progress".into();
        }
        if let Some(arguments) = fields.get_mut("arguments").and_then(|full| full.as_str().map(str::to_owned))
        {
            fields.insert("arguments".to_owned(), "".into());
            middle.extend(pieces(&arguments).into_iter().map(|piece| {
                json!({"type": "response.function_call_arguments.delta", "item_id": id, "output_index": index,
                    "delta": piece})
            }));
            middle.push(json!({"type": "response.function_call_arguments.done", "item_id": id,
                "output_index": index, "arguments": arguments}));
        }
        if let Some(part) = item.pointer("/content/0") {
            fields.insert("content".to_owned(), json!([]));
            middle.extend(text(index, &id, part));
        }
    }
    let mut events =
        vec![json!({"type": "response.output_item.added", "output_index": index, "item": empty})];
    events.extend(middle);
    events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    events
}

fn text(index: usize, id: &Value, part: &Value) -> Vec<Value> {
    let full = part.get("text").and_then(Value::as_str).unwrap_or_default();
    let at = |kind: &str| json!({"type": kind, "item_id": id, "output_index": index, "content_index": 0});
    let with = |kind: &str, name: &str, value: Value| {
        let mut data = at(kind);
        if let Some(fields) = data.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        data
    };
    let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
    let mut events = vec![with("response.content_part.added", "part", empty)];
    events.extend(
        pieces(full).into_iter().map(|piece| with("response.output_text.delta", "delta", piece.into())),
    );
    events.push(with("response.output_text.done", "text", full.into()));
    events.push(with("response.content_part.done", "part", part.clone()));
    events
}
