//! `rbac` through the built program: what `kubectl apply` would take, and what an operator is told.

use serde_json::{Value, json};

use crate::world::World;

/// The documents of a file, as `kubectl apply` reads them.
pub(crate) fn documents(yaml: &str) -> Vec<Value> {
    yaml.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

fn rbac(world: &World, more: &[&str]) -> String {
    let ran = world.run(["rbac"].iter().chain(more));
    ran.succeeded().stdout.clone()
}

/// Each rule's resources with their groups.
fn resources(documents: &[Value]) -> Vec<String> {
    let rules = documents.iter().filter_map(|document| document["rules"].as_array()).flatten();
    let mut all: Vec<String> = Vec::new();
    for rule in rules {
        for resource in rule["resources"].as_array().unwrap() {
            all.push(format!("{}.{}", resource.as_str().unwrap(), rule["apiGroups"][0].as_str().unwrap()));
        }
    }
    all
}

#[test]
fn yaml_and_json_are_the_same_roles() {
    let world = World::new();
    for more in [&[][..], &["-n", "shop", "-n", "billing"], &["--toolset", "triage"]] {
        let account = ["--service-account", "holmes/reader"];
        let yaml = rbac(&world, &[more, &account].concat());
        let list: Value =
            serde_json::from_str(&rbac(&world, &[more, &account, &["-o", "json"]].concat())).unwrap();
        assert_eq!((&list["apiVersion"], &list["kind"]), (&json!("v1"), &json!("List")));
        assert_eq!(json!(documents(&yaml)), list["items"], "{yaml}");
    }
}

#[test]
fn the_shipped_toolsets_get_reads_of_named_kinds_and_no_secrets() {
    let world = World::new();
    let yaml = rbac(&world, &[]);
    let documents = documents(&yaml);
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["metadata"], json!({"name": "holmes-host"}));
    let all = resources(&documents);
    for wanted in ["pods.", "pods/log.", "events.", "deployments.apps", "nodes.metrics.k8s.io"] {
        assert!(all.iter().any(|one| one == wanted), "{wanted}: {all:?}");
    }
    assert!(!all.iter().any(|one| one.contains('*') || one == "secrets."), "{all:?}");
    for rule in documents[0]["rules"].as_array().unwrap() {
        let verbs = rule["verbs"].as_array().unwrap();
        assert!(verbs.iter().all(|verb| verb == "get" || verb == "list"), "{rule}");
    }
    assert!(yaml.contains("# Left out: secrets. Lost:"), "{yaml}");
    assert!(yaml.contains("Asked for every kind: kubernetes."), "{yaml}");
    assert_eq!(yaml, rbac(&world, &[]), "the same plugins give the same roles");
}

#[test]
fn an_author_of_rules_says_what_is_lost_of_every_kind_that_triage_reads() {
    let world = World::new();
    let text = rbac(&world, &["--toolset", "triage", "--with-secrets", "-o", "text"]);
    assert!(text.contains("secrets  get, list  (namespace)"), "{text}");
    assert!(!text.contains("whatever it tells from"), "a kind without its loss in toolset.toml: {text}");
}

#[test]
fn a_namespaced_role_is_bound_where_it_counts() {
    let world = World::new();
    let yaml = rbac(&world, &["--toolset", "triage", "-n", "shop", "--service-account", "holmes/reader"]);
    let documents = documents(&yaml);
    let kinds: Vec<&str> = documents.iter().map(|document| document["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);
    let (cluster, shop) = (resources(&documents[..1]), resources(&documents[2..3]));
    assert!(cluster.contains(&"nodes.".to_owned()) && !cluster.contains(&"pods.".to_owned()), "{cluster:?}");
    assert!(shop.contains(&"pods.".to_owned()) && !shop.contains(&"nodes.".to_owned()), "{shop:?}");
    assert_eq!(documents[2]["metadata"]["namespace"], "shop");
    assert_eq!(documents[3]["subjects"][0]["namespace"], "holmes");
}

#[test]
fn what_can_not_be_meant_is_one_sentence() {
    let world = World::new();
    for (arguments, words) in [
        (&["--without", "configmap"][..], &["configmap", "did you mean `configmaps`?"][..]),
        (&["--toolset", "ears"], &["no toolset `ears`", "triage"]),
        (&["--toolset", "azure"], &["no role is needed"]),
        (&["--with-secrets", "--without", "secrets"], &["contradict"]),
        (&["--service-account", "reader"], &["NAMESPACE/NAME"]),
        (&["-n", "Shop"], &["lower-case"]),
        (&["--plugins", "nowhere"], &["nowhere"]),
    ] {
        let ran = world.run(["rbac"].iter().chain(arguments));
        ran.refused(2, words);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    world.write("plugins/broken.wasm", b"\0asm\x0d\0\x01\0 and no more");
    world.run(["rbac", "--plugins", "plugins"]).refused(2, &["broken.wasm", "would not load"]);
}
