//! Autoscalers and disruption budgets.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, field};

pub(super) const AUTOSCALER: Layout = Layout {
    columns: &["REFERENCE", "TARGETS", "MIN", "MAX", "REPLICAS", "CONDITIONS"],
    row: autoscaler,
    counted: None,
};

pub(super) const BUDGET: Layout = Layout {
    columns: &["MIN-AVAILABLE", "MAX-UNAVAILABLE", "ALLOWED", "HEALTHY/DESIRED"],
    row: disruption,
    counted: None,
};

/// `cpu: 85%/70%` for each metric.
pub(crate) fn targets(object: &Value) -> Vec<String> {
    let current = field::list(object, "/status/currentMetrics");
    let metric = |metric: &Value| {
        let (kind, name) = identity(metric);
        let now = current.iter().find(|it| identity(it) == (kind, name));
        let now = now.map(|it| amount(it, kind, "current")).filter(|text| !text.is_empty());
        let now = now.unwrap_or_else(|| "<unknown>".to_owned());
        format!("{name}: {now}/{}", amount(metric, kind, "target"))
    };
    field::list(object, "/spec/metrics").iter().map(metric).collect()
}

fn identity(metric: &Value) -> (&str, &str) {
    let part = match field::text(metric, "/type") {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        _ => "external",
    };
    let own = field::text(metric, &format!("/{part}/name"));
    (part, if own.is_empty() { field::text(metric, &format!("/{part}/metric/name")) } else { own })
}

fn amount(metric: &Value, part: &str, side: &str) -> String {
    let Some(value) = metric.pointer(&format!("/{part}/{side}")) else { return String::new() };
    if let Some(percent) = value.get("averageUtilization") {
        return format!("{}%", field::plain(percent));
    }
    value.get("averageValue").or_else(|| value.get("value")).map(field::plain).unwrap_or_default()
}

fn autoscaler(object: &Value, _now: Now) -> Row {
    // Both conditions are true when the autoscaler works; being at the limit is worth seeing as well.
    let troubled = |condition: &&Value| {
        let holds = field::text(condition, "/status") == "True";
        (field::text(condition, "/type") == "ScalingLimited") == holds
    };
    let conditions: Vec<String> = field::list(object, "/status/conditions")
        .iter()
        .filter(troubled)
        .map(|it| {
            format!(
                "{}={}({})",
                field::text(it, "/type"),
                field::text(it, "/status"),
                field::text(it, "/reason")
            )
        })
        .collect();
    let health = Health::problem_if(!conditions.is_empty());
    let reference = "/spec/scaleTargetRef";
    let cells = [
        format!(
            "{}/{}",
            field::text(object, &format!("{reference}/kind")),
            field::text(object, &format!("{reference}/name"))
        ),
        targets(object).join(", "),
        object.pointer("/spec/minReplicas").map_or_else(|| "1".to_owned(), field::plain),
        field::number(object, "/spec/maxReplicas").to_string(),
        field::number(object, "/status/currentReplicas").to_string(),
        conditions.join(","),
    ];
    Row::new(cells, health)
}

fn disruption(object: &Value, _now: Now) -> Row {
    let given = |pointer: &str| object.pointer(pointer).map(field::plain).unwrap_or_default();
    let healthy = field::number(object, "/status/currentHealthy");
    let desired = field::number(object, "/status/desiredHealthy");
    let cells = [
        given("/spec/minAvailable"),
        given("/spec/maxUnavailable"),
        field::number(object, "/status/disruptionsAllowed").to_string(),
        format!("{healthy}/{desired}"),
    ];
    Row::new(cells, Health::problem_if(healthy < desired))
}
