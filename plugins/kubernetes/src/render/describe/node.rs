//! A node: addresses, capacity, taints, and what its pods ask for.

use holmes_plugin::{
    Host,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use super::Report;
use crate::{field, quantity, read, render::rows::node as row, scope::Scope};

pub(super) fn describe(report: &mut Report, host: &Host, node: &Value) {
    if field::is_true(node, "/spec/unschedulable") {
        report.line(0, "Unschedulable: true (cordoned)");
    }
    report.field(0, "Taints", &row::taints(node).join(", "));
    let addresses = field::list(node, "/status/addresses").iter();
    let addresses: Vec<String> =
        addresses.map(|it| format!("{} {}", field::text(it, "/type"), field::text(it, "/address"))).collect();
    report.field(0, "Addresses", &addresses.join(", "));
    report.field(0, "Provider ID", field::text(node, "/spec/providerID"));
    report.field(0, "Capacity", &field::pairs(node, "/status/capacity"));
    report.field(0, "Allocatable", &field::pairs(node, "/status/allocatable"));
    let info = ["kubeletVersion", "containerRuntimeVersion", "kernelVersion", "osImage", "architecture"];
    let info: Vec<String> = info
        .iter()
        .map(|name| format!("{name} {}", field::text(node, &format!("/status/nodeInfo/{name}"))))
        .collect();
    report.field(0, "System", &info.join(", "));
    requested(report, host, node);
}

/// Pods on the node and the sum of their requests, as the scheduler counts them.
fn requested(report: &mut Report, host: &Host, node: &Value) {
    let name = field::name(node);
    let options =
        ListOptions { field_selector: Some(format!("spec.nodeName={name}")), ..ListOptions::default() };
    let scope =
        Scope { resource: Resource::known("", "v1", "pods", "Pod", true), options, notes: Vec::new() };
    let (mut pods, mut cpu, mut memory) = (0_usize, 0.0, 0.0);
    let outcome = read::each(host, &scope, |pod| {
        let done = matches!(field::text(&pod, "/status/phase"), "Succeeded" | "Failed");
        if field::text(&pod, "/spec/nodeName") != name || done {
            return;
        }
        pods += 1;
        for container in field::list(&pod, "/spec/containers") {
            cpu += quantity::parse(field::text(container, "/resources/requests/cpu")).unwrap_or_default();
            memory +=
                quantity::parse(field::text(container, "/resources/requests/memory")).unwrap_or_default();
        }
    });
    if let Err(error) = outcome {
        return report.line(0, format!("Pods: unknown ({error})"));
    }
    let share = |used: f64, pointer: &str| {
        let all = quantity::parse(field::text(node, pointer)).filter(|all| *all > 0.0);
        all.map(|all| format!(" ({:.0}% of allocatable)", used / all * 100.0)).unwrap_or_default()
    };
    report.line(
        0,
        format!(
            "Running pods: {pods}; requested cpu {}{}, memory {}{}",
            quantity::cpu(cpu),
            share(cpu, "/status/allocatable/cpu"),
            quantity::memory(memory),
            share(memory, "/status/allocatable/memory")
        ),
    );
}
