//! Resolves the word that a model used for a kind: plural, singular, short name, Kind, or `deployments.apps`.
//!
//! Built-in kinds cost no request. For any other word discovery is read: the core group wins, then discovery's
//! order; what else the word could mean is said in a note.

mod builtin;
mod discovery;

use holmes_plugin::{
    Host, ToolError,
    kubernetes::{ReadError, Resource},
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
    let word = word.trim().to_ascii_lowercase();
    let builtin = builtin::kinds();
    if let Some(found) = choose(&builtin, &word) {
        return Ok(found);
    }
    match discovery::kinds(host) {
        Ok(served) => choose(&served, &word).ok_or_else(|| {
            ToolError::invalid(format!(
                "the cluster serves no kind `{}`; {}",
                word.escape_debug(),
                hint(&served, &word)
            ))
        }),
        // Unread is not unserved.
        Err(error) => Err(unread(&error, &builtin, &word)),
    }
}

fn unread(error: &ReadError, builtin: &[Resource], word: &str) -> ToolError {
    let tried = if matches!(error, ReadError::Forbidden(_)) { "not permitted to" } else { "could not" };
    let message = format!(
        "{tried} read which kinds the cluster serves: {}. Whether it serves `{}` is unknown; of the kinds that every cluster serves, {}",
        error.message(),
        word.escape_debug(),
        hint(builtin, word)
    );
    ToolError { message, ..ToolError::from(error.clone()) }
}

fn choose(resources: &[Resource], word: &str) -> Option<Found> {
    let mut candidates: Vec<&Resource> = Vec::new();
    // Discovery may tell a group twice; the core group is told first, but let nothing depend on it.
    for resource in resources.iter().filter(|resource| resource.listable && names(resource, word)) {
        if !candidates.iter().any(|known| known.group == resource.group && known.plural == resource.plural) {
            candidates.push(resource);
        }
    }
    candidates.sort_by_key(|resource| !resource.group.is_empty());
    let (&chosen, others) = candidates.split_first()?;
    let others: Vec<String> = others
        .iter()
        .filter(|other| !SHADOWS.contains(&other.group.as_str()))
        .map(|other| qualified(other))
        .collect();
    let note = (!others.is_empty())
        .then(|| format!("`{word}` was read as {}; it also names {}", qualified(chosen), others.join(", ")));
    Some(Found { resource: chosen.clone(), note })
}

/// Does every cluster serve it?
pub(crate) fn is_built_in(resource: &Resource) -> bool {
    builtin::kinds().iter().any(|known| known.plural == resource.plural && known.group == resource.group)
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

/// What the word may have meant.
fn hint(resources: &[Resource], word: &str) -> String {
    let head = word.split(['.', '/']).next().unwrap_or(word);
    let listable = resources.iter().filter(|resource| resource.listable);
    let near =
        nearest::names(head, listable.flat_map(|resource| [resource.plural.as_str(), &resource.singular]));
    if near.is_empty() {
        "a plural such as `pods` or `deployments.apps` is expected".to_owned()
    } else {
        format!("nearest: {}", near.join(", "))
    }
}

#[cfg(test)]
mod tests;
