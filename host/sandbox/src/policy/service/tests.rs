//! Methods and paths against manifest and grant, and the key that each denial names.

use std::collections::BTreeMap;

use super::*;
use crate::{
    grants::Declared,
    manifest::{HttpRule, Manifest},
    policy::decide,
    upstream::target::Target,
};

const MANIFEST: &str = r#"
schema = 1
[toolset]
name = "azure"
version = "1.0.0"
contract = "0.1"
description = "Azure"
[upstreams.azure-arm]
kind = "azure-arm"
reads = [
  { methods = ["GET"], paths = ["/subscriptions/*/resourceGroups/*/providers/Microsoft.ContainerService/**"] },
  { methods = ["POST"], paths = ["/providers/Microsoft.ResourceGraph/resources", "/subscriptions/**"] },
]
[upstreams.web]
kind = "http"
reads = [{ methods = ["GET"], paths = ["/Status/*"] }]
"#;

const CLUSTERS: &str =
    "/subscriptions/s/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters";

fn effective(grant: Option<&Grant>) -> Effective {
    let manifest = Manifest::from_toml(MANIFEST).unwrap();
    let grants = ["azure-arm", "web"].map(|name| grant.map(|grant| (name.to_owned(), grant.clone())));
    Effective::new(&manifest, &grants.into_iter().flatten().collect::<BTreeMap<_, _>>())
}

fn asked(effective: &Effective, upstream: &str, method: &str, path: &str) -> Result<String, String> {
    asked_with(effective, upstream, method, path, r#"{"query": "resources | project name"}"#)
}

fn asked_with(
    effective: &Effective,
    upstream: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<String, String> {
    let kind = &effective.upstreams.get(upstream).unwrap().kind;
    let method = http::Method::from_bytes(method.as_bytes()).unwrap();
    match decide(effective, upstream, &Target::read(kind, &method, path, &[]).unwrap(), Some(body.as_bytes()))
    {
        Decision::Allow { rule } => Ok(rule),
        Decision::Deny(text) => Err(text),
    }
}

fn rule(methods: &[&str], paths: &[&str]) -> HttpRule {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    HttpRule { methods: owned(methods), paths: owned(paths) }
}

#[test]
fn a_declared_and_granted_path_passes_in_any_case() {
    let all = effective(Some(&Grant::All(Declared::Declared)));
    for (method, path, rule) in [
        ("GET", CLUSTERS.to_owned(), "upstreams.azure-arm.reads[0]"),
        ("HEAD", CLUSTERS.to_owned(), "upstreams.azure-arm.reads[0]"),
        ("GET", CLUSTERS.to_uppercase(), "upstreams.azure-arm.reads[0]"),
        ("GET", format!("{CLUSTERS}/aks/agentPools"), "upstreams.azure-arm.reads[0]"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources".to_owned(), "upstreams.azure-arm.reads[1]"),
    ] {
        assert_eq!(asked(&all, "azure-arm", method, &path).as_deref(), Ok(rule), "{path}");
    }
    assert!(asked(&all, "web", "GET", "/Status/db").is_ok());
}

#[test]
fn a_query_of_a_table_that_is_not_for_guests_is_denied() {
    let all = effective(Some(&Grant::All(Declared::Declared)));
    let graph = "/providers/Microsoft.ResourceGraph/resources";
    for body in [r#"{"query": "securityresources | take 1"}"#, "{}", "no JSON"] {
        let denied = asked_with(&all, "azure-arm", "POST", graph, body).unwrap_err();
        assert!(denied.starts_with("policy-denied: ") && denied.contains("never:"), "{denied}");
    }
}

#[test]
fn each_denial_names_the_key_that_is_missing() {
    let all = effective(Some(&Grant::All(Declared::Declared)));
    let none = effective(None);
    let text = asked(&none, "azure-arm", "GET", CLUSTERS).unwrap_err();
    assert!(
        text.contains("`Microsoft.ContainerService/managedClusters/read` (GET) on resource group `shop`")
    );
    assert!(text.contains("manifest: declared (upstreams.azure-arm.reads[0])"), "{text}");
    let paste = format!("add to toolsets.azure.grant.azure-arm: {{methods: [GET], paths: [\"{CLUSTERS}\"]}}");
    assert!(text.contains(&paste), "{text}");
    for (upstream, path) in [
        ("azure-arm", "/subscriptions/s"),
        ("azure-arm", "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks"),
        ("web", "/status/db"),
        ("web", "/Status/db/x"),
        ("web", "/Status"),
    ] {
        let text = asked(&all, upstream, "GET", path).unwrap_err();
        assert!(text.contains("manifest: missing"), "{text}");
    }
}

#[test]
fn a_grant_covers_its_own_paths_and_methods_only() {
    let shop = rule(&["GET"], &["/subscriptions/s/resourceGroups/SHOP/**"]);
    let rights = effective(Some(&Grant::Http(vec![shop])));
    assert!(asked(&rights, "azure-arm", "GET", CLUSTERS).is_ok());
    let other = CLUSTERS.replace("shop", "other");
    assert!(asked(&rights, "azure-arm", "GET", &other).unwrap_err().contains("grant:    missing"));
    let graph = asked(&rights, "azure-arm", "POST", "/providers/Microsoft.ResourceGraph/resources");
    assert!(graph.unwrap_err().contains("methods: [POST]"));
}

#[test]
fn no_manifest_and_no_grant_lifts_what_the_kind_never_allows() {
    let everything = rule(&["GET", "POST", "PUT", "DELETE"], &["/subscriptions/**", "/**"]);
    let rights = effective(Some(&Grant::Http(vec![everything])));
    for (method, path) in [
        ("POST", format!("{CLUSTERS}/aks/listClusterAdminCredential")),
        ("GET", format!("{CLUSTERS}/aks/LISTkeys")),
        ("POST", format!("{CLUSTERS}/aks/stop")),
        ("DELETE", format!("{CLUSTERS}/aks")),
        ("PUT", format!("{CLUSTERS}/aks")),
    ] {
        let text = asked(&rights, "azure-arm", method, &path).unwrap_err();
        assert!(text.contains("\n  never:    "), "{text}");
    }
    assert!(asked(&rights, "web", "POST", "/Status/db").unwrap_err().contains("never:"));
}

#[test]
fn a_rule_that_could_be_read_in_two_ways_is_not_well_formed() {
    for path in ["/a", "/a/*", "/a/**", "/*/b/**"] {
        assert!(rule(&["GET"], &[path]).is_well_formed(&["GET"]), "{path}");
    }
    for path in ["a", "", "/", "/**/a", "/a*", "/Microsoft.*/**", "//a", "/a/", "/a/**/b", "/a**"] {
        assert!(!rule(&["GET"], &[path]).is_well_formed(&["GET"]), "{path}");
    }
    assert!(!rule(&["PUT"], &["/a"]).is_well_formed(&["GET"]));
    assert!(!rule(&[], &["/a"]).is_well_formed(&["GET"]));
    assert!(!rule(&["GET"], &[]).is_well_formed(&["GET"]));
}
