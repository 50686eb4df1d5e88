//! An autoscaler: target, metrics with current values, limits.

use holmes_plugin::serde_json::Value;

use super::Report;
use crate::{age::Now, field, render::rows::scaling};

pub(super) fn describe(report: &mut Report, object: &Value, now: Now) {
    let at = |name: &str| object.pointer(&format!("/{name}")).map(field::plain).unwrap_or_default();
    report.field(
        0,
        "Reference",
        &format!("{}/{}", at("spec/scaleTargetRef/kind"), at("spec/scaleTargetRef/name")),
    );
    report.line(0, "Metrics (current/target):");
    for target in scaling::targets(object) {
        report.line(1, target);
    }
    report.field(0, "Min replicas", &at("spec/minReplicas"));
    report.field(0, "Max replicas", &at("spec/maxReplicas"));
    report.field(
        0,
        "Replicas",
        &format!("{} current, {} desired", at("status/currentReplicas"), at("status/desiredReplicas")),
    );
    let last = field::text(object, "/status/lastScaleTime");
    if !last.is_empty() {
        report.field(0, "Last scaled", &format!("{} ago", now.age(last)));
    }
    if let Some(behavior) = object.pointer("/spec/behavior") {
        report.field(0, "Behavior", &behavior.to_string());
    }
}
