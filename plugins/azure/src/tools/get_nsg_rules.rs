//! Tool `get_nsg_rules`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceId, ResourceName},
    prelude::*,
};

use crate::{api, field, report::Report, which};

/// A group may have 1,000 rules; in order of priority the first decide.
const ROWS: usize = 200;

/// Which network security group.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Nsg {
    /// Resource group of the network security group.
    pub resource_group_name: String,
    /// Name of the network security group.
    pub nsg_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Gets the rules of a network security group, the default ones too, in the order in which they decide.
#[tool(read_only)]
pub fn get_nsg_rules(host: &Host, arguments: Nsg) -> Result<Output, ToolError> {
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.resource_group_name)?;
    let name = ResourceName::parse(&arguments.nsg_name)?;
    let id = ResourceId::in_group(&group, "Microsoft.Network/networkSecurityGroups", &name);
    let nsg = Arm::new(host).get(&Read::new(id.as_str(), api::NETWORK))?;
    let own = field::items(&nsg, "/properties/securityRules").count();
    let defaults = field::items(&nsg, "/properties/defaultSecurityRules").count();
    let mut rules: Vec<&Value> = field::items(&nsg, "/properties/securityRules")
        .chain(field::items(&nsg, "/properties/defaultSecurityRules"))
        .collect();
    rules.sort_by_key(|rule| {
        let priority = rule.pointer("/properties/priority").and_then(Value::as_u64).unwrap_or(u64::MAX);
        (field::text(rule, "/properties/direction"), priority)
    });
    let rows: Vec<Vec<String>> = rules.into_iter().map(row).collect();
    let mut report = Report::new(host);
    let columns = ["DIRECTION", "PRIORITY", "ACCESS", "RULE", "PROTOCOL", "FROM", "TO", "PORTS"];
    report.table(&columns, &rows, ROWS);
    report.note(format!(
        "{own} own and {defaults} default rules of {name}; the lowest priority that matches decides"
    ));
    report.source(&id);
    Ok(report.finish())
}

fn row(rule: &Value) -> Vec<String> {
    vec![
        field::text(rule, "/properties/direction"),
        field::text(rule, "/properties/priority"),
        field::text(rule, "/properties/access"),
        field::text(rule, "/name"),
        field::text(rule, "/properties/protocol"),
        end(rule, "source"),
        end(rule, "destination"),
        either(rule, "/properties/destinationPortRange", "/properties/destinationPortRanges"),
    ]
}

/// Addresses of one end, one or many, or the security groups in their place.
fn end(rule: &Value, which: &str) -> String {
    let one = format!("/properties/{which}AddressPrefix");
    let addresses = either(rule, &one, &format!("{one}es"));
    let groups: Vec<String> = field::items(rule, &format!("/properties/{which}ApplicationSecurityGroups"))
        .map(|group| field::last_segment(&field::text(group, "/id")).to_owned())
        .collect();
    if addresses.is_empty() { groups.join(",") } else { addresses }
}

fn either(rule: &Value, one: &str, many: &str) -> String {
    let one = field::text(rule, one);
    if one.is_empty() { field::list(rule, many) } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{GROUP, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    #[test]
    fn rules_are_told_in_the_order_in_which_they_decide() {
        let rule = |name: &str, priority: u32, access: &str| {
            json!({"name": name, "properties": {"direction": "Outbound", "priority": priority, "access": access,
                "protocol": "Tcp", "sourceAddressPrefix": "*", "destinationAddressPrefixes": ["10.0.0.0/8", "Internet"],
                "destinationPortRange": "443"}})
        };
        let nsg = json!({"properties": {
            "securityRules": [rule("late", 4000, "Allow"), rule("early", 100, "Deny")],
            "defaultSecurityRules": [rule("DenyAllOutBound", 65500, "Deny")],
        }});
        let path = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/aks-nsg");
        let host = Canned::new().answer("azure-arm", &path, 200, nsg.to_string()).host();
        let arguments = Nsg {
            resource_group_name: "shop-prod-rg".to_owned(),
            nsg_name: "aks-nsg".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        let text = get_nsg_rules(&host, arguments).unwrap().to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "Outbound | 100 | Deny | early | Tcp | * | 10.0.0.0/8,Internet | 443");
        assert!(lines[2].contains("late") && lines[3].contains("DenyAllOutBound"), "{text}");
        assert!(lines[4].starts_with("-- 2 own and 1 default rules"), "{text}");
    }
}
