//! Toolset azure: AKS and what is around it, read through Resource Manager and Log Analytics.
//!
//! A guest: it knows Azure's APIs and how to say things shortly. The host signs its requests, knows the cloud,
//! and lets nothing pass that changes something or hands out a key.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a tool takes its arguments by value, as the SDK calls it"
)]

mod activity;
mod api;
mod detector;
mod field;
mod find;
mod moment;
mod pool;
#[cfg(test)]
mod recorded;
mod report;
pub mod tools;
mod which;
mod window;

holmes_plugin::toolset!(
    tools::get_cluster_resource_group::get_cluster_resource_group,
    tools::get_node_resource_group::get_node_resource_group,
    tools::aks_get_cluster::aks_get_cluster,
    tools::aks_list_clusters_by_rg::aks_list_clusters_by_rg,
    tools::aks_list_node_pools::aks_list_node_pools,
    tools::aks_show_node_pool::aks_show_node_pool,
    tools::aks_upgrade_profile::aks_upgrade_profile,
    tools::aks_list_detectors::aks_list_detectors,
    tools::aks_run_detector::aks_run_detector,
    tools::azure_resource_health::azure_resource_health,
    tools::azure_activity_log::azure_activity_log,
    tools::review_activity_log::review_activity_log,
    tools::azure_resource_graph::azure_resource_graph,
    tools::azure_logs_query::azure_logs_query,
    tools::get_all_nsgs::get_all_nsgs,
    tools::get_nsg_rules::get_nsg_rules,
    tools::list_vmss_names::list_vmss_names,
    tools::azure_openai_account::azure_openai_account,
);
