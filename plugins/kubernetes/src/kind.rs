//! Resolves the word that a model used for a kind: plural, singular, short name, Kind, or `deployments.apps`.
//!
//! The core group wins, then discovery's order; what else the word could mean is said in a note.

mod builtin;

use holmes_plugin::{
    Host, ToolError,
    kubernetes::{Cluster, Resource},
};

use crate::nearest;

/// A kind and what to tell about the choice.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The chosen kind.
    pub resource: Resource,
    /// What else the word names.
    pub note: Option<String>,
}

/// Groups that show objects of the core group again: naming them would only be noise.
const SHADOWS: &[&str] = &["metrics.k8s.io", "events.k8s.io"];

/// The kind that a word names.
pub(crate) fn resolve(host: &Host, word: &str) -> Result<Found, ToolError> {
    match Cluster::new(host).resources() {
        Ok(resources) => choose(&resources, word),
        // Every cluster serves the built-in kinds, and some accounts may not read discovery.
        Err(error) => choose(&builtin::kinds(), word).map_err(|unknown| ToolError {
            message: format!("{} (discovery failed: {})", unknown.message, error.message()),
            ..unknown
        }),
    }
}

fn choose(resources: &[Resource], word: &str) -> Result<Found, ToolError> {
    let word = word.trim().to_ascii_lowercase();
    let mut matching = resources.iter().filter(|resource| resource.listable && names(resource, &word));
    let mut candidates: Vec<&Resource> = Vec::new();
    // Discovery may tell a group twice; the core group is told first, but let nothing depend on it.
    for resource in matching.by_ref() {
        if !candidates.iter().any(|known| known.group == resource.group && known.plural == resource.plural) {
            candidates.push(resource);
        }
    }
    candidates.sort_by_key(|resource| !resource.group.is_empty());
    let Some((&chosen, others)) = candidates.split_first() else { return Err(unknown(resources, &word)) };
    let others: Vec<String> = others
        .iter()
        .filter(|other| !SHADOWS.contains(&other.group.as_str()))
        .map(|other| qualified(other))
        .collect();
    let note = (!others.is_empty())
        .then(|| format!("`{word}` was read as {}; it also names {}", qualified(chosen), others.join(", ")));
    Ok(Found { resource: chosen.clone(), note })
}

/// `deployments.apps`, or `pods` for the core group.
pub(crate) fn qualified(resource: &Resource) -> String {
    if resource.group.is_empty() {
        resource.plural.clone()
    } else {
        format!("{}.{}", resource.plural, resource.group)
    }
}

fn names(resource: &Resource, word: &str) -> bool {
    if bare(resource, word) {
        return true;
    }
    // `apps/v1/Deployment` and `Deployment.apps`, `deployments.v1.apps`.
    if let Some((api, kind)) = word.rsplit_once('/') {
        return bare(resource, kind) && api == resource.api_version();
    }
    word.split_once('.').is_some_and(|(kind, group)| {
        let full = format!("{}.{}", resource.version, resource.group);
        bare(resource, kind) && (group == resource.group || group == full)
    })
}

fn bare(resource: &Resource, word: &str) -> bool {
    word == resource.plural
        || word == resource.singular
        || resource.kind.eq_ignore_ascii_case(word)
        || resource.short_names.iter().any(|short| short == word)
}

fn unknown(resources: &[Resource], word: &str) -> ToolError {
    let head = word.split(['.', '/']).next().unwrap_or(word);
    let listable = resources.iter().filter(|resource| resource.listable);
    let near =
        nearest::names(head, listable.flat_map(|resource| [resource.plural.as_str(), &resource.singular]));
    let hint = if near.is_empty() {
        "a plural such as `pods` or `deployments.apps` is expected".to_owned()
    } else {
        format!("nearest: {}", near.join(", "))
    };
    ToolError::invalid(format!("the cluster serves no kind `{}`; {hint}", word.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<Resource> {
        let mut kinds = vec![
            Resource::known("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true),
            Resource::known("serving.knative.dev", "v1", "services", "Service", true),
        ];
        kinds.extend(builtin::kinds());
        kinds
    }

    #[test]
    fn every_form_of_a_kind_is_understood() {
        for word in ["pods", "Pod", "po", "PODS", "v1/Pod"] {
            assert_eq!(choose(&kinds(), word).unwrap().resource.api_version(), "v1", "{word}");
        }
        for word in ["deploy", "deployments.apps", "deployment.v1.apps", "apps/v1/deployment"] {
            assert_eq!(choose(&kinds(), word).unwrap().resource.plural, "deployments", "{word}");
        }
    }

    #[test]
    fn the_core_group_wins_and_the_other_meaning_is_noted() {
        let found = choose(&kinds(), "services").unwrap();
        assert_eq!(found.resource.group, "");
        assert_eq!(
            found.note.unwrap(),
            "`services` was read as services; it also names services.serving.knative.dev"
        );
        assert_eq!(choose(&kinds(), "pods").unwrap().note, None);
        assert_eq!(
            choose(&kinds(), "services.serving.knative.dev").unwrap().resource.group,
            "serving.knative.dev"
        );
    }

    #[test]
    fn an_unknown_kind_names_the_nearest() {
        let error = choose(&kinds(), "deploymnet").unwrap_err();
        assert!(error.message.contains("nearest: deployment"), "{error}");
    }
}
