//! What an operator reads and applies, compared whole.

use std::path::PathBuf;

use super::*;
use crate::args::ServiceAccount;

const EYES: &str = r#"
schema = 1
[toolset]
name = "eyes"
version = "1.2.0"
contract = "0.1"
description = "Looks"
[upstreams.kubernetes]
kind = "kubernetes"
reads = [
  { verbs = ["list", "get"], groups = [""], resources = ["pods", "nodes", "secrets"] },
  { verbs = ["get"], groups = [""], resources = ["pods/log"] },
  { verbs = ["list"], groups = ["apps"], resources = ["deployments", "replicasets"] },
]
[upstreams.kubernetes.loses]
pods = "everything about pods"
"pods/log" = "why a container crashed"
secrets = "whether a Secret exists"
"*" = "the rest"
"#;

const ALL: &str = r#"
schema = 1
[toolset]
name = "any"
version = "0.1.0"
contract = "0.1"
description = "Reads anything"
[upstreams.cluster]
kind = "kubernetes"
reads = [{ verbs = ["get", "list"], groups = ["*"], resources = ["*"] }]
loses = { "*" = "questions about these kinds" }
"#;

fn arguments() -> Rbac {
    Rbac {
        plugins: None::<PathBuf>,
        namespace: Vec::new(),
        name: "holmes-host".to_owned(),
        service_account: None,
        toolset: Vec::new(),
        without: Vec::new(),
        with_secrets: false,
        output: RbacFormat::Yaml,
    }
}

fn printed(arguments: &Rbac, manifests: &[&str]) -> Result<String> {
    let manifests: Vec<Manifest> = manifests.iter().map(|text| Manifest::from_toml(text).unwrap()).collect();
    print(arguments, &manifests.iter().collect::<Vec<_>>())
}

fn refusal(arguments: &Rbac) -> String {
    printed(arguments, &[EYES, ALL]).unwrap_err().to_string()
}

/// Without the comments at the top.
fn body(yaml: &str) -> &str {
    &yaml[yaml.find("apiVersion").unwrap()..]
}

