//! Tool `get_node_resource_group`.

use holmes_plugin::prelude::*;

use crate::{find, report::Report, which::WhichName};

/// Gets the resource group that AKS made for a cluster's nodes (scale sets, disks, load balancers), by the cluster's name.
#[tool(read_only)]
pub fn get_node_resource_group(host: &Host, arguments: WhichName) -> Result<Output, ToolError> {
    let search = find::cluster(host, &arguments)?;
    if search.clusters.is_empty() {
        return Ok(search.nothing());
    }
    let mut report = Report::new(host);
    for cluster in &search.clusters {
        report.line(format!(
            "{} (nodes of cluster {} in resource group {})",
            cluster.node_group,
            cluster.id.name(),
            cluster.group
        ));
        report.source(&cluster.id);
    }
    Ok(report.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    #[test]
    fn the_node_group_is_found_by_the_clusters_name() {
        let row = json!({"id": CLUSTER, "resourceGroup": "shop-prod-rg", "nodeResourceGroup": "MC_shop"});
        let body = json!({"totalRecords": 1, "data": [row]}).to_string();
        let host = Canned::new()
            .answer("azure-arm", "/providers/Microsoft.ResourceGraph/resources", 200, body)
            .host();
        let arguments = WhichName {
            cluster_name: "shop-prod".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        let text = get_node_resource_group(&host, arguments).unwrap().to_text();
        assert_eq!(text, "MC_shop (nodes of cluster shop-prod in resource group shop-prod-rg)");
    }
}
