//! Tool `aks_list_detectors`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceName},
    prelude::*,
};

use crate::{api, field, report::Report, which};

/// AKS has about 150.
const ROWS: usize = 200;

/// Whose detectors, and which of them.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Detectors {
    /// Resource group of the cluster (not the node resource group).
    pub resource_group_name: String,
    /// Name of the AKS cluster.
    pub cluster_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
    /// Only this category, or a part of its name: "Node Health".
    pub category: Option<String>,
}

/// Lists AKS's own diagnoses (detectors) of a cluster by category. Run one with `aks_run_detector`.
#[tool(read_only)]
pub fn aks_list_detectors(host: &Host, arguments: Detectors) -> Result<Output, ToolError> {
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.resource_group_name)?;
    let id = which::cluster(&group, &ResourceName::parse(&arguments.cluster_name)?);
    let listed = Arm::new(host).list(&Read::new(format!("{id}/detectors"), api::DETECTORS), api::PAGES)?;
    let wanted = arguments.category.as_deref().unwrap_or_default().trim().to_lowercase();
    let mut rows: Vec<Vec<String>> = listed.items.iter().map(row).collect();
    let total = rows.len();
    rows.retain(|row| row.first().is_some_and(|category| category.to_lowercase().contains(&wanted)));
    if rows.is_empty() {
        return Ok(Output::no_data(format!(
            "none of the {total} detectors of {} is in a category like `{}`; leave CATEGORY out to see all",
            id.name(),
            wanted.chars().take(60).collect::<String>()
        )));
    }
    rows.sort();
    let mut report = Report::new(host);
    report.table(&["CATEGORY", "DETECTOR", "NAME", "DESCRIPTION"], &rows, ROWS);
    report.note(format!(
        "{} of {total} detectors; DETECTOR is the DETECTOR_NAME of aks_run_detector",
        rows.len()
    ));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    report.source(&id);
    Ok(report.finish())
}

fn row(detector: &Value) -> Vec<String> {
    vec![
        field::text(detector, "/properties/metadata/category"),
        field::first(detector, &["/properties/metadata/id", "/name"]),
        field::text(detector, "/properties/metadata/name"),
        field::text(detector, "/properties/metadata/description"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn call(category: Option<&str>) -> Output {
        let detector = |id: &str, category: &str| json!({"name": id, "properties": {"metadata": {"id": id, "name": "N", "category": category, "description": "D"}}});
        let body =
            json!({"value": [detector("node-a", "Node Health"), detector("dns", "Connectivity Issues")]});
        let host =
            Canned::new().answer("azure-arm", &format!("{CLUSTER}/detectors"), 200, body.to_string()).host();
        let arguments = Detectors {
            resource_group_name: "shop-prod-rg".to_owned(),
            cluster_name: "shop-prod".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
            category: category.map(str::to_owned),
        };
        aks_list_detectors(&host, arguments).unwrap()
    }

    #[test]
    fn detectors_are_listed_by_category() {
        let text = call(None).to_text();
        assert!(text.contains("Connectivity Issues | dns | N | D\nNode Health | node-a | N | D\n"), "{text}");
        let text = call(Some("node health")).to_text();
        assert!(!text.contains("dns") && text.contains("1 of 2 detectors"), "{text}");
        assert!(call(Some("storage")).is_no_data());
    }
}
