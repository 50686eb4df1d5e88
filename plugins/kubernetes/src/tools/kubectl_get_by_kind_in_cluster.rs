//! Tool `kubectl_get_by_kind_in_cluster`.

use holmes_plugin::prelude::*;

use crate::{render::listing, scope::Scope};

/// Which objects.
#[arguments]
pub struct GetByKindInCluster {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
}

/// Lists all objects of a kind in all namespaces as a wide table with exact counts. If not all rows fit, those with
/// a visible problem come first; columns that are empty in every row are left out.
#[tool(read_only)]
pub fn kubectl_get_by_kind_in_cluster(
    host: &Host,
    arguments: GetByKindInCluster,
) -> Result<Output, ToolError> {
    listing::whole(host, &Scope::parse(host, &arguments.kind, None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, is_truncated, pod};

    #[test]
    fn rows_of_all_namespaces_say_their_namespace() {
        let host = Fixture::new().with(pod("a", "x")).with(pod("b", "y")).host();
        let text =
            kubectl_get_by_kind_in_cluster(&host, GetByKindInCluster { kind: "Pod".to_owned() }).unwrap();
        let text = text.to_text();
        assert!(text.starts_with("NAMESPACE  NAME"), "{text}");
        assert!(text.contains("\na          x     1/1"), "{text}");
        assert!(
            text.contains("-- 2 of 2 pods (v1), all namespaces, no selector; STATUS: Running 2"),
            "{text}"
        );
    }

    #[test]
    fn a_custom_kind_gets_a_generic_row() {
        let flag = json!({
            "apiVersion": "platform.contoso.io/v1alpha1", "kind": "FeatureFlag",
            "metadata": {"name": "f", "namespace": "a", "creationTimestamp": "2026-11-16T15:19:20Z"},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NoSource"}]},
        });
        let host = Fixture::new().with(flag).discovered().host();
        let arguments = GetByKindInCluster { kind: "featureflag".to_owned() };
        let text = kubectl_get_by_kind_in_cluster(&host, arguments).unwrap().to_text();
        assert!(text.contains("Ready=False(NoSource)  10m"), "{text}");
    }
    #[test]
    fn a_custom_kind_has_the_columns_that_its_definition_prints() {
        let flag = json!({
            "apiVersion": "platform.contoso.io/v1alpha1", "kind": "FeatureFlag",
            "metadata": {"name": "f", "namespace": "a", "creationTimestamp": "2026-11-16T15:19:20Z"},
            "spec": {"source": "git"},
            "status": {"synced": "2026-11-16T15:28:20Z"},
        });
        let column =
            |name: &str, path: &str, kind: &str| json!({"name": name, "jsonPath": path, "type": kind});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "featureflags.platform.contoso.io"},
            "spec": {"versions": [{"name": "v1alpha1", "additionalPrinterColumns": [
                column("Source", ".spec.source", "string"),
                column("Owner", ".spec.owner", "string"),
                column("Synced", ".status.synced", "date"),
                column("Age", ".metadata.creationTimestamp", "date"),
            ]}]},
        });
        let host = Fixture::new().with(flag).with(definition).discovered().host();
        let arguments = GetByKindInCluster { kind: "featureflags".to_owned() };
        let text = kubectl_get_by_kind_in_cluster(&host, arguments).unwrap().to_text();
        assert!(
            text.starts_with("NAMESPACE  NAME  SOURCE  SYNCED  AGE\na          f     git     60s     10m\n"),
            "{text}"
        );
    }

    #[test]
    fn a_list_that_breaks_off_shows_what_was_read_and_says_so() {
        let host = Fixture::new().with(pod("a", "x")).with(pod("b", "y")).paged(1).breaks_off().host();
        let output =
            kubectl_get_by_kind_in_cluster(&host, GetByKindInCluster { kind: "po".to_owned() }).unwrap();
        let text = output.to_text();
        assert!(
            text.contains(
                "-- INCOMPLETE: only the first 1 of 2 objects were read: the API server is going away"
            ),
            "{text}"
        );
        assert!(is_truncated(&output));
    }
}
