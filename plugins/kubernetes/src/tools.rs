//! The tools: one file each.

pub mod fetch_pod_logs;
pub mod get_prometheus_target;
pub mod kubectl_describe;
pub mod kubectl_events;
pub mod kubectl_find_resource;
pub mod kubectl_get_by_kind_in_cluster;
pub mod kubectl_get_by_kind_in_namespace;
pub mod kubectl_get_by_name;
pub mod kubectl_get_yaml;
pub mod kubectl_top_nodes;
pub mod kubectl_top_pods;
pub mod kubernetes_count;
pub mod kubernetes_jq_query;
pub mod kubernetes_tabular_query;
