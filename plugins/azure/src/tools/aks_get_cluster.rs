//! Tool `aks_get_cluster`.

use holmes_plugin::{
    azure::{Arm, Read},
    prelude::*,
};

use crate::{api, field, pool, report::Report, which::WhichCluster};

/// Facts worth a line, and where they are.
const FACTS: [(&str, &str); 21] = [
    ("Location", "/location"),
    ("Provisioning", "/properties/provisioningState"),
    ("Power", "/properties/powerState/code"),
    ("Kubernetes", "/properties/currentKubernetesVersion"),
    ("Tier", "/sku/tier"),
    ("Node resource group", "/properties/nodeResourceGroup"),
    ("API server", "/properties/fqdn"),
    ("Private API server", "/properties/privateFQDN"),
    ("Private cluster", "/properties/apiServerAccessProfile/enablePrivateCluster"),
    ("Authorised IP ranges", "/properties/apiServerAccessProfile/authorizedIPRanges"),
    ("Network plugin", "/properties/networkProfile/networkPlugin"),
    ("Network plugin mode", "/properties/networkProfile/networkPluginMode"),
    ("Network policy", "/properties/networkProfile/networkPolicy"),
    ("Outbound", "/properties/networkProfile/outboundType"),
    ("Pod CIDR", "/properties/networkProfile/podCidr"),
    ("Service CIDR", "/properties/networkProfile/serviceCidr"),
    ("Identity", "/identity/type"),
    ("Local accounts disabled", "/properties/disableLocalAccounts"),
    ("Upgrade channel", "/properties/autoUpgradeProfile/upgradeChannel"),
    ("Node image channel", "/properties/autoUpgradeProfile/nodeOSUpgradeChannel"),
    ("Workload identity", "/properties/securityProfile/workloadIdentity/enabled"),
];

/// Gets an AKS cluster: state, versions, network, identity, add-ons and its node pools.
#[tool(read_only)]
pub fn aks_get_cluster(host: &Host, arguments: WhichCluster) -> Result<Output, ToolError> {
    let id = arguments.id(host)?;
    let cluster = Arm::new(host).get(&Read::new(id.as_str(), api::AKS))?;
    let mut report = Report::new(host);
    report.line(format!("AKS cluster {} ({id})", id.name()));
    report.fact("Failure", cluster.get("properties").map(pool::failure).unwrap_or_default());
    for (label, pointer) in FACTS {
        report.fact(label, field::text(&cluster, pointer));
    }
    report.fact("Add-ons", addons(&cluster));
    report.line("");
    pool::table(&mut report, field::items(&cluster, "/properties/agentPoolProfiles"));
    report.source(&id);
    Ok(report.finish())
}

/// The add-ons that are on.
fn addons(cluster: &Value) -> String {
    let profiles = cluster.pointer("/properties/addonProfiles").and_then(Value::as_object);
    let on = |(name, profile): (&String, &Value)| {
        (profile.get("enabled").and_then(Value::as_bool) == Some(true)).then(|| name.clone())
    };
    let names: Vec<String> = profiles.into_iter().flatten().filter_map(on).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, SUBSCRIPTION, which_cluster};
    use holmes_plugin::testing::Canned;

    #[test]
    fn a_cluster_is_told_without_what_nobody_needs() {
        let answer = json!({
            "name": "shop-prod", "location": "westeurope", "sku": {"name": "Base", "tier": "Standard"},
            "properties": {
                "provisioningState": "Failed", "powerState": {"code": "Running"}, "currentKubernetesVersion": "1.34.2",
                "nodeResourceGroup": "MC_shop", "fqdn": "shop.hcp.westeurope.azmk8s.io",
                "status": {"provisioningError": {"code": "SubnetIsFull", "message": "no room"}},
                "networkProfile": {"networkPlugin": "azure", "outboundType": "loadBalancer"},
                "addonProfiles": {"omsagent": {"enabled": true, "config": {"x": "noise"}}, "azurepolicy": {"enabled": false}},
                "linuxProfile": {"ssh": {"publicKeys": [{"keyData": "ssh-rsa noise"}]}},
                "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 3, "provisioningState": "Succeeded"}],
            },
        });
        let host = Canned::new().answer("azure-arm", CLUSTER, 200, answer.to_string()).host();
        let text = aks_get_cluster(&host, which_cluster()).unwrap().to_text();
        for expected in [
            "Failure: SubnetIsFull: no room",
            "Kubernetes: 1.34.2",
            "Tier: Standard",
            "Add-ons: omsagent\n",
            "system | System | Succeeded",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(!text.contains("noise"), "{text}");
    }

    #[test]
    fn a_cluster_that_may_not_be_read_names_role_and_command() {
        let message = format!(
            "The client 'x' with object id '99999999-8888-7777-6666-555555555555' does not have authorization to \
             perform action 'Microsoft.ContainerService/managedClusters/read' over scope '{CLUSTER}' or the scope is invalid."
        );
        let body = json!({"error": {"code": "AuthorizationFailed", "message": message}});
        let host = Canned::new().answer("azure-arm", CLUSTER, 403, body.to_string()).host();
        let error = aks_get_cluster(&host, which_cluster()).unwrap_err();
        assert!(error.message.contains("role \"Reader\" at scope /subscriptions/"), "{error}");
        assert!(error.message.contains(&format!("--role \"Reader\" --scope \"{CLUSTER}\"")), "{error}");
        assert!(CLUSTER.contains(SUBSCRIPTION));
    }
}
