//! Tool `aks_list_clusters_by_rg`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceId},
    prelude::*,
};

use crate::{api, field, report::Report, which::WhichGroup};

/// Clusters of one group.
const ROWS: usize = 100;

/// Lists the AKS clusters of a resource group: state, version, node pools. For one cluster use `aks_get_cluster`.
#[tool(read_only)]
pub fn aks_list_clusters_by_rg(host: &Host, arguments: WhichGroup) -> Result<Output, ToolError> {
    let group = arguments.group(host)?;
    let path = format!("{}/providers/Microsoft.ContainerService/managedClusters", group.path());
    let listed = Arm::new(host).list(&Read::new(path, api::AKS), api::PAGES)?;
    if listed.items.is_empty() {
        return Ok(Output::no_data(format!(
            "no AKS clusters in resource group {} of subscription {}; get_cluster_resource_group finds the group of a \
             cluster by its name",
            group.name(),
            group.subscription
        )));
    }
    let mut rows: Vec<Vec<String>> = listed.items.iter().map(row).collect();
    rows.sort_by_key(|row| row.get(1).is_some_and(|state| state == "Succeeded"));
    let mut report = Report::new(host);
    let columns =
        ["CLUSTER", "PROVISIONING", "POWER", "VERSION", "LOCATION", "NODE RESOURCE GROUP", "POOLS (NODES)"];
    report.table(&columns, &rows, ROWS);
    report.note(format!("{} clusters in resource group {}", rows.len(), group.name()));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    report.source(&ResourceId::of_group(&group));
    Ok(report.finish())
}

fn row(cluster: &Value) -> Vec<String> {
    let pools: Vec<String> = field::items(cluster, "/properties/agentPoolProfiles")
        .map(|pool| format!("{} ({})", field::text(pool, "/name"), field::text(pool, "/count")))
        .collect();
    vec![
        field::text(cluster, "/name"),
        field::text(cluster, "/properties/provisioningState"),
        field::text(cluster, "/properties/powerState/code"),
        field::first(cluster, &["/properties/currentKubernetesVersion", "/properties/kubernetesVersion"]),
        field::text(cluster, "/location"),
        field::text(cluster, "/properties/nodeResourceGroup"),
        pools.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{GROUP, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn call(body: &Value) -> Result<Output, ToolError> {
        let path = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters");
        let host = Canned::new().answer("azure-arm", &path, 200, body.to_string()).host();
        let arguments = WhichGroup {
            resource_group_name: "shop-prod-rg".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        aks_list_clusters_by_rg(&host, arguments)
    }

    #[test]
    fn clusters_that_are_not_well_come_first() {
        let cluster = |name: &str, state: &str| {
            json!({"name": name, "properties": {"provisioningState": state, "kubernetesVersion": "1.34",
                "agentPoolProfiles": [{"name": "system", "count": 3}]}})
        };
        let text = call(&json!({"value": [cluster("good", "Succeeded"), cluster("bad", "Failed")]}))
            .unwrap()
            .to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("bad | Failed | - | 1.34 |") && lines[1].ends_with("system (3)"),
            "{text}"
        );
        assert!(lines[2].starts_with("good"), "{text}");
    }

    #[test]
    fn an_empty_group_is_no_data() {
        assert!(call(&json!({"value": []})).unwrap().is_no_data());
    }
}