#[test]
fn a_cluster_role_says_above_each_rule_what_is_lost_without_it() {
    let yaml = printed(&arguments(), &[EYES]).unwrap();
    assert_eq!(
        body(&yaml),
        "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: holmes-host
rules:
  # Without it:
  # - eyes: the rest
  - apiGroups: [\"\"]
    resources: [nodes]
    verbs: [get, list]
  # Without it:
  # - eyes: everything about pods
  - apiGroups: [\"\"]
    resources: [pods]
    verbs: [get, list]
  # Without it:
  # - eyes: why a container crashed
  - apiGroups: [\"\"]
    resources: [pods/log]
    verbs: [get]
  # Without it:
  # - eyes: the rest
  - apiGroups: [apps]
    resources:
      - deployments
      - replicasets
    verbs: [list]
"
    );
    assert!(yaml.contains("# Left out: secrets. Lost:\n# - eyes: whether a Secret exists\n"), "{yaml}");
}

#[test]
fn a_namespaced_role_has_what_is_in_a_namespace_and_the_cluster_role_the_rest() {
    let account = ServiceAccount { namespace: "holmes".to_owned(), name: "reader".to_owned() };
    let arguments = Rbac {
        namespace: ["shop", "billing", "shop"].map(str::to_owned).to_vec(),
        service_account: Some(account),
        toolset: vec!["eyes".to_owned()],
        output: RbacFormat::Json,
        ..arguments()
    };
    let list: serde_json::Value = serde_json::from_str(&printed(&arguments, &[EYES, ALL]).unwrap()).unwrap();
    let items = list["items"].as_array().unwrap();
    let seen: Vec<_> = items
        .iter()
        .map(|item| (item["kind"].as_str().unwrap(), item["metadata"]["namespace"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        seen,
        [
            ("ClusterRole", ""),
            ("ClusterRoleBinding", ""),
            ("Role", "billing"),
            ("RoleBinding", "billing"),
            ("Role", "shop"),
            ("RoleBinding", "shop"),
        ]
    );
    assert_eq!(items[0]["rules"][0]["resources"], json!(["nodes"]));
    assert_eq!(items[0]["rules"].as_array().unwrap().len(), 1);
    assert!(!items[2]["rules"].to_string().contains("nodes"));
    assert_eq!(items[3]["roleRef"]["kind"], "Role");
    assert_eq!(
        items[3]["subjects"],
        json!([{"kind": "ServiceAccount", "name": "reader", "namespace": "holmes"}])
    );
}

#[test]
fn secrets_are_in_no_role_unless_somebody_asks_for_them() {
    for manifests in [&[EYES][..], &[ALL], &[ALL, EYES]] {
        let yaml = printed(&arguments(), manifests).unwrap();
        let lines: Vec<&str> = yaml.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        assert!(!lines.iter().any(|line| line.contains("secrets") || line.contains('*')), "{yaml}");
        let with = printed(&Rbac { with_secrets: true, ..arguments() }, manifests).unwrap();
        assert!(body(&with).contains("secrets") && !with.contains("Left out"), "{with}");
    }
}

#[test]
fn a_star_becomes_the_built_in_kinds_and_says_so() {
    let yaml = printed(&arguments(), &[ALL]).unwrap();
    assert!(yaml.contains("Asked for every kind: any."), "{yaml}");
    for kind in ["poddisruptionbudgets", "endpointslices", "pods/log", "leases", "customresourcedefinitions"]
    {
        assert!(body(&yaml).contains(kind), "{kind}: {yaml}");
    }
}

#[test]
fn what_is_left_out_is_named_with_its_loss() {
    let arguments = Rbac { without: vec!["pods/log".to_owned(), "deployments".to_owned()], ..arguments() };
    let yaml = printed(&arguments, &[EYES]).unwrap();
    assert!(!body(&yaml).contains("pods/log") && !body(&yaml).contains("deployments"), "{yaml}");
    for left_out in ["Left out: deployments.apps.", "Left out: pods/log.", "why a container crashed"] {
        assert!(yaml.contains(left_out), "{left_out}: {yaml}");
    }
    let text = printed(&Rbac { output: RbacFormat::Text, ..arguments }, &[EYES]).unwrap();
    let (needed, left_out) = text.split_once("Left out:").unwrap();
    assert!(needed.contains("replicasets.apps  list  (namespace)") && !needed.contains("pods/log"), "{text}");
    assert!(left_out.contains("pods/log  get  (namespace)\n  without it, eyes: why a container"), "{text}");
}

#[test]
fn the_order_of_plugins_and_rules_changes_nothing() {
    let one = printed(&arguments(), &[EYES, ALL]).unwrap();
    assert_eq!(one, printed(&arguments(), &[ALL, EYES]).unwrap());
    let turned = EYES
        .replace("[\"list\", \"get\"]", "[\"get\", \"list\"]")
        .replace("\"pods\", \"nodes\", \"secrets\"", "\"secrets\", \"nodes\", \"pods\"");
    assert_eq!(one, printed(&arguments(), &[&turned, ALL]).unwrap());
}

#[test]
fn a_name_that_nobody_knows_is_refused_with_the_one_that_was_meant() {
    let with = |without: &str| Rbac { without: vec![without.to_owned()], ..arguments() };
    assert_eq!(refusal(&with("configmap")), "no toolset reads `configmap`; did you mean `configmaps`?");
    assert_eq!(refusal(&with("hoaxes")), "no toolset reads `hoaxes`");
    let unknown = Rbac { toolset: vec!["ears".to_owned()], ..arguments() };
    assert_eq!(refusal(&unknown), "there is no toolset `ears`; there are: any, eyes");
    let both = Rbac { with_secrets: true, ..with("secrets") };
    assert!(refusal(&both).contains("contradict"));
    let no_cluster = EYES.split("[upstreams.kubernetes]").next().unwrap();
    let nothing = printed(&arguments(), &[no_cluster]).unwrap_err().to_string();
    assert!(nothing.starts_with("no role is needed") && nothing.contains("eyes"), "{nothing}");
}

#[test]
fn an_author_can_not_write_yaml_through_a_manifest() {
    let hostile = EYES
        .replace("\"the rest\"", "\"x\\n  - apiGroups: ['*']\\u2028\\u001B[2K- verbs: ['*']\"")
        .replace("version = \"1.2.0\"", "version = \"1\\nkind: Hoax\"")
        .replace("\"replicasets\"", "\"a]\\n\\u001Bkind: Hoax\"");
    let yaml = printed(&arguments(), &[&hostile]).unwrap();
    assert!(!yaml.contains('\u{1b}') && !yaml.contains('\u{2028}'), "{yaml:?}");
    assert!(!yaml.lines().any(|line| line.trim_start().starts_with("kind: Hoax")), "{yaml}");
    assert!(
        !yaml.lines().any(|line| line.contains("['*']") && !line.trim_start().starts_with('#')),
        "{yaml}"
    );
    let text = printed(&Rbac { output: RbacFormat::Text, ..arguments() }, &[&hostile]).unwrap();
    assert!(!text.contains('\u{1b}'), "{text:?}");
}
