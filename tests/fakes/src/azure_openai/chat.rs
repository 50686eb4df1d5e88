//! Chat Completions as Azure sends them: an empty first chunk with the prompt's filter results, filter fields
//! on every choice, usage only for those who ask.

use serde_json::{Value, json};

use super::{
    Quirk,
    said::{Manner, Said, harmless, pieces},
};

const CREATED: u64 = 1_760_000_000;

fn usage() -> Value {
    json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}})
}

fn prompt_filter() -> Value {
    json!([{"prompt_index": 0, "content_filter_results": harmless()}])
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// Without a stream.
pub(super) fn whole(said: &Said, manner: &Manner<'_>) -> Value {
    let (message, finish) = match said {
        Said::Text(text) => {
            (json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}), "stop")
        }
        Said::Calls(calls) => {
            let calls: Vec<Value> =
                calls.iter().map(|(id, name, arguments)| call(id, name, &arguments.to_string())).collect();
            (
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls}),
                "tool_calls",
            )
        }
    };
    let mut choice = json!({"index": 0, "message": message, "finish_reason": finish, "logprobs": null});
    let mut body = json!({
        "id": format!("chatcmpl-fake{:08x}", manner.number), "object": "chat.completion", "created": CREATED,
        "model": manner.settings.model, "system_fingerprint": "fp_fake", "usage": usage(),
    });
    if !manner.settings.has(Quirk::NoFilter) {
        set(&mut choice, "content_filter_results", harmless());
        set(&mut body, "prompt_filter_results", prompt_filter());
    }
    set(&mut body, "choices", json!([choice]));
    body
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// The frames of a stream.
pub(super) fn frames(said: &Said, manner: &Manner<'_>) -> Vec<String> {
    let settings = manner.settings;
    let filtered = !settings.has(Quirk::NoFilter);
    let mut frames = Vec::new();
    let mut send = |chunk: &Value| frames.push(format!("data: {chunk}\n\n"));
    if filtered {
        send(&json!({"choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": prompt_filter()}));
    }
    let (deltas, mut finish) = deltas(said);
    let middle = if settings.has(Quirk::FilteredMidway) {
        finish = "content_filter";
        deltas.len().div_ceil(2)
    } else {
        deltas.len()
    };
    for delta in deltas.into_iter().take(middle) {
        send(&chunk(&delta, &Value::Null, manner));
    }
    if settings.has(Quirk::NoFinish) {
        return frames;
    }
    send(&chunk(&json!({}), &finish.into(), manner));
    if settings.has(Quirk::TrailingFilter) {
        let offsets = json!({"check_offset": 0, "start_offset": 0, "end_offset": 100});
        let choice = json!({"index": 0, "finish_reason": null, "content_filter_offsets": offsets,
            "content_filter_results": harmless()});
        send(&json!({"choices": [choice], "created": 0, "id": "", "model": "", "object": ""}));
    }
    if manner.usage {
        let mut last = chunk(&Value::Null, &Value::Null, manner);
        set(&mut last, "choices", json!([]));
        set(&mut last, "usage", usage());
        send(&last);
    }
    if !settings.has(Quirk::NoDone) {
        frames.push("data: [DONE]\n\n".to_owned());
    }
    frames
}

fn deltas(said: &Said) -> (Vec<Value>, &'static str) {
    match said {
        Said::Text(text) => {
            let first = json!({"role": "assistant", "content": "", "refusal": null});
            let rest = pieces(text).into_iter().map(|piece| json!({"content": piece}));
            (std::iter::once(first).chain(rest).collect(), "stop")
        }
        Said::Calls(calls) => {
            let mut deltas = vec![json!({"role": "assistant", "content": null})];
            for (index, (id, name, arguments)) in calls.iter().enumerate() {
                let mut first = call(id, name, "");
                set(&mut first, "index", index.into());
                deltas.push(json!({"tool_calls": [first]}));
                deltas.extend(pieces(&arguments.to_string()).into_iter().map(
                    |piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}),
                ));
            }
            (deltas, "tool_calls")
        }
    }
}

fn chunk(delta: &Value, finish: &Value, manner: &Manner<'_>) -> Value {
    let mut choice = json!({"index": 0, "delta": delta, "finish_reason": finish, "logprobs": null});
    if !manner.settings.has(Quirk::NoFilter) {
        set(&mut choice, "content_filter_results", json!({}));
    }
    let mut chunk = json!({
        "id": format!("chatcmpl-fake{:08x}", manner.number), "object": "chat.completion.chunk", "created": CREATED,
        "model": manner.settings.model, "system_fingerprint": "fp_fake", "choices": [choice],
    });
    if manner.usage {
        set(&mut chunk, "usage", Value::Null);
    }
    chunk
}
