//! A resource's id: which path of Resource Manager it lives at, and where a person can look at it.

use std::fmt;

use crate::{
    ToolError,
    azure::name::{ResourceGroup, ResourceName, SubscriptionId, is_name, shown},
};

/// Resource Manager refuses longer ids.
const LONGEST: usize = 2048;

/// The longest segment, as for a name.
const LONGEST_SEGMENT: usize = 260;

/// The id of a subscription, a resource group or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceId {
    path: String,
    subscription: SubscriptionId,
}

impl ResourceId {
    /// Reads `/subscriptions/{id}[/resourceGroups/{name}][/providers/{namespace}/{type}/{name}[/{type}/{name}…]]`.
    /// Resource Manager does not tell capital letters in its own words apart; the host's rules do, so these words are spelt one way.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        Self::read(text.trim()).ok_or_else(|| {
            ToolError::invalid(format!(
                "`{}` is not a resource id such as /subscriptions/ID/resourceGroups/GROUP/providers/\
                 Microsoft.ContainerService/managedClusters/NAME; Resource Graph tells ids",
                shown(text)
            ))
        })
    }

    /// A resource in a group; `kind` is the provider with its type: `Microsoft.Network/networkSecurityGroups`.
    pub fn in_group(group: &ResourceGroup, kind: &str, name: &ResourceName) -> Self {
        Self {
            path: format!("{}/providers/{kind}/{name}", group.path()),
            subscription: group.subscription.clone(),
        }
    }

    /// A group's own id.
    pub fn of_group(group: &ResourceGroup) -> Self {
        Self { path: group.path(), subscription: group.subscription.clone() }
    }

    /// What belongs to this resource: its `agentPools` of some name.
    #[must_use]
    pub fn child(&self, kind: &str, name: &ResourceName) -> Self {
        Self { path: format!("{}/{kind}/{name}", self.path), subscription: self.subscription.clone() }
    }

    /// The id, which is the path.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Whose it is.
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// The last segment: the name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The page of the public cloud's portal.
    pub fn portal(&self) -> String {
        format!("https://portal.azure.com/#@/resource{}/overview", self.path)
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.len() > LONGEST {
            return None;
        }
        let segments: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
        if !segments.iter().all(|segment| is_name(segment, LONGEST_SEGMENT)) {
            return None;
        }
        let (subscription, mut rest) = match segments.as_slice() {
            [word, id, rest @ ..] if word.eq_ignore_ascii_case("subscriptions") => {
                (SubscriptionId::parse(id).ok()?, rest)
            }
            _ => return None,
        };
        let mut path = subscription.path();
        if let [word, name, after @ ..] = rest
            && word.eq_ignore_ascii_case("resourceGroups")
        {
            path = ResourceGroup::parse(subscription.clone(), name).ok()?.path();
            rest = after;
        }
        if let [word, namespace, kinds @ ..] = rest {
            let pairs = !kinds.is_empty() && kinds.len() % 2 == 0;
            if !word.eq_ignore_ascii_case("providers") || !pairs {
                return None;
            }
            path = format!("{path}/providers/{namespace}/{}", kinds.join("/"));
            rest = &[];
        }
        rest.is_empty().then_some(Self { path, subscription })
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";

    #[test]
    fn an_id_is_read_with_its_words_spelt_one_way() {
        let id = ResourceId::parse(&format!(
            "{SUBSCRIPTION}/resourcegroups/Shop/Providers/Microsoft.Network/virtualNetworks/v/subnets/s/"
        ))
        .unwrap();
        let expected = format!(
            "{SUBSCRIPTION}/resourceGroups/Shop/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
        );
        assert_eq!(id.as_str(), expected);
        assert_eq!(id.name(), "s");
        assert_eq!(id.portal(), format!("https://portal.azure.com/#@/resource{expected}/overview"));
        assert_eq!(ResourceId::parse(SUBSCRIPTION).unwrap().as_str(), SUBSCRIPTION);
    }

    #[test]
    fn an_id_that_leads_elsewhere_is_refused() {
        let tails = [
            "/resourceGroups/a/../b",
            "/resourceGroups/a?x=1",
            "/resourceGroups/a/providers/Microsoft.Storage/storageAccounts/x/listKeys",
            "/resourceGroups/a/providers/Microsoft.Storage",
            "/resourceGroups",
            "//resourceGroups/a",
            "/other/a",
            "/resourceGroups/a%2f..",
        ];
        for tail in tails {
            assert!(ResourceId::parse(&format!("{SUBSCRIPTION}{tail}")).is_err(), "{tail}");
        }
        assert!(ResourceId::parse("https://management.azure.com/subscriptions/x").is_err());
        assert!(ResourceId::parse("/providers/Microsoft.ResourceGraph/resources").is_err());
        assert!(ResourceId::parse(&format!("{SUBSCRIPTION}/resourceGroups/{}", "a".repeat(3000))).is_err());
    }
}
