//! Tool `kubectl_top_nodes`.

use std::collections::BTreeMap;

use holmes_plugin::{
    kubernetes::{ListOptions, Resource},
    prelude::*,
};

use crate::{field, quantity, read, scope::Scope, usage};

/// Nothing to choose.
#[arguments]
pub struct TopNodes {}

/// Shows CPU and memory that nodes use now, in amounts and as a share of what is allocatable.
#[tool(read_only)]
pub fn kubectl_top_nodes(host: &Host, _arguments: TopNodes) -> Result<Output, ToolError> {
    let scope = usage::scope("nodes", "NodeMetrics", None);
    let mut used = Vec::new();
    usage::each(host, &scope, |metrics| {
        let amount = |name: &str| {
            quantity::parse(field::text(&metrics, &format!("/usage/{name}"))).unwrap_or_default()
        };
        used.push((field::name(&metrics).to_owned(), amount("cpu"), amount("memory")));
    })?;
    if used.is_empty() {
        return Ok(Output::no_data("the metrics API has no nodes"));
    }
    let (allocatable, note) = match allocatable(host) {
        Ok(found) => (found, String::new()),
        Err(error) => (BTreeMap::new(), format!("\n-- note: no shares, as nodes could not be read: {error}")),
    };
    let mut silent: Vec<&str> = allocatable.keys().map(String::as_str).collect();
    silent.retain(|node| !used.iter().any(|(name, ..)| name == node));
    let silent = if silent.is_empty() {
        String::new()
    } else {
        format!("\n-- nodes without metrics: {}", silent.join(", "))
    };
    let rows = used.iter().map(|(name, cpu, memory)| {
        let (cpus, bytes) = allocatable.get(name).copied().unwrap_or_default();
        let share = |used: f64, all: f64| {
            if all > 0.0 { format!("{:.0}%", used / all * 100.0) } else { "?".to_owned() }
        };
        let cells = vec![
            name.clone(),
            quantity::cpu(*cpu),
            share(*cpu, cpus),
            quantity::memory(*memory),
            share(*memory, bytes),
        ];
        (*memory, cells)
    });
    let footer = format!("nodes with metrics, by memory{silent}{note}");
    Ok(usage::output(host, &["NAME", "CPU", "CPU%", "MEMORY", "MEMORY%"], rows.collect(), &footer))
}

/// Cores and bytes that pods can have, by node.
fn allocatable(host: &Host) -> Result<BTreeMap<String, (f64, f64)>, ToolError> {
    let resource = Resource::known("", "v1", "nodes", "Node", false);
    let scope = Scope { resource, options: ListOptions::default(), notes: Vec::new() };
    let mut found = BTreeMap::new();
    read::each(host, &scope, |node| {
        let amount = |name: &str| {
            quantity::parse(field::text(&node, &format!("/status/allocatable/{name}"))).unwrap_or_default()
        };
        found.insert(field::name(&node).to_owned(), (amount("cpu"), amount("memory")));
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn shares_are_of_what_is_allocatable_and_silent_nodes_are_named() {
        let node = |name: &str| {
            json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
                "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}},
            })
        };
        let metrics = json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": {"name": "n1"},
            "usage": {"cpu": "500m", "memory": "3Gi"},
        });
        let host = Fixture::new().with(node("n1")).with(node("n2")).with(metrics).host();
        let text = kubectl_top_nodes(&host, TopNodes {}).unwrap().to_text();
        assert!(text.contains("n1    500m  25%   3072Mi  75%"), "{text}");
        assert!(text.contains("-- nodes without metrics: n2"), "{text}");
    }
}
