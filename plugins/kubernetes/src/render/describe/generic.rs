//! Any other kind: its own fields as YAML, conditions and bookkeeping aside.

use holmes_plugin::serde_json::Value;

use super::Report;
use crate::{budget, render::yaml};

/// One field of an object, for example a ConfigMap's data, may take this much of a description.
const FIELD: usize = 12_000;

pub(super) fn describe(report: &mut Report, object: &Value) {
    let fields = object.as_object().into_iter().flatten();
    for (key, value) in fields.filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"))
    {
        let mut value = value.clone();
        if let Some(status) = value.as_object_mut().filter(|_| key == "status") {
            // They have a section of their own.
            status.remove("conditions");
            if status.is_empty() {
                continue;
            }
        }
        if value.is_object() || value.is_array() {
            report.line(0, format!("{key}:"));
            let text = yaml::text(&value);
            let head = budget::head(&text, FIELD);
            report.block(1, head);
            if head.len() < text.len() {
                let left_out = text.len() - head.len();
                report.line(
                    1,
                    format!("... {left_out} bytes left out; kubernetes_jq_query returns single fields"),
                );
            }
        } else {
            report.field(0, key, &crate::field::plain(&value));
        }
    }
}
