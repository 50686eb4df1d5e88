//! `Table` and `PartialObjectMetadata`: the smaller forms in which an API server gives objects.

use serde_json::{Value, json};

use super::{
    content::text,
    target::{Query, Target},
};

/// A list, or one object, as rows of cells. Pods have the columns of `kubectl get`, others name and age.
pub(super) fn table(read: &Value, target: &Target, query: &Query) -> Value {
    let items = items(read);
    let pods = target.group.is_empty() && target.plural == "pods";
    let columns: &[(&str, &str)] = if pods {
        &[
            ("Name", "string"),
            ("Ready", "string"),
            ("Status", "string"),
            ("Restarts", "string"),
            ("Age", "string"),
        ]
    } else {
        &[("Name", "string"), ("Created At", "date")]
    };
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, kind)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": kind, "format": format, "description": "", "priority": 0})
        })
        .collect();
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let cells = if pods { pod(item) } else { json!([name(item), text(item, CREATED)]) };
            match query.get("includeObject").map(String::as_str) {
                Some("None") => json!({"cells": cells}),
                Some("Object") => json!({"cells": cells, "object": item}),
                _ => json!({"cells": cells, "object": partial(item)}),
            }
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": read["metadata"],
        "columnDefinitions": definitions, "rows": rows})
}

/// Metadata alone.
pub(super) fn metadata(read: &Value) -> Value {
    if read.get("items").is_none() {
        return partial(read);
    }
    let items: Vec<Value> = items(read).iter().map(partial).collect();
    json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": read["metadata"], "items": items})
}

const CREATED: &str = "/metadata/creationTimestamp";

fn items(read: &Value) -> &[Value] {
    match read.get("items").and_then(Value::as_array) {
        Some(items) => items,
        None => std::slice::from_ref(read),
    }
}

fn partial(item: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]})
}

fn name(item: &Value) -> String {
    text(item, "/metadata/name")
}

fn pod(pod: &Value) -> Value {
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let statuses = statuses.map_or(&[][..], Vec::as_slice);
    let ready = statuses.iter().filter(|status| status["ready"] == true).count();
    let all = pod.pointer("/spec/containers").and_then(Value::as_array).map_or(0, Vec::len);
    let restarts: u64 = statuses.iter().filter_map(|status| status["restartCount"].as_u64()).sum();
    let stated = statuses.iter().find_map(|status| {
        let reasons = ["/state/waiting/reason", "/state/terminated/reason"];
        reasons.map(|at| text(status, at)).into_iter().find(|reason| !reason.is_empty())
    });
    let reason = text(pod, "/status/reason");
    let status = if pod.pointer("/metadata/deletionTimestamp").is_some() {
        "Terminating".to_owned()
    } else if !reason.is_empty() {
        reason
    } else {
        stated.unwrap_or_else(|| text(pod, "/status/phase"))
    };
    json!([name(pod), format!("{ready}/{all}"), status, restarts.to_string(), text(pod, CREATED)])
}
