//! Deployments, `ReplicaSets`, `StatefulSets`, `DaemonSets`, Jobs, `CronJobs`: counts, template, the pods they own.

use std::collections::BTreeMap;

use holmes_plugin::{
    Host,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use super::{Report, pod, volume};
use crate::{
    age::Now,
    field, read,
    render::rows::{self, pod as row},
    scope::Scope,
};

/// Pods that are named; the rest is counted.
const PODS: usize = 15;

/// Scalars of spec and status that are worth a line, in this order.
const SPEC: &[&str] = &[
    "replicas",
    "paused",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "serviceName",
    "podManagementPolicy",
    "schedule",
    "timeZone",
    "suspend",
    "concurrencyPolicy",
    "startingDeadlineSeconds",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "completions",
    "parallelism",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "completionMode",
];

pub(super) fn describe(report: &mut Report, host: &Host, object: &Value, now: Now) {
    for name in SPEC {
        if let Some(value) = object.pointer(&format!("/spec/{name}")) {
            report.field(0, name, &field::plain(value));
        }
    }
    for strategy in ["/spec/strategy", "/spec/updateStrategy"] {
        if let Some(value) = object.pointer(strategy) {
            report.field(0, "strategy", &value.to_string());
        }
    }
    let status =
        field::entries(object, "/status").filter(|(_, value)| !value.is_array() && !value.is_object());
    let status: Vec<String> = status.map(|(key, value)| format!("{key} {}", field::plain(value))).collect();
    report.field(0, "Status", &status.join(", "));
    report.field(0, "Selector", &rows::selector(object, "/spec/selector"));
    let active: Vec<&str> = field::list(object, "/status/active").iter().map(field::name_only).collect();
    report.field(0, "Active jobs", &active.join(", "));

    let cron = object.pointer("/spec/jobTemplate").is_some();
    let spec = if cron { "/spec/jobTemplate/spec/template/spec" } else { "/spec/template/spec" };
    report.line(0, "Pod template:");
    report.field(
        1,
        "Labels",
        &field::pairs(object, &spec.replace("/template/spec", "/template/metadata/labels")),
    );
    pod::spec(report, object, spec);
    pod::containers(report, object, spec, now);
    volume::describe(report, object, spec);
    if !cron {
        pods(report, host, object, now);
    }
}

/// The pods that the selector finds, by status; a workload's own conditions seldom tell why.
fn pods(report: &mut Report, host: &Host, object: &Value, now: Now) {
    let selector = field::pairs(object, "/spec/selector/matchLabels");
    if selector.is_empty() {
        return;
    }
    let options = ListOptions {
        namespace: Some(field::namespace(object).to_owned()),
        label_selector: Some(selector),
        field_selector: None,
    };
    let scope =
        Scope { resource: Resource::known("", "v1", "pods", "Pod", true), options, notes: Vec::new() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut named = Vec::new();
    let total = match read::each(host, &scope, |pod| {
        let status = row::status(&pod);
        if named.len() < PODS || status != "Running" {
            named.push((
                status == "Running",
                format!("{} {status}, restarts {}", field::name(&pod), row::restarts(&pod, now)),
            ));
        }
        *counts.entry(status).or_default() += 1;
    }) {
        Ok(total) => total,
        Err(error) => return report.line(0, format!("Pods: unknown ({error})")),
    };
    let counts: Vec<String> = counts.iter().map(|(status, count)| format!("{status} {count}")).collect();
    report.line(0, format!("Pods ({total}): {}", counts.join(", ")));
    named.sort();
    for (_, name) in named.iter().take(PODS) {
        report.line(1, name);
    }
    if total > PODS {
        report.line(1, format!("... {} more", total - PODS));
    }
}
