//! Tool `aks_upgrade_profile`.

use holmes_plugin::{
    azure::{Arm, Read},
    prelude::*,
};

use crate::{api, field, report::Report, which::WhichCluster};

/// Tells which Kubernetes versions an AKS cluster and its node pools run, and to which they can be upgraded.
#[tool(read_only)]
pub fn aks_upgrade_profile(host: &Host, arguments: WhichCluster) -> Result<Output, ToolError> {
    let id = arguments.id(host)?;
    let profile = Arm::new(host).get(&Read::new(format!("{id}/upgradeProfiles/default"), api::AKS))?;
    let control_plane = profile.pointer("/properties/controlPlaneProfile").unwrap_or(&Value::Null);
    let mut rows = vec![row("(control plane)".to_owned(), control_plane)];
    let pools = field::items(&profile, "/properties/agentPoolProfiles");
    rows.extend(pools.map(|pool| row(field::text(pool, "/name"), pool)));
    let mut report = Report::new(host);
    report.table(&["PART", "VERSION", "CAN BE UPGRADED TO"], &rows, 100);
    let stuck = rows.iter().filter(|row| row.last().is_some_and(String::is_empty)).count();
    report.note(format!("{stuck} of {} parts have no newer version to go to", rows.len()));
    report.source(&id);
    Ok(report.finish())
}

fn row(name: String, profile: &Value) -> Vec<String> {
    let version = |upgrade: &Value| {
        let preview = upgrade.get("isPreview").and_then(Value::as_bool).unwrap_or_default();
        format!("{}{}", field::text(upgrade, "/kubernetesVersion"), if preview { " (preview)" } else { "" })
    };
    let upgrades: Vec<String> = field::items(profile, "/upgrades").map(version).collect();
    vec![name, field::text(profile, "/kubernetesVersion"), upgrades.join(", ")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, which_cluster};
    use holmes_plugin::testing::Canned;

    #[test]
    fn versions_and_upgrades_are_told_part_by_part() {
        let answer = json!({"properties": {
            "controlPlaneProfile": {"kubernetesVersion": "1.33.4", "upgrades": [
                {"kubernetesVersion": "1.34.2"}, {"kubernetesVersion": "1.35.0", "isPreview": true}]},
            "agentPoolProfiles": [{"name": "workers", "kubernetesVersion": "1.33.4"}],
        }});
        let path = format!("{CLUSTER}/upgradeProfiles/default");
        let host = Canned::new().answer("azure-arm", &path, 200, answer.to_string()).host();
        let text = aks_upgrade_profile(&host, which_cluster()).unwrap().to_text();
        assert!(
            text.contains("(control plane) | 1.33.4 | 1.34.2, 1.35.0 (preview)\nworkers | 1.33.4 | -\n"),
            "{text}"
        );
        assert!(text.ends_with("-- 1 of 2 parts have no newer version to go to"), "{text}");
    }
}
