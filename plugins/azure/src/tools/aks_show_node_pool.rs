//! Tool `aks_show_node_pool`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceName},
    prelude::*,
};

use crate::{api, field, pool, report::Report, which};

/// Which node pool.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Pool {
    /// Resource group of the cluster (not the node resource group).
    pub resource_group_name: String,
    /// Name of the AKS cluster.
    pub cluster_name: String,
    /// Name of the node pool.
    pub node_pool_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Facts worth a line, and where they are.
const FACTS: [(&str, &str); 18] = [
    ("Provisioning", "/provisioningState"),
    ("Power", "/powerState/code"),
    ("Mode", "/mode"),
    ("Nodes", "/count"),
    ("VM size", "/vmSize"),
    ("OS", "/osSKU"),
    ("OS disk", "/osDiskType"),
    ("OS disk GB", "/osDiskSizeGB"),
    ("Version wanted", "/orchestratorVersion"),
    ("Version now", "/currentOrchestratorVersion"),
    ("Node image", "/nodeImageVersion"),
    ("Zones", "/availabilityZones"),
    ("Max pods per node", "/maxPods"),
    ("Subnet", "/vnetSubnetID"),
    ("Pod subnet", "/podSubnetID"),
    ("Priority", "/scaleSetPriority"),
    ("Labels", "/nodeLabels"),
    ("Taints", "/nodeTaints"),
];

/// Shows one node pool of an AKS cluster: state and error, scaling, versions, subnet, labels, taints, upgrade settings.
#[tool(read_only)]
pub fn aks_show_node_pool(host: &Host, arguments: Pool) -> Result<Output, ToolError> {
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.resource_group_name)?;
    let cluster = which::cluster(&group, &ResourceName::parse(&arguments.cluster_name)?);
    let id = cluster.child("agentPools", &ResourceName::parse(&arguments.node_pool_name)?);
    let answer = Arm::new(host).get(&Read::new(id.as_str(), api::AKS))?;
    let properties = pool::properties(&answer);
    let mut report = Report::new(host);
    report.line(format!("Node pool {} of AKS cluster {}", id.name(), cluster.name()));
    report.fact("Failure", pool::failure(properties));
    for (label, pointer) in FACTS {
        report.fact(label, field::text(properties, pointer));
    }
    report.fact("Autoscale", pool::autoscale(properties));
    if pool::is_full(properties) {
        report.note("the pool is at the maximum of its autoscaler: it gets no more nodes, whatever waits");
    }
    report.fact("Upgrade settings", field::text(properties, "/upgradeSettings"));
    report.source(&cluster);
    Ok(report.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn call(name: &str) -> Result<Output, ToolError> {
        let answer = json!({"name": "workers", "properties": {
            "provisioningState": "Failed", "count": 7, "enableAutoScaling": true, "minCount": 3, "maxCount": 12,
            "vmSize": "Standard_D8s_v5", "nodeTaints": ["a=b:NoSchedule"], "upgradeSettings": {"maxSurge": "10%"},
            "status": {"provisioningError": {"code": "SubnetIsFull", "message": "no room"}},
        }});
        let path = format!("{CLUSTER}/agentPools/workers");
        let host = Canned::new().answer("azure-arm", &path, 200, answer.to_string()).host();
        let arguments = Pool {
            resource_group_name: "shop-prod-rg".to_owned(),
            cluster_name: "shop-prod".to_owned(),
            node_pool_name: name.to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        aks_show_node_pool(&host, arguments)
    }

    #[test]
    fn a_pool_is_shown_with_why_it_failed() {
        let text = call("workers").unwrap().to_text();
        for expected in [
            "Failure: SubnetIsFull: no room",
            "Autoscale: 3-12",
            "Taints: [\"a=b:NoSchedule\"]",
            "Upgrade settings: {\"maxSurge\":\"10%\"}",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn a_pool_that_does_not_exist_is_not_found() {
        assert_eq!(call("nope").unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(call("../x").unwrap_err().kind, ErrorKind::InvalidArguments);
    }
}
