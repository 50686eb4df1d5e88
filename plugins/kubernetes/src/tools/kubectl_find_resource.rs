//! Tool `kubectl_find_resource`.

use holmes_plugin::prelude::*;

use crate::{
    field, names, read,
    render::{listing::Listing, rows::Frame},
    scope::Scope,
};

/// What to look for.
#[arguments]
pub struct FindResource {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
    /// Part of a name, namespace, label, image or IP; case does not matter.
    pub keyword: String,
}

/// Finds objects of a kind, in all namespaces, whose name, namespace, labels, images or IP contain a keyword.
#[tool(read_only)]
pub fn kubectl_find_resource(host: &Host, arguments: FindResource) -> Result<Output, ToolError> {
    let keyword = arguments.keyword.trim().to_lowercase();
    if keyword.is_empty() {
        return Err(ToolError::invalid(
            "a keyword is needed; to list all use kubectl_get_by_kind_in_cluster",
        ));
    }
    let scope = Scope::parse(host, &arguments.kind, None)?;
    let mut listing = Listing::new(host, &scope, Frame::of(&scope).with_labels());
    let mut known = Vec::new();
    let part = read::part(host, &scope, |object| {
        if matches(&object, &keyword) {
            listing.add(&object);
        } else {
            known.push(field::name(&object).to_owned());
        }
    })?;
    if listing.len() > 0 {
        let of =
            format!("of {} matches for `{keyword}` among {} {}", listing.len(), part.objects, scope.kind());
        return Ok(listing.finish(host, &scope, &of, &part));
    }
    let searched = part.objects;
    if let Some(rest) = part.rest {
        return Err(rest.error(&scope, searched));
    }
    let near = crate::nearest::names(&keyword, known.iter().map(String::as_str));
    let near = if near.is_empty() { String::new() } else { format!(" Nearest names: {}.", near.join(", ")) };
    let valid = names::object(&keyword).is_ok();
    let hint = if valid { "" } else { " The keyword is taken literally, not as a pattern." };
    Ok(Output::no_data(format!(
        "no {} matches `{keyword}` in name, namespace, labels, images or IP: searched {searched} in {}.{near}{hint}",
        scope.kind(),
        scope.place()
    )))
}

fn matches(object: &Value, keyword: &str) -> bool {
    let contains = |text: &str| text.to_lowercase().contains(keyword);
    let containers = ["/spec/containers", "/spec/template/spec/containers"];
    let mut images = containers
        .iter()
        .flat_map(|pointer| field::list(object, pointer))
        .map(|it| field::text(it, "/image"));
    contains(field::name(object))
        || contains(field::namespace(object))
        || field::entries(object, "/metadata/labels")
            .any(|(key, value)| contains(&format!("{key}={}", field::plain(value))))
        || images.any(contains)
        || ["/status/podIP", "/spec/clusterIP"].iter().any(|pointer| contains(field::text(object, pointer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};

    fn find(keyword: &str) -> Output {
        let host = Fixture::new().with(pod("billing", "worker-1")).with(pod("shop", "cart-1")).host();
        let arguments = FindResource { kind: "pod".to_owned(), keyword: keyword.to_owned() };
        kubectl_find_resource(&host, arguments).unwrap()
    }

    #[test]
    fn names_namespaces_and_labels_are_searched() {
        for keyword in ["WORKER", "billing", "app=worker-1"] {
            let text = find(keyword).to_text();
            assert!(text.contains("worker-1") && !text.contains("cart-1"), "{text}");
            assert!(text.contains("among 2 pods (v1)"), "{text}");
        }
    }

    #[test]
    fn nothing_found_is_no_data_with_the_nearest() {
        let output = find("wroker-1");
        assert!(output.is_no_data());
        assert!(
            output.to_text().contains("searched 2 in all namespaces. Nearest names: worker-1."),
            "{}",
            output.to_text()
        );
    }
}
