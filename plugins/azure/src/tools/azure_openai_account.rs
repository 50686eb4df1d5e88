//! Tool `azure_openai_account`.

use holmes_plugin::{
    azure::{Arm, Read, ResourceId, ResourceName},
    prelude::*,
};

use crate::{api, field, report::Report, which};

/// Deployments of an account, and usages of a kind.
const ROWS: usize = 100;

/// Which account.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Account {
    /// Resource group of the account.
    pub resource_group_name: String,
    /// Name of the Azure OpenAI (or Foundry) account.
    pub account_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Facts worth a line, and where they are. Keys are not among them: no read of this toolset can return one.
const FACTS: [(&str, &str); 9] = [
    ("Kind", "/kind"),
    ("Location", "/location"),
    ("Tier", "/sku/name"),
    ("Provisioning", "/properties/provisioningState"),
    ("Endpoint", "/properties/endpoint"),
    ("Public network access", "/properties/publicNetworkAccess"),
    ("Network default", "/properties/networkAcls/defaultAction"),
    ("Key access disabled", "/properties/disableLocalAuth"),
    ("Identity", "/identity/type"),
];

/// Shows an Azure OpenAI account: endpoint, network access, model deployments with their capacity, and quota used.
#[tool(read_only)]
pub fn azure_openai_account(host: &Host, arguments: Account) -> Result<Output, ToolError> {
    let group = which::group(host, arguments.subscription_id.as_deref(), &arguments.resource_group_name)?;
    let name = ResourceName::parse(&arguments.account_name)?;
    let id = ResourceId::in_group(&group, "Microsoft.CognitiveServices/accounts", &name);
    let arm = Arm::new(host);
    let account = arm.get(&Read::new(id.as_str(), api::COGNITIVE))?;
    let mut report = Report::new(host);
    report.line(format!("Azure OpenAI account {id}"));
    for (label, pointer) in FACTS {
        report.fact(label, field::text(&account, pointer));
    }
    let parts = [
        (
            "deployments",
            &["DEPLOYMENT", "MODEL", "VERSION", "SKU", "CAPACITY", "STATE", "LIMITS"][..],
            deployment as fn(&Value) -> Vec<String>,
        ),
        ("usages", &["QUOTA", "USED", "LIMIT", "UNIT"][..], usage),
    ];
    for (part, columns, row) in parts {
        report.line("");
        match arm.list(&Read::new(format!("{id}/{part}"), api::COGNITIVE), api::PAGES) {
            Ok(listed) => {
                let rows: Vec<Vec<String>> = listed.items.iter().map(row).collect();
                report.table(columns, &rows, ROWS);
                report.note(format!(
                    "{} {part}{}",
                    rows.len(),
                    if listed.more { ", and more that were not read" } else { "" }
                ));
            }
            Err(error) => report.note(format!("its {part} could not be read: {error}")),
        }
    }
    report.source(&id);
    Ok(report.finish())
}

fn deployment(deployment: &Value) -> Vec<String> {
    let limits: Vec<String> = field::items(deployment, "/properties/rateLimits")
        .map(|limit| {
            let [count, key, seconds] =
                ["/count", "/key", "/renewalPeriod"].map(|pointer| field::text(limit, pointer));
            format!("{count} {key}s per {seconds} s")
        })
        .collect();
    vec![
        field::text(deployment, "/name"),
        field::text(deployment, "/properties/model/name"),
        field::text(deployment, "/properties/model/version"),
        field::text(deployment, "/sku/name"),
        field::text(deployment, "/sku/capacity"),
        field::text(deployment, "/properties/provisioningState"),
        limits.join(", "),
    ]
}

fn usage(usage: &Value) -> Vec<String> {
    ["/name/value", "/currentValue", "/limit", "/unit"].map(|pointer| field::text(usage, pointer)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{GROUP, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    #[test]
    fn an_account_is_told_without_keys_and_with_what_could_not_be_read() {
        let path = format!("{GROUP}/providers/Microsoft.CognitiveServices/accounts/shop-openai");
        let account = json!({"kind": "OpenAI", "location": "swedencentral", "sku": {"name": "S0"}, "properties": {
            "endpoint": "https://shop-openai.openai.azure.com/", "disableLocalAuth": true, "apiProperties": {"key1": "canary"}}});
        let deployments = json!({"value": [{"name": "gpt", "sku": {"name": "GlobalStandard", "capacity": 50}, "properties": {
            "model": {"name": "gpt-4.1", "version": "2025-04-14"}, "provisioningState": "Succeeded",
            "rateLimits": [{"key": "token", "renewalPeriod": 60, "count": 50000}]}}]});
        let host = Canned::new()
            .answer("azure-arm", &path, 200, account.to_string())
            .answer("azure-arm", &format!("{path}/deployments"), 200, deployments.to_string())
            .answer(
                "azure-arm",
                &format!("{path}/usages"),
                403,
                r#"{"error":{"code":"AuthorizationFailed","message":""}}"#,
            )
            .host();
        let arguments = Account {
            resource_group_name: "shop-prod-rg".to_owned(),
            account_name: "shop-openai".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        let text = azure_openai_account(&host, arguments).unwrap().to_text();
        assert!(text.contains("Key access disabled: true\n"), "{text}");
        let row = "gpt | gpt-4.1 | 2025-04-14 | GlobalStandard | 50 | Succeeded | 50000 tokens per 60 s\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("its usages could not be read: Azure does not permit"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
