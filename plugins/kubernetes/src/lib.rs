//! Toolset kubernetes: reads a cluster under HolmesGPT's tool names.
//!
//! A guest: it knows the Kubernetes API and how to say things shortly, and reaches the cluster only through
//! the host, which holds the credential, the grants and the masking of secrets.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a tool takes its arguments by value, as the SDK calls it"
)]
#![expect(clippy::format_push_string, reason = "`write!` to a string returns an error that can not happen")]

mod age;
mod budget;
mod events;
mod field;
#[cfg(test)]
mod fixture;
mod jq;
mod kind;
mod logs;
mod lookup;
mod missing;
mod names;
mod nearest;
#[cfg(test)]
mod paging;
mod quantity;
mod query;
mod read;
#[cfg(test)]
mod recorded;
mod render;
mod scope;
pub mod tools;
mod usage;

holmes_plugin::toolset!(
    tools::kubectl_describe::kubectl_describe,
    tools::kubectl_get_by_name::kubectl_get_by_name,
    tools::kubectl_get_by_kind_in_namespace::kubectl_get_by_kind_in_namespace,
    tools::kubectl_get_by_kind_in_cluster::kubectl_get_by_kind_in_cluster,
    tools::kubectl_find_resource::kubectl_find_resource,
    tools::kubectl_get_yaml::kubectl_get_yaml,
    tools::kubectl_events::kubectl_events,
    tools::kubernetes_jq_query::kubernetes_jq_query,
    tools::kubernetes_count::kubernetes_count,
    tools::kubernetes_tabular_query::kubernetes_tabular_query,
    tools::fetch_pod_logs::fetch_pod_logs,
    tools::kubectl_top_pods::kubectl_top_pods,
    tools::kubectl_top_nodes::kubectl_top_nodes,
    tools::get_prometheus_target::get_prometheus_target,
);
