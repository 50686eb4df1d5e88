//! Nodes.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, field};

pub(super) const LAYOUT: Layout = Layout {
    columns: &["STATUS", "ROLES", "VERSION", "INTERNAL-IP", "CPU", "MEMORY", "ZONE", "POOL", "TAINTS"],
    row,
    counted: Some("STATUS"),
};

const ROLE: &str = "node-role.kubernetes.io/";

fn row(node: &Value, _now: Now) -> Row {
    let status = status(node);
    let address =
        field::list(node, "/status/addresses").iter().find(|it| field::text(it, "/type") == "InternalIP");
    let roles: Vec<&str> =
        field::entries(node, "/metadata/labels").filter_map(|(label, _)| label.strip_prefix(ROLE)).collect();
    let health = Health::problem_if(status != "Ready");
    let pool = field::text_or(
        node,
        "/metadata/labels/kubernetes.azure.com~1agentpool",
        field::text(node, "/metadata/labels/agentpool"),
    );
    let cells = [
        status,
        roles.join(","),
        field::text(node, "/status/nodeInfo/kubeletVersion").to_owned(),
        address.map(|it| field::text(it, "/address").to_owned()).unwrap_or_default(),
        field::text(node, "/status/allocatable/cpu").to_owned(),
        field::text(node, "/status/allocatable/memory").to_owned(),
        field::text(node, "/metadata/labels/topology.kubernetes.io~1zone").to_owned(),
        pool.to_owned(),
        taints(node).join(","),
    ];
    Row::new(cells, health)
}

/// `NotReady,SchedulingDisabled,MemoryPressure`.
fn status(node: &Value) -> String {
    let ready = field::condition(node, "Ready").map(|it| field::text(it, "/status"));
    let mut words = vec![match ready {
        Some("True") => "Ready",
        Some("False") => "NotReady",
        _ => "NotReady(Unknown)",
    }];
    if field::is_true(node, "/spec/unschedulable") {
        words.push("SchedulingDisabled");
    }
    // All other conditions of a node are false when it is well.
    words.extend(
        field::list(node, "/status/conditions")
            .iter()
            .filter(|it| field::text(it, "/type") != "Ready" && field::text(it, "/status") == "True")
            .map(|it| field::text(it, "/type")),
    );
    words.join(",")
}

/// `key=value:NoSchedule`.
pub(crate) fn taints(node: &Value) -> Vec<String> {
    let taint = |taint: &Value| {
        let value = field::text(taint, "/value");
        let equals = if value.is_empty() { String::new() } else { format!("={value}") };
        format!("{}{equals}:{}", field::text(taint, "/key"), field::text(taint, "/effect"))
    };
    field::list(node, "/spec/taints").iter().map(taint).collect()
}
