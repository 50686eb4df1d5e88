//! What to say when an object is not there: what was searched, what comes near, where else the name exists.

use holmes_plugin::{Host, kubernetes::ListOptions, serde_json::Value};

use crate::{field, kind, names, nearest, read, scope::Scope};

/// How many namespaces are worth naming.
const SHOWN: usize = 8;

/// The message for an object that is not there.
pub(crate) fn object(host: &Host, scope: &Scope, name: &str) -> String {
    let mut said = format!(
        "no {} `{name}` in {}: searched {} by exact name.",
        scope.resource.singular,
        scope.place(),
        scope.kind()
    );
    let mut known = Vec::new();
    match read::each(host, scope, |object| known.push(field::name(&object).to_owned())) {
        Err(error) => said.push_str(&format!(" Nearest names are unknown: {error}.")),
        Ok(0) => said.push_str(&format!(" There are no {} there at all.", scope.resource.plural)),
        Ok(total) => {
            let near = nearest::names(name, known.iter().map(String::as_str));
            if near.is_empty() {
                said.push_str(&format!(" None of the {total} names there comes near."));
            } else {
                said.push_str(&format!(" Nearest of {total} there: {}.", near.join(", ")));
            }
        }
    }
    if let Some(namespace) = &scope.options.namespace {
        said.push_str(&elsewhere(host, scope, name, namespace));
        said.push_str(&namespace_hint(host, namespace));
    }
    said
}

/// What to say when a list is empty.
pub(crate) fn list(host: &Host, scope: &Scope) -> String {
    let mut said = format!(
        "no {} in {} ({}): the list was read and is empty.",
        scope.kind(),
        scope.place(),
        scope.selector()
    );
    if let Some(namespace) = &scope.options.namespace {
        said.push_str(&namespace_hint(host, namespace));
    }
    for note in &scope.notes {
        said.push_str(&format!(" Note: {note}."));
    }
    said
}

fn elsewhere(host: &Host, scope: &Scope, name: &str, namespace: &str) -> String {
    let mut places: Vec<String> = Vec::new();
    let searched = read::each(host, &scope.named(name), |object: Value| {
        // A server that does not know the selector answers with everything.
        if field::name(&object) == name && field::namespace(&object) != namespace {
            places.push(field::namespace(&object).to_owned());
        }
    });
    if let Err(error) = searched {
        return format!(" Other namespaces could not be searched: {error}.");
    }
    places.sort_unstable();
    places.truncate(SHOWN);
    if places.is_empty() {
        " No other namespace has that name either.".to_owned()
    } else {
        format!(" The same name exists in namespace {}.", places.join(", "))
    }
}

/// A wrong namespace is the commonest reason for finding nothing. Silent when it can not be told.
fn namespace_hint(host: &Host, namespace: &str) -> String {
    let Ok(found) = kind::resolve(host, "namespaces") else { return String::new() };
    let scope = Scope { resource: found.resource, options: ListOptions::default(), notes: Vec::new() };
    if !matches!(read::one(host, &scope, namespace), Ok(None)) || names::one_namespace(namespace).is_err() {
        return String::new();
    }
    let mut known = Vec::new();
    if read::each(host, &scope, |object| known.push(field::name(&object).to_owned())).is_err()
        || known.is_empty()
    {
        return String::new();
    }
    let near = nearest::names(namespace, known.iter().map(String::as_str));
    let near = if near.is_empty() { known.iter().map(String::as_str).take(SHOWN).collect() } else { near };
    format!(" Namespace `{namespace}` does not exist; there are: {}.", near.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};

    #[test]
    fn a_wrong_name_gets_the_nearest_and_the_other_namespaces() {
        let host = Fixture::new().with(pod("billing", "api-7d-x1")).with(pod("shop", "api-7d-x2")).host();
        let scope = Scope::parse(&host, "pod", Some("billing")).unwrap();
        let said = object(&host, &scope, "api-7d-x2");
        assert!(said.starts_with("no pod `api-7d-x2` in namespace billing"), "{said}");
        assert!(said.contains("Nearest of 1 there: api-7d-x1."), "{said}");
        assert!(said.contains("The same name exists in namespace shop."), "{said}");
    }
}
