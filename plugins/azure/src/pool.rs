//! Node pools as rows: those with a visible problem first.

use holmes_plugin::serde_json::Value;

use crate::{field, report::Report};

/// More pools than a cluster may have.
const MOST: usize = 100;

const COLUMNS: [&str; 12] = [
    "POOL",
    "MODE",
    "PROVISIONING",
    "POWER",
    "NODES",
    "AUTOSCALE",
    "VM SIZE",
    "VERSION",
    "ZONES",
    "MAX PODS",
    "SUBNET",
    "ERROR",
];

/// A table of pools; a pool is an element of `agentPoolProfiles`, or an `agentPools` resource.
pub(crate) fn table<'a>(report: &mut Report, pools: impl Iterator<Item = &'a Value>) {
    let mut rows: Vec<(bool, Vec<String>)> = pools.map(|pool| (!has_problem(pool), row(pool))).collect();
    rows.sort_by_key(|(well, _)| *well);
    let problems = rows.iter().filter(|(well, _)| !well).count();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    report.table(&COLUMNS, &rows, MOST);
    report.note(format!("{} node pools, {problems} with a visible problem", rows.len()));
}

/// Its properties, wherever this version of the API keeps them.
pub(crate) fn properties(pool: &Value) -> &Value {
    pool.get("properties").unwrap_or(pool)
}

/// `3-12`, or `off`.
pub(crate) fn autoscale(pool: &Value) -> String {
    let on = pool.get("enableAutoScaling").and_then(Value::as_bool).unwrap_or_default();
    if on {
        format!("{}-{}", field::text(pool, "/minCount"), field::text(pool, "/maxCount"))
    } else {
        "off".to_owned()
    }
}

/// Why the last operation on a pool or a cluster failed, if Azure tells.
pub(crate) fn failure(properties: &Value) -> String {
    let code = field::text(properties, "/status/provisioningError/code");
    let message = field::text(properties, "/status/provisioningError/message");
    if code.is_empty() && message.is_empty() { message } else { format!("{code}: {message}") }
}

/// Is it in any state but a good one?
fn has_problem(pool: &Value) -> bool {
    let pool = properties(pool);
    let state = field::text(pool, "/provisioningState");
    let power = field::text(pool, "/powerState/code");
    !matches!(state.as_str(), "" | "Succeeded")
        || power == "Stopped"
        || !failure(pool).is_empty()
        || is_full(pool)
}

/// An autoscaled pool at its limit gets no more nodes, however many pods wait.
pub(crate) fn is_full(pool: &Value) -> bool {
    let number = |key: &str| pool.get(key).and_then(Value::as_u64);
    let on = pool.get("enableAutoScaling").and_then(Value::as_bool).unwrap_or_default();
    on && number("count").is_some() && number("count") >= number("maxCount")
}

fn row(pool: &Value) -> Vec<String> {
    let name = field::text(pool, "/name");
    let pool = properties(pool);
    let full = if is_full(pool) { " (at its maximum)" } else { "" };
    vec![
        name,
        field::text(pool, "/mode"),
        field::text(pool, "/provisioningState"),
        field::text(pool, "/powerState/code"),
        field::text(pool, "/count"),
        format!("{}{full}", autoscale(pool)),
        field::text(pool, "/vmSize"),
        field::first(pool, &["/currentOrchestratorVersion", "/orchestratorVersion"]),
        field::list(pool, "/availabilityZones"),
        field::text(pool, "/maxPods"),
        field::last_segment(&field::text(pool, "/vnetSubnetID")).to_owned(),
        failure(pool),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::{serde_json::json, testing::Canned};

    #[test]
    fn a_pool_that_failed_or_is_full_comes_first() {
        let pools = [
            json!({"name": "good", "provisioningState": "Succeeded", "count": 3, "powerState": {"code": "Running"}}),
            json!({"name": "full", "properties": {"provisioningState": "Succeeded", "enableAutoScaling": true,
                "minCount": 1, "maxCount": 3, "count": 3}}),
            json!({"name": "bad", "provisioningState": "Failed", "count": 1, "status": {"provisioningError":
                {"code": "SubnetIsFull", "message": "no addresses"}}}),
        ];
        let mut report = Report::new(&Canned::new().host());
        table(&mut report, pools.iter());
        let text = report.finish().to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("full | ") && lines[1].contains("1-3 (at its maximum)"), "{text}");
        assert!(lines[2].starts_with("bad | ") && lines[2].ends_with("SubnetIsFull: no addresses"), "{text}");
        assert!(lines[3].starts_with("good | "), "{text}");
        assert_eq!(lines[4], "-- 3 node pools, 2 with a visible problem");
    }
}
