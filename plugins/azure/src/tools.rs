//! The tools: one file each.

pub mod aks_get_cluster;
pub mod aks_list_clusters_by_rg;
pub mod aks_list_detectors;
pub mod aks_list_node_pools;
pub mod aks_run_detector;
pub mod aks_show_node_pool;
pub mod aks_upgrade_profile;
pub mod azure_activity_log;
pub mod azure_logs_query;
pub mod azure_openai_account;
pub mod azure_resource_graph;
pub mod azure_resource_health;
pub mod get_all_nsgs;
pub mod get_cluster_resource_group;
pub mod get_node_resource_group;
pub mod get_nsg_rules;
pub mod list_vmss_names;
pub mod review_activity_log;
