use super::*;
use crate::fixture::{Fixture, asked};
use holmes_plugin::{
    ErrorKind,
    serde_json::{Value, json},
};

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
    for word in ["pods", "pod", "po", "v1/pod"] {
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
    let qualified = choose(&kinds(), "services.serving.knative.dev").unwrap();
    assert_eq!(qualified.resource.group, "serving.knative.dev");
}

#[test]
fn a_built_in_kind_costs_no_discovery_and_any_other_is_discovered() {
    let host = Fixture::new().discovered().host();
    assert_eq!(resolve(&host, " Deployment ").unwrap().resource.plural, "deployments");
    assert_eq!(asked(&host, "discoveries"), 0);
    assert_eq!(resolve(&host, "FeatureFlag").unwrap().resource.group, "platform.contoso.io");
    assert_ne!(asked(&host, "discoveries"), 0);
}

#[test]
fn of_two_groups_with_one_plural_the_first_is_taken_and_the_other_noted() {
    let group = |name: &str| {
        let resource = json!({
            "resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced", "verbs": ["list"],
        });
        json!({"metadata": {"name": name}, "versions": [{"version": "v1", "resources": [resource]}]})
    };
    let list = |items: Value| json!({"kind": "APIGroupDiscoveryList", "items": items});
    let groups = list(json!([group("shop.example"), group("bank.example")]));
    let host = Fixture::new().document("/api", list(json!([]))).document("/apis", groups).host();
    let found = resolve(&host, "widget").unwrap();
    assert_eq!(found.resource.group, "shop.example");
    assert_eq!(
        found.note.unwrap(),
        "`widget` was read as widgets.shop.example; it also names widgets.bank.example"
    );
    let other = resolve(&host, "widgets.bank.example").unwrap();
    assert_eq!((other.resource.group.as_str(), other.note), ("bank.example", None));
}

#[test]
fn an_unknown_kind_names_the_nearest() {
    let host = Fixture::new().discovered().host();
    let error = resolve(&host, "featureflgas").unwrap_err();
    assert_eq!(
        error.message,
        "the cluster serves no kind `featureflgas`; nearest: featureflag, featureflags"
    );
    let error = resolve(&host, "zzz").unwrap_err();
    assert!(error.message.contains("a plural such as `pods`"), "{error}");
}

#[test]
fn a_kind_that_discovery_was_not_permitted_to_tell_is_not_called_absent() {
    let host = Fixture::new().forbid_discovery().host();
    let error = resolve(&host, "featureflags").unwrap_err();
    assert_eq!(error.kind, ErrorKind::PolicyDenied);
    assert!(error.message.starts_with("not permitted to read which kinds the cluster serves"), "{error}");
    assert!(error.message.contains("Whether it serves `featureflags` is unknown"), "{error}");
    assert!(!error.message.contains("serves no kind"), "{error}");
}
