//! Tool `get_all_nsgs`.

use holmes_plugin::{
    azure::{Arm, Read},
    prelude::*,
};

use crate::{api, field, report::Report, which};

/// Groups that are shown: the rest is counted.
const ROWS: usize = 150;

/// Whose network security groups.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Whose {
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Lists the network security groups of a subscription: group, rules, subnets. For the rules use `get_nsg_rules`.
#[tool(read_only)]
pub fn get_all_nsgs(host: &Host, arguments: Whose) -> Result<Output, ToolError> {
    let subscription = which::subscription(host, arguments.subscription_id.as_deref())?;
    let path = format!("{}/providers/Microsoft.Network/networkSecurityGroups", subscription.path());
    let listed = Arm::new(host).list(&Read::new(path, api::NETWORK), api::PAGES)?;
    if listed.items.is_empty() {
        return Ok(Output::no_data(format!(
            "no network security groups in subscription {subscription} that the identity may read"
        )));
    }
    let rows: Vec<Vec<String>> = listed.items.iter().map(row).collect();
    let mut report = Report::new(host);
    let columns = ["NSG", "RESOURCE GROUP", "LOCATION", "OWN RULES", "DENY RULES", "SUBNETS", "INTERFACES"];
    report.table(&columns, &rows, ROWS);
    report.note(format!("{} network security groups in subscription {subscription}", rows.len()));
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    Ok(report.finish())
}

fn row(nsg: &Value) -> Vec<String> {
    let id = field::text(nsg, "/id");
    let rules = |access: &str| {
        let rules = field::items(nsg, "/properties/securityRules");
        rules
            .filter(|rule| access.is_empty() || field::text(rule, "/properties/access") == access)
            .count()
            .to_string()
    };
    let subnets: Vec<String> = field::items(nsg, "/properties/subnets")
        .map(|subnet| field::last_segment(&field::text(subnet, "/id")).to_owned())
        .collect();
    vec![
        field::text(nsg, "/name"),
        id.split('/').nth(4).unwrap_or_default().to_owned(),
        field::text(nsg, "/location"),
        rules(""),
        rules("Deny"),
        subnets.join(", "),
        field::items(nsg, "/properties/networkInterfaces").count().to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::SUBSCRIPTION;
    use holmes_plugin::testing::Canned;

    #[test]
    fn groups_are_listed_with_counts() {
        let nsg = json!({
            "name": "nsg", "location": "westeurope",
            "id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/nsg"),
            "properties": {
                "securityRules": [{"properties": {"access": "Deny"}}, {"properties": {"access": "Allow"}}],
                "subnets": [{"id": "/subscriptions/x/subnets/aks"}],
            },
        });
        let path = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/networkSecurityGroups");
        let host = Canned::new().answer("azure-arm", &path, 200, json!({"value": [nsg]}).to_string()).host();
        let text =
            get_all_nsgs(&host, Whose { subscription_id: Some(SUBSCRIPTION.to_owned()) }).unwrap().to_text();
        assert!(
            text.contains("nsg | net | westeurope | 2 | 1 | aks | 0\n-- 1 network security groups"),
            "{text}"
        );
    }
}
