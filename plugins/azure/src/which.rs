//! Which cluster, group or name a call is about: arguments that many tools share, under HolmesGPT's names.

use holmes_plugin::{
    azure::{ResourceGroup, ResourceId, ResourceName, SubscriptionId},
    prelude::*,
};

/// Which cluster.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct WhichCluster {
    /// Resource group of the cluster (not the node resource group).
    pub resource_group_name: String,
    /// Name of the AKS cluster.
    pub cluster_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

impl WhichCluster {
    /// The cluster's id.
    pub(crate) fn id(&self, host: &Host) -> Result<ResourceId, ToolError> {
        let group = group(host, self.subscription_id.as_deref(), &self.resource_group_name)?;
        Ok(cluster(&group, &ResourceName::parse(&self.cluster_name)?))
    }
}

/// Which resource group.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct WhichGroup {
    /// Resource group.
    pub resource_group_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

impl WhichGroup {
    /// The group.
    pub(crate) fn group(&self, host: &Host) -> Result<ResourceGroup, ToolError> {
        group(host, self.subscription_id.as_deref(), &self.resource_group_name)
    }
}

/// Which cluster, by its name alone.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct WhichName {
    /// Name of the AKS cluster.
    pub cluster_name: String,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// The subscription that a call names, or the one of the setting `subscription_id`.
pub(crate) fn subscription(host: &Host, given: Option<&str>) -> Result<SubscriptionId, ToolError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    given.or_else(|| host.setting("subscription_id")).map_or_else(
        || {
            Err(ToolError::invalid(
                "no subscription: give SUBSCRIPTION_ID (a GUID; a node's spec.providerID holds it), or have the \
                 operator configure `subscription_id` for the toolset azure",
            ))
        },
        |text| SubscriptionId::parse(&text),
    )
}

/// A group of the subscription that a call names.
pub(crate) fn group(host: &Host, given: Option<&str>, name: &str) -> Result<ResourceGroup, ToolError> {
    ResourceGroup::parse(subscription(host, given)?, name)
}

/// A cluster's id.
pub(crate) fn cluster(group: &ResourceGroup, name: &ResourceName) -> ResourceId {
    ResourceId::in_group(group, "Microsoft.ContainerService/managedClusters", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::testing::Canned;

    const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn the_configured_subscription_is_used_unless_one_is_given() {
        let host = Canned::new().setting("subscription_id", SUBSCRIPTION).host();
        assert_eq!(subscription(&host, None).unwrap().as_str(), SUBSCRIPTION);
        assert_eq!(subscription(&host, Some("  ")).unwrap().as_str(), SUBSCRIPTION);
        let other = "aaaaaaaa-2222-3333-4444-555555555555";
        assert_eq!(subscription(&host, Some(other)).unwrap().as_str(), other);
        assert!(subscription(&host, Some("prod")).is_err());
        let error = subscription(&Canned::new().host(), None).unwrap_err();
        assert!(error.message.contains("SUBSCRIPTION_ID"), "{error}");
    }

    #[test]
    fn a_cluster_whose_name_is_a_path_is_refused() {
        let host = Canned::new().setting("subscription_id", SUBSCRIPTION).host();
        for (group, name) in
            [("a/../b", "c"), ("a", "c/listClusterAdminCredential"), ("a", "c?x=1"), ("a%2fb", "c")]
        {
            let which = WhichCluster {
                resource_group_name: group.to_owned(),
                cluster_name: name.to_owned(),
                subscription_id: None,
            };
            assert_eq!(which.id(&host).unwrap_err().kind, ErrorKind::InvalidArguments);
        }
    }
}
