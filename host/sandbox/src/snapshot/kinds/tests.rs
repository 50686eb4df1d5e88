//! Discovery: each kind once, in its preferred version, and no name that leads out of the recording.

use serde_json::json;

use super::*;
use crate::snapshot::Logs;

fn kind(group: &str, plural: &str, name: &str) -> Kind {
    let document =
        json!({"resources": [{"name": plural, "kind": name, "verbs": ["list"], "shortNames": ["x"]}]});
    kinds(group, "v1", document.to_string().as_bytes()).unwrap().remove(0)
}

fn options(include: &[&str], exclude: &[&str]) -> Options {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Options {
        name: None,
        namespaces: Vec::new(),
        include: names(include),
        exclude: names(exclude),
        largest: 1,
        logs: Logs::LeftOut,
    }
}

#[test]
fn the_preferred_version_of_a_group_comes_first_and_hostile_names_never() {
    let groups = json!({"groups": [
        {"name": "autoscaling", "versions": [{"version": "v1"}, {"version": "v2"}], "preferredVersion": {"version": "v2"}},
        {"name": "../..", "versions": [{"version": "v1"}]},
        {"name": "odd.example.com", "versions": [{"version": "v1/../.."}]},
    ]});
    let found = versions(br#"{"versions":["v1"]}"#, groups.to_string().as_bytes()).unwrap();
    let found: Vec<_> = found.iter().map(|(group, version)| format!("{group}/{version}")).collect();
    assert_eq!(found, ["/v1", "autoscaling/v2", "autoscaling/v1"]);
}

#[test]
fn subresources_unlistable_kinds_and_hostile_plurals_are_no_kinds() {
    let document = json!({"resources": [
        {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get", "list"]},
        {"name": "pods/log", "kind": "Pod", "verbs": ["get", "list"]},
        {"name": "bindings", "kind": "Binding", "verbs": ["create"]},
        {"name": "../secrets", "kind": "Secret", "verbs": ["list"]},
    ]});
    let found = kinds("", "v1", document.to_string().as_bytes()).unwrap();
    assert_eq!(found.iter().map(|kind| kind.plural.as_str()).collect::<Vec<_>>(), ["pods"]);
}

#[test]
fn paths_and_files_are_those_of_the_api_and_of_the_recorded_form() {
    let (pods, deployments) = (kind("", "pods", "Pod"), kind("apps", "deployments", "Deployment"));
    assert_eq!(pods.path(None), ["api", "v1", "pods"]);
    assert_eq!(deployments.path(Some("shop")), ["apis", "apps", "v1", "namespaces", "shop", "deployments"]);
    assert_eq!((pods.file().as_str(), pods.api_version().as_str()), ("resources/pods.core.json", "v1"));
    assert_eq!(deployments.file(), "resources/deployments.apps.json");
}

#[test]
fn kinds_are_chosen_by_any_of_their_names_and_a_wrong_name_is_an_error() {
    let all = || vec![kind("", "pods", "Pod"), kind("metrics.k8s.io", "pods", "PodMetrics")];
    let chosen = |include: &[&str], exclude: &[&str]| {
        let (chosen, _) = select(all(), &options(include, exclude)).unwrap();
        chosen.into_iter().map(|kind| kind.name).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&[], &[]), ["Pod", "PodMetrics"]);
    assert_eq!(chosen(&["pod"], &[]), ["Pod"]);
    assert_eq!(chosen(&["pods"], &[]), ["Pod", "PodMetrics"]);
    assert_eq!(chosen(&[], &["pods.metrics.k8s.io"]), ["Pod"]);
    let wrong = select(all(), &options(&[], &["secrtes"])).unwrap_err();
    assert!(wrong.to_string().contains("`secrtes`"), "{wrong}");
}
