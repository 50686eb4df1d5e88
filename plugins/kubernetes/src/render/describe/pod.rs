//! A pod: where it runs, its containers and their states, what it mounts and tolerates.

use holmes_plugin::serde_json::Value;

use super::{Report, container, volume};
use crate::{age::Now, field, render::rows::pod as row};

pub(super) fn describe(report: &mut Report, pod: &Value, now: Now) {
    report.field(0, "Status", &row::status(pod));
    report.field(0, "Phase", field::text(pod, "/status/phase"));
    report.field(0, "Reason", field::text(pod, "/status/reason"));
    report.field(0, "Message", field::text(pod, "/status/message"));
    report.field(0, "Nominated node", field::text(pod, "/status/nominatedNodeName"));
    let node = field::text(pod, "/spec/nodeName");
    report.field(0, "Node", if node.is_empty() { "(not scheduled)" } else { node });
    report.field(0, "IP", field::text(pod, "/status/podIP"));
    report.field(0, "QoS", field::text(pod, "/status/qosClass"));
    spec(report, pod, "/spec");
    containers(report, pod, "/spec", now);
    volume::describe(report, pod, "/spec");
}

/// What a pod and a pod template have in common besides containers and volumes.
pub(super) fn spec(report: &mut Report, object: &Value, spec: &str) {
    let at = |name: &str| format!("{spec}/{name}");
    report.field(0, "Service account", field::text(object, &at("serviceAccountName")));
    report.field(0, "Restart policy", field::text(object, &at("restartPolicy")));
    report.field(0, "Priority class", field::text(object, &at("priorityClassName")));
    report.field(0, "Runtime class", field::text(object, &at("runtimeClassName")));
    report.field(0, "Node selector", &field::pairs(object, &at("nodeSelector")));
    let secrets: Vec<&str> =
        field::list(object, &at("imagePullSecrets")).iter().map(field::name_only).collect();
    report.field(0, "Image pull secrets", &secrets.join(", "));
    let tolerations: Vec<String> = field::list(object, &at("tolerations")).iter().map(toleration).collect();
    report.field(0, "Tolerations", &tolerations.join(", "));
    for part in ["affinity", "topologySpreadConstraints", "securityContext"] {
        let value = object.pointer(&at(part)).filter(|value| {
            value.as_object().is_none_or(|map| !map.is_empty())
                && value.as_array().is_none_or(|list| !list.is_empty())
        });
        if let Some(value) = value {
            report.field(0, part, &value.to_string());
        }
    }
}

fn toleration(toleration: &Value) -> String {
    let key = field::text_or(toleration, "/key", "(any)");
    let value = field::text(toleration, "/value");
    let equals = if value.is_empty() { String::new() } else { format!("={value}") };
    let effect = field::text_or(toleration, "/effect", "(any effect)");
    let seconds = toleration.pointer("/tolerationSeconds").map(|it| format!(" for {}s", field::plain(it)));
    format!("{key}{equals}:{effect}{}", seconds.unwrap_or_default())
}

/// All containers of a pod or of a template; only a pod has states.
pub(super) fn containers(report: &mut Report, object: &Value, spec: &str, now: Now) {
    let groups = [
        ("Init containers", "initContainers"),
        ("Containers", "containers"),
        ("Ephemeral containers", "ephemeralContainers"),
    ];
    for (title, part) in groups {
        let all = field::list(object, &format!("{spec}/{part}"));
        if all.is_empty() {
            continue;
        }
        report.line(0, format!("{title}:"));
        for one in all {
            let name = field::text(one, "/name");
            let status = row::container_statuses(object).find(|status| field::text(status, "/name") == name);
            container::describe(report, one, status, now);
        }
    }
}
