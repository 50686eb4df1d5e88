//! Tool `kubectl_get_by_kind_in_cluster`.

use holmes_plugin::prelude::*;

use crate::{render::listing, scope::Scope};

/// Which objects.
#[arguments]
pub struct GetByKindInCluster {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
}

/// Lists all objects of a kind in all namespaces as a wide table, with exact counts.
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
    use crate::fixture::{Fixture, pod};

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
}
