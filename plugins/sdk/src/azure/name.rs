//! Names and ids that a model may give, parsed before they become part of a path.
//!
//! Percent-encoding is the host's work; here a name that could change a path's meaning does not exist.

use std::fmt;

use crate::ToolError;

/// Azure's longest resource names have 260 characters.
const LONGEST_NAME: usize = 260;

/// Azure allows 90 characters in the name of a resource group.
const LONGEST_GROUP: usize = 90;

/// A subscription's id, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// Reads a GUID.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        guid(text).map(Self).ok_or_else(|| {
            ToolError::invalid(format!(
                "`{}` is not a subscription id: it is a GUID such as 11111111-2222-3333-4444-555555555555, not a name",
                shown(text)
            ))
        })
    }

    /// The GUID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `/subscriptions/{id}`.
    pub fn path(&self) -> String {
        format!("/subscriptions/{}", self.0)
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A Log Analytics workspace's id: its `customerId`, not its resource id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceId(String);

impl WorkspaceId {
    /// Reads a GUID.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        guid(text).map(Self).ok_or_else(|| {
            ToolError::invalid(format!(
                "`{}` is not a workspace id: it is the GUID that the workspace calls `customerId`; Resource Graph \
                 tells it: resources | where type =~ 'microsoft.operationalinsights/workspaces' | project name, \
                 customerId = properties.customerId",
                shown(text)
            ))
        })
    }

    /// The GUID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A resource's name, or one segment of a longer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName(String);

impl ResourceName {
    /// Reads a name: letters, digits, `-`, `_`, `.`, and brackets.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        let name = text.trim();
        if is_name(name, LONGEST_NAME) {
            return Ok(Self(name.to_owned()));
        }
        Err(ToolError::invalid(format!(
            "`{}` is not a resource's name: a name has letters, digits, `-`, `_`, `.`, `(` and `)`, and no path",
            shown(text)
        )))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A resource group of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Whose group it is.
    pub subscription: SubscriptionId,
    name: String,
}

impl ResourceGroup {
    /// Reads the group's name.
    pub fn parse(subscription: SubscriptionId, text: &str) -> Result<Self, ToolError> {
        let name = text.trim();
        if is_name(name, LONGEST_GROUP) && !name.ends_with('.') {
            return Ok(Self { subscription, name: name.to_owned() });
        }
        Err(ToolError::invalid(format!(
            "`{}` is not a resource group's name: up to {LONGEST_GROUP} letters, digits, `-`, `_`, `.`, `(` and `)`, \
             not ending with `.`",
            shown(text)
        )))
    }

    /// The group's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `/subscriptions/{id}/resourceGroups/{name}`.
    pub fn path(&self) -> String {
        format!("{}/resourceGroups/{}", self.subscription.path(), self.name)
    }
}

/// A region, as Azure spells it in paths: `westeurope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location(String);

impl Location {
    /// Reads `westeurope`, or `West Europe` as the portal shows it.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        let name = text.replace(' ', "").to_ascii_lowercase();
        let fits = (2..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits {
            return Ok(Self(name));
        }
        Err(ToolError::invalid(format!("`{}` is not a region such as westeurope", shown(text))))
    }

    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A GUID in lower case.
pub(super) fn guid(text: &str) -> Option<String> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let text = text.trim();
    let mut groups = text.split('-');
    let fits = GROUPS.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    (fits && groups.next().is_none()).then(|| text.to_ascii_lowercase())
}

/// One segment that a resource may be called by.
pub(super) fn is_name(text: &str, longest: usize) -> bool {
    let fits =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '(' | ')');
    (1..=longest).contains(&text.chars().count())
        && text.chars().all(fits)
        && !text.contains("..")
        && text != "."
}

/// What somebody wrote, short enough for an error.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const GUID: &str = "11111111-2222-3333-4444-55555555555A";

    #[test]
    fn names_that_could_leave_their_path_are_refused() {
        for bad in
            ["", "a/b", "..", ".", "a..b", "a?b", "a#b", "a%2fb", "a\\b", "a\nb", "a b", "a\u{0}", "'a'"]
        {
            let error = ResourceName::parse(bad).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArguments, "{bad:?}");
            let subscription = SubscriptionId::parse(GUID).unwrap();
            assert!(ResourceGroup::parse(subscription, bad).is_err(), "{bad:?}");
        }
        assert!(ResourceName::parse(&"a".repeat(261)).is_err());
        assert_eq!(ResourceName::parse(" shop_prod-1.(eu) ").unwrap().as_str(), "shop_prod-1.(eu)");
    }

    #[test]
    fn a_subscription_is_a_guid_and_a_group_does_not_end_with_a_dot() {
        let subscription = SubscriptionId::parse(GUID).unwrap();
        assert_eq!(subscription.path(), "/subscriptions/11111111-2222-3333-4444-55555555555a");
        for bad in ["prod", "11111111-2222-3333-4444-55555555555", "11111111-2222-3333-4444-55555555555g", ""]
        {
            assert!(SubscriptionId::parse(bad).is_err() && WorkspaceId::parse(bad).is_err(), "{bad}");
        }
        assert!(SubscriptionId::parse(&format!("{GUID}-1")).is_err());
        assert!(ResourceGroup::parse(subscription.clone(), "shop.").is_err());
        assert_eq!(ResourceGroup::parse(subscription, "Größe").unwrap().name(), "Größe");
    }

    #[test]
    fn a_region_may_be_written_as_the_portal_shows_it() {
        assert_eq!(Location::parse("West Europe").unwrap().as_str(), "westeurope");
        assert!(Location::parse("west/europe").is_err());
    }

    #[test]
    fn an_error_shows_little_of_what_was_written() {
        let error = SubscriptionId::parse(&"\n".repeat(10_000)).unwrap_err();
        assert!(error.message.len() < 400 && !error.message.contains('\n'), "{error}");
    }
}
