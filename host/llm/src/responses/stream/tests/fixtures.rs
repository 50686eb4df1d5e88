//! Answers, and the events by which they arrive.

use serde_json::{Value, json};

/// A whole answer, as documented.
pub(super) fn whole(status: &str, output: &Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": null,
        "incomplete_details": null, "instructions": "s", "model": "gpt-5.4-2026", "output": output,
        "store": false, "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tools": [],
        "usage": {"input_tokens": 30, "input_tokens_details": {"cached_tokens": 20}, "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 39}})
}

/// A message of one part.
pub(super) fn message(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}]})
}

/// A message that refuses.
pub(super) fn refusal(text: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "refusal", "refusal": text}]})
}

/// A call whose item's id is not the call's.
pub(super) fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": format!("fc_{id}"), "type": "function_call", "status": "completed",
        "call_id": id, "name": name, "arguments": arguments})
}

/// Reasoning with the null fields that are really sent.
pub(super) fn reasoning(id: &str, encrypted: Option<&str>) -> Value {
    json!({"id": id, "type": "reasoning", "status": null, "summary": [], "content": null,
        "encrypted_content": encrypted})
}

/// The events by which an item arrives, its text or arguments cut into characters.
fn arrival(index: usize, item: &Value) -> Vec<Value> {
    let mut opened = item.clone();
    opened["status"] = json!("in_progress");
    let place = |kind: &str, delta: &str| {
        json!({"type": kind, "item_id": item["id"], "output_index": index, "content_index": 0,
            "delta": delta, "obfuscation": "x7"})
    };
    let characters = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let mut pieces = Vec::new();
    match item["type"].as_str() {
        Some("message") => {
            let part = &item["content"][0];
            opened["content"] = json!([]);
            pieces.push(json!({"type": "response.content_part.added", "output_index": index, "part": part}));
            let kind = part["type"].as_str().unwrap();
            let text = part["text"].as_str().or(part["refusal"].as_str()).unwrap();
            pieces.extend(characters(text).iter().map(|c| place(&format!("response.{kind}.delta"), c)));
            pieces
                .push(json!({"type": format!("response.{kind}.done"), "output_index": index, "text": text}));
        }
        Some("function_call") => {
            let arguments = item["arguments"].as_str().unwrap();
            opened["arguments"] = json!("");
            let kind = "response.function_call_arguments.delta";
            pieces.extend(characters(arguments).iter().map(|c| place(kind, c)));
            pieces.push(json!({"type": "response.function_call_arguments.done", "item_id": item["id"],
                "output_index": index, "arguments": arguments}));
        }
        _ => opened["encrypted_content"] = json!("half"),
    }
    let added = json!({"type": "response.output_item.added", "output_index": index, "item": opened});
    let done = json!({"type": "response.output_item.done", "output_index": index, "item": item});
    [vec![added], pieces, vec![done]].concat()
}

/// The stream of a whole answer.
pub(super) fn streamed(response: &Value) -> Vec<Value> {
    let mut begun = response.clone();
    for (field, value) in [("status", json!("in_progress")), ("output", json!([])), ("usage", Value::Null)] {
        begun[field] = value;
    }
    let mut events = vec![
        json!({"type": "response.created", "sequence_number": 0, "response": begun}),
        json!({"type": "response.in_progress", "sequence_number": 1, "response": begun}),
    ];
    let items = response["output"].as_array().unwrap().iter().enumerate();
    events.extend(items.flat_map(|(index, item)| arrival(index, item)));
    let end = format!("response.{}", response["status"].as_str().unwrap());
    events.push(json!({"type": end, "sequence_number": 99, "response": response}));
    events
}

/// The ways in which servers stream one answer.
pub(super) fn ways(response: &Value) -> Vec<(&'static str, Vec<Value>)> {
    let stream = streamed(response);
    let kind = |event: &Value, part: &str| event["type"].as_str().is_some_and(|kind| kind.contains(part));
    let without = |part: &str| stream.iter().filter(|event| !kind(event, part)).cloned().collect();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut events = stream.clone();
        events.iter_mut().for_each(change);
        events
    };
    let empty_list = changed(&|event| event["response"]["output"] = json!([]));
    let no_index = changed(&|event| drop(event.as_object_mut().unwrap().remove("output_index")));
    let other_ids = changed(&|event| event["item_id"] = json!(event.to_string()));
    let mut closed_empty = empty_list.clone();
    for event in closed_empty.iter_mut().filter(|event| kind(event, "item.done")) {
        event["item"]["content"] = Value::Null;
        event["item"]["arguments"] = Value::Null;
    }
    let never_closed = |event: &&Value| kind(event, "item.done") && event["item"]["type"] != "reasoning";
    let never_closed = empty_list.iter().filter(|event| !never_closed(event)).cloned().collect();
    vec![
        ("items are not closed and not repeated at the end", never_closed),
        ("items are closed without what was streamed", closed_empty),
        ("items are not repeated at the end", empty_list),
        ("items have no index", no_index),
        ("items change their ids", other_ids),
        ("items come whole", without(".delta")),
        ("items are neither opened nor closed", without("output_item")),
        ("nothing comes before the end", stream.last().cloned().into_iter().collect()),
        ("as documented", stream),
    ]
}

/// A value once for each of its fields, at any depth, with that field replaced or left out.
pub(super) fn variants(value: &Value, replacement: Option<&Value>) -> Vec<Value> {
    let mut all = Vec::new();
    if let Value::Object(fields) = value {
        for (key, inner) in fields {
            let mut changed = fields.clone();
            match replacement {
                Some(replacement) => drop(changed.insert(key.clone(), replacement.clone())),
                None => drop(changed.remove(key)),
            }
            all.push(changed.into());
            for inner in variants(inner, replacement) {
                let mut changed = fields.clone();
                changed.insert(key.clone(), inner);
                all.push(changed.into());
            }
        }
    }
    if let Value::Array(items) = value {
        for (index, inner) in items.iter().enumerate() {
            for inner in variants(inner, replacement) {
                let mut changed = items.clone();
                changed[index] = inner;
                all.push(changed.into());
            }
        }
    }
    all
}
