//! Deployments, `ReplicaSets`, `StatefulSets` and `DaemonSets`.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row, images, selector};
use crate::{age::Now, field};

const TEMPLATE: &str = "/spec/template";

pub(super) const DEPLOYMENT: Layout = Layout {
    columns: &["READY", "UP-TO-DATE", "AVAILABLE", "CONDITIONS", "IMAGES", "SELECTOR"],
    row: deployment,
    counted: None,
};

pub(super) const REPLICAS: Layout =
    Layout { columns: &["DESIRED", "CURRENT", "READY", "OWNER", "IMAGES"], row: replicas, counted: None };

pub(super) const STATEFUL: Layout =
    Layout { columns: &["READY", "UP-TO-DATE", "IMAGES", "SELECTOR"], row: stateful, counted: None };

pub(super) const DAEMON: Layout = Layout {
    columns: &["DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE-SELECTOR", "IMAGES"],
    row: daemon,
    counted: None,
};

/// An absent `replicas` is 1.
fn desired(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

fn count(object: &Value, pointer: &str) -> String {
    field::number(object, pointer).to_string()
}

/// Conditions that tell of trouble, with their reason.
fn troubles(object: &Value) -> String {
    let troubled = |condition: &&Value| {
        let holds = field::text(condition, "/status") == "True";
        matches!(
            (field::text(condition, "/type"), holds),
            ("Available" | "Progressing", false) | ("ReplicaFailure", true)
        )
    };
    let named = field::list(object, "/status/conditions").iter().filter(troubled).map(|condition| {
        format!(
            "{}={}({})",
            field::text(condition, "/type"),
            field::text(condition, "/status"),
            field::text(condition, "/reason")
        )
    });
    let mut named: Vec<String> = named.collect();
    if field::is_true(object, "/spec/paused") {
        named.push("Paused".to_owned());
    }
    if named.is_empty() { "ok".to_owned() } else { named.join(",") }
}

fn deployment(object: &Value, _now: Now) -> Row {
    let wanted = desired(object);
    let conditions = troubles(object);
    let ready = field::number(object, "/status/readyReplicas");
    let updated = field::number(object, "/status/updatedReplicas");
    let health = Health::problem_if(ready < wanted || updated < wanted || conditions != "ok");
    let cells = [
        format!("{ready}/{wanted}"),
        updated.to_string(),
        count(object, "/status/availableReplicas"),
        conditions,
        images(object, TEMPLATE),
        selector(object, "/spec/selector"),
    ];
    Row::new(cells, health)
}

fn replicas(object: &Value, _now: Now) -> Row {
    let wanted = desired(object);
    let ready = field::number(object, "/status/readyReplicas");
    let owner = field::list(object, "/metadata/ownerReferences")
        .first()
        .map(|owner| format!("{}/{}", field::text(owner, "/kind"), field::text(owner, "/name")));
    let cells = [
        wanted.to_string(),
        count(object, "/status/replicas"),
        ready.to_string(),
        owner.unwrap_or_default(),
        images(object, TEMPLATE),
    ];
    Row::new(cells, Health::problem_if(ready < wanted))
}

fn stateful(object: &Value, _now: Now) -> Row {
    let wanted = desired(object);
    let ready = field::number(object, "/status/readyReplicas");
    let cells = [
        format!("{ready}/{wanted}"),
        count(object, "/status/updatedReplicas"),
        images(object, TEMPLATE),
        selector(object, "/spec/selector"),
    ];
    Row::new(cells, Health::problem_if(ready < wanted))
}

fn daemon(object: &Value, _now: Now) -> Row {
    let wanted = field::number(object, "/status/desiredNumberScheduled");
    let ready = field::number(object, "/status/numberReady");
    let misplaced = field::number(object, "/status/numberMisscheduled");
    let cells = [
        wanted.to_string(),
        count(object, "/status/currentNumberScheduled"),
        ready.to_string(),
        count(object, "/status/updatedNumberScheduled"),
        count(object, "/status/numberAvailable"),
        field::pairs(object, "/spec/template/spec/nodeSelector"),
        images(object, TEMPLATE),
    ];
    Row::new(cells, Health::problem_if(ready < wanted || misplaced > 0))
}
