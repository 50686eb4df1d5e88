//! Tool `kubectl_get_by_name`.

use holmes_plugin::prelude::*;

use crate::{
    lookup,
    read::Part,
    render::{listing::Listing, rows::Frame},
};

/// Which object.
#[arguments]
pub struct GetByName {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
    /// Exact name.
    pub name: String,
    /// Namespace. Left out: all namespaces are searched for the name.
    pub namespace: Option<String>,
}

/// Shows the object of exactly that name as a row of a wide table, with its labels. If there is none: the nearest
/// names, and the namespaces that have it.
#[tool(read_only)]
pub fn kubectl_get_by_name(host: &Host, arguments: GetByName) -> Result<Output, ToolError> {
    let found = lookup::by_name(host, &arguments.kind, &arguments.name, arguments.namespace.as_deref())?;
    if found.objects.is_empty() {
        return Ok(Output::no_data(found.missing));
    }
    let mut listing = Listing::new(host, &found.scope, Frame::of(&found.scope).with_labels());
    for object in &found.objects {
        listing.add(object);
    }
    let part = Part { objects: listing.len(), rest: None };
    Ok(listing.finish(
        host,
        &found.scope,
        &format!("of {} {} by name", listing.len(), found.scope.kind()),
        &part,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};

    #[test]
    fn the_row_has_labels_and_says_its_scope() {
        let host = Fixture::new().with(pod("a", "x")).host();
        let arguments =
            GetByName { kind: "pods".to_owned(), name: "x".to_owned(), namespace: Some("a".to_owned()) };
        let text = kubectl_get_by_name(&host, arguments).unwrap().to_text();
        assert!(text.starts_with("NAME  READY  STATUS"), "{text}");
        assert!(text.contains("app=x"), "{text}");
        assert!(text.contains("-- 1 of 1 pods (v1) by name, namespace a, no selector"), "{text}");
    }

    #[test]
    fn an_absent_name_is_no_data() {
        let host = Fixture::new().host();
        let arguments = GetByName { kind: "pods".to_owned(), name: "x".to_owned(), namespace: None };
        let output = kubectl_get_by_name(&host, arguments).unwrap();
        assert!(output.is_no_data() && output.to_text().contains("all namespaces"), "{}", output.to_text());
    }
}
