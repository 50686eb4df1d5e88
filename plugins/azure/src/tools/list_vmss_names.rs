//! Tool `list_vmss_names`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceId, ResourceName},
    prelude::*,
};

use crate::{api, field, report::Report, which};

/// Instances that are shown, those with a problem first.
const ROWS: usize = 100;

/// Which scale sets.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct ScaleSets {
    /// Resource group of the cluster's nodes, as `get_node_resource_group` tells it.
    pub node_resource_group: String,
    /// Name of one scale set: its instances are listed with their state.
    pub vmss_name: Option<String>,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Lists the virtual machine scale sets behind a cluster's node pools; with `VMSS_NAME`, the instances of one and their state.
#[tool(read_only)]
pub fn list_vmss_names(host: &Host, arguments: ScaleSets) -> Result<Output, ToolError> {
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.node_resource_group)?;
    if let Some(name) = arguments.vmss_name.as_deref() {
        let name = ResourceName::parse(name)?;
        return instances(
            host,
            &ResourceId::in_group(&group, "Microsoft.Compute/virtualMachineScaleSets", &name),
        );
    }
    let path = format!("{}/providers/Microsoft.Compute/virtualMachineScaleSets", group.path());
    let listed = Arm::new(host).list(&Read::new(path, api::COMPUTE), api::PAGES)?;
    if listed.items.is_empty() {
        return Ok(Output::no_data(format!(
            "no scale sets in resource group {}; it has to be the node resource group (get_node_resource_group)",
            group.name()
        )));
    }
    let mut rows: Vec<Vec<String>> = listed.items.iter().map(scale_set).collect();
    rows.sort_by_key(|row| row.get(2).is_some_and(|state| state == "Succeeded"));
    let mut report = Report::new(host);
    report.table(&["SCALE SET", "NODE POOL", "PROVISIONING", "CAPACITY", "VM SIZE", "ZONES"], &rows, ROWS);
    report.note(format!("{} scale sets in resource group {}", rows.len(), group.name()));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    report.source(&ResourceId::of_group(&group));
    Ok(report.finish())
}

fn scale_set(set: &Value) -> Vec<String> {
    let tag = |name: &str| set.pointer("/tags").and_then(|tags| tags.get(name)).map(field::value);
    vec![
        field::text(set, "/name"),
        tag("aks-managed-poolName").or_else(|| tag("poolName")).unwrap_or_default(),
        field::text(set, "/properties/provisioningState"),
        field::text(set, "/sku/capacity"),
        field::text(set, "/sku/name"),
        field::list(set, "/zones"),
    ]
}

fn instances(host: &Host, id: &ResourceId) -> Result<Output, ToolError> {
    let read = Read::new(format!("{id}/virtualMachines"), api::COMPUTE).with("$expand", "instanceView");
    let listed = Arm::new(host).list(&read, api::PAGES)?;
    let mut rows: Vec<(bool, Vec<String>)> = listed.items.iter().map(instance).collect();
    rows.sort_by_key(|(well, _)| *well);
    let problems = rows.iter().filter(|(well, _)| !well).count();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    let mut report = Report::new(host);
    report.table(&["INSTANCE", "NODE", "PROVISIONING", "POWER", "LATEST MODEL", "TROUBLE"], &rows, ROWS);
    report.note(format!(
        "{} instances of {}, {problems} with a visible problem (first)",
        rows.len(),
        id.name()
    ));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    report.source(id);
    Ok(report.finish())
}

/// Whether it is well, and its row.
fn instance(machine: &Value) -> (bool, Vec<String>) {
    let statuses: Vec<&Value> = field::items(machine, "/properties/instanceView/statuses").collect();
    let power = statuses
        .iter()
        .map(|status| field::text(status, "/code"))
        .find_map(|code| code.strip_prefix("PowerState/").map(str::to_owned));
    let power = power.unwrap_or_default();
    let extensions = field::items(machine, "/properties/instanceView/extensions")
        .flat_map(|extension| field::items(extension, "/statuses"));
    let trouble: Vec<String> = statuses
        .iter()
        .copied()
        .chain(extensions)
        .filter(|status| field::text(status, "/level") == "Error")
        .map(|status| format!("{}: {}", field::text(status, "/code"), field::text(status, "/message")))
        .collect();
    let state = field::text(machine, "/properties/provisioningState");
    let well = state == "Succeeded" && matches!(power.as_str(), "running" | "") && trouble.is_empty();
    let row = vec![
        field::text(machine, "/instanceId"),
        field::text(machine, "/properties/osProfile/computerName"),
        state,
        power,
        field::text(machine, "/properties/latestModelApplied"),
        trouble.join("; "),
    ];
    (well, row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{GROUP, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn ask(host: &Host, name: Option<&str>) -> Result<Output, ToolError> {
        let arguments = ScaleSets {
            node_resource_group: "shop-prod-rg".to_owned(),
            vmss_name: name.map(str::to_owned),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        list_vmss_names(host, arguments)
    }

    #[test]
    fn scale_sets_are_listed_with_their_node_pools() {
        let set = json!({"name": "aks-workers-1-vmss", "sku": {"name": "Standard_D8s_v5", "capacity": 7},
            "tags": {"aks-managed-poolName": "workers"}, "zones": ["1", "2"], "properties": {"provisioningState": "Failed"}});
        let path = format!("{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets");
        let host = Canned::new().answer("azure-arm", &path, 200, json!({"value": [set]}).to_string()).host();
        let text = ask(&host, None).unwrap().to_text();
        assert!(
            text.contains("aks-workers-1-vmss | workers | Failed | 7 | Standard_D8s_v5 | 1,2\n"),
            "{text}"
        );
    }

    #[test]
    fn instances_with_trouble_come_first() {
        let machine = |id: &str, power: &str, level: &str| {
            json!({"instanceId": id, "properties": {"provisioningState": "Succeeded", "instanceView": {"statuses": [
                {"code": format!("PowerState/{power}"), "level": "Info"},
                {"code": "ProvisioningState/failed/VMExtensionProvisioningError", "level": level, "message": "exit status=50"}]}}})
        };
        let path = format!("{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/v/virtualMachines");
        let body =
            json!({"value": [machine("0", "running", "Info"), machine("1", "running", "Error")]}).to_string();
        let host = Canned::new().answer("azure-arm", &path, 200, body).host();
        let text = ask(&host, Some("v")).unwrap().to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("1 | - | Succeeded | running") && lines[1].contains("exit status=50"),
            "{text}"
        );
        assert!(lines[3].contains("2 instances of v, 1 with a visible problem"), "{text}");
    }
}
