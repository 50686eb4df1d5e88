//! One rule of a role: what it covers.

use serde_json::{Value, json};

use super::{Attributes, manifest::Fields};

/// A `PolicyRule`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) api_groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) resource_names: Vec<String>,
    pub(super) urls: Vec<String>,
}

impl Rule {
    /// # Panics
    ///
    /// If the API server would not take it.
    pub(super) fn read(value: &Value) -> Self {
        let fields =
            Fields::of(value, &["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"]);
        let rule = Self {
            verbs: fields.texts("verbs"),
            api_groups: fields.texts("apiGroups"),
            resources: fields.texts("resources"),
            resource_names: fields.texts("resourceNames"),
            urls: fields.texts("nonResourceURLs"),
        };
        assert!(
            !rule.verbs.is_empty(),
            "the rule {value} is not valid: verbs must contain at least one value"
        );
        if rule.urls.is_empty() {
            assert!(!rule.api_groups.is_empty(), "the rule {value} must supply at least one api group");
            assert!(!rule.resources.is_empty(), "the rule {value} must supply at least one resource");
        } else {
            let mixed = rule.api_groups.len() + rule.resources.len() + rule.resource_names.len();
            assert_eq!(mixed, 0, "the rule {value} can not apply to resources and to URLs");
        }
        rule
    }

    pub(super) fn covers(&self, attributes: Attributes<'_>) -> bool {
        let any = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        match attributes {
            Attributes::Resource { verb, target } => {
                let every = target.subresource.as_ref().map(|subresource| format!("*/{subresource}"));
                any(&self.verbs, verb)
                    && any(&self.api_groups, &target.group)
                    && (any(&self.resources, &target.rule_resource())
                        || every.is_some_and(|every| self.resources.contains(&every)))
                    && (self.resource_names.is_empty()
                        || target.name.as_ref().is_some_and(|name| self.resource_names.contains(name)))
            }
            Attributes::Path { verb, path } => {
                let covers = |url: &String| match url.strip_suffix('*') {
                    Some(prefix) => path.starts_with(prefix),
                    None => url == path,
                };
                any(&self.verbs, verb) && self.urls.iter().any(covers)
            }
        }
    }

    /// Is it about URLs?
    pub(in super::super) fn is_of_urls(&self) -> bool {
        !self.urls.is_empty()
    }

    /// As a review of one's own rules shows it.
    pub(in super::super) fn shown(&self) -> Value {
        if self.is_of_urls() {
            return json!({"verbs": self.verbs, "nonResourceURLs": self.urls});
        }
        let mut shown =
            json!({"verbs": self.verbs, "apiGroups": self.api_groups, "resources": self.resources});
        if !self.resource_names.is_empty() {
            shown["resourceNames"] = json!(self.resource_names);
        }
        shown
    }
}
