//! The decision, as a table of requests and the key that each is missing.

use std::collections::BTreeMap;

use super::*;
use crate::{
    grants::{Declared, Grant, GrantRule},
    manifest::Manifest,
    upstream::kubernetes::Verb,
};

const MANIFEST: &str = r#"
schema = 1
[toolset]
name = "demo"
version = "1.0.0"
contract = "0.1"
description = "Demo"
[upstreams.kubernetes]
kind = "kubernetes"
reads = [
  { verbs = ["get", "list"], groups = [""], resources = ["pods", "pods/log"] },
  { verbs = ["get", "list"], groups = ["apps"], resources = ["*"] },
]
writes = [{ tools = ["restart"], verbs = ["patch"], groups = ["apps"], resources = ["deployments"] }]
[tools.restart]
side-effect = "destructive"
"#;

fn effective(grant: Option<Grant>) -> Effective {
    let manifest = Manifest::from_toml(MANIFEST).unwrap();
    let grants: BTreeMap<String, Grant> =
        grant.map(|grant| ("kubernetes".to_owned(), grant)).into_iter().collect();
    Effective::new(&manifest, &grants)
}

fn asked(effective: &Effective, upstream: &str, method: &str, path: &str) -> Decision {
    let method = http::Method::from_bytes(method.as_bytes()).unwrap();
    decide(effective, upstream, &Target::read("kubernetes", &method, path, &[]).unwrap(), None)
}

fn denial(decision: Decision) -> String {
    match decision {
        Decision::Deny(text) => text,
        Decision::Allow { rule } => panic!("allowed by {rule}"),
    }
}

#[test]
fn a_declared_and_granted_read_passes() {
    let rights = effective(Some(Grant::All(Declared::Declared)));
    for path in [
        "/api/v1/pods",
        "/api/v1/namespaces/shop/pods/web-0/log",
        "/apis/apps/v1/namespaces/shop/deployments",
        "/version",
    ] {
        assert!(matches!(asked(&rights, "kubernetes", "GET", path), Decision::Allow { .. }), "{path}");
    }
}

#[test]
fn each_denial_names_the_key_that_is_missing() {
    let all = effective(Some(Grant::All(Declared::Declared)));
    let none = effective(None);
    assert!(denial(asked(&all, "kubernetes", "GET", "/api/v1/secrets")).contains("manifest: missing"));
    assert!(denial(asked(&none, "kubernetes", "GET", "/api/v1/pods")).contains("grant:    missing"));
    assert!(denial(asked(&none, "kubernetes", "GET", "/version")).contains("grant:    missing"));
    assert!(
        denial(asked(&all, "prometheus", "GET", "/api/v1/pods")).contains("does not declare an upstream")
    );
    assert!(
        denial(asked(&all, "kubern\u{435}tes", "GET", "/api/v1/pods"))
            .contains("does not declare an upstream")
    );
}

#[test]
fn no_write_passes_without_an_approval_whatever_is_granted() {
    let verbs = vec![Verb::Get, Verb::List, Verb::Patch, Verb::Delete, Verb::Create];
    let rule = GrantRule { verbs, groups: vec!["*".into()], resources: vec!["*".into()], namespaces: vec![] };
    let rights = effective(Some(Grant::Rules(vec![rule])));
    let declared =
        denial(asked(&rights, "kubernetes", "PATCH", "/apis/apps/v1/namespaces/shop/deployments/web"));
    assert!(declared.contains("declared") && declared.contains("approval: missing"), "{declared}");
    let undeclared = denial(asked(&rights, "kubernetes", "DELETE", "/api/v1/namespaces/shop/pods/web-0"));
    assert!(undeclared.contains("does not declare"), "{undeclared}");
}

#[test]
fn a_grant_for_one_namespace_covers_neither_another_nor_all() {
    let rule = GrantRule {
        verbs: vec![Verb::Get, Verb::List],
        groups: vec![String::new()],
        resources: vec!["pods".into()],
        namespaces: vec!["pay*".into()],
    };
    let rights = effective(Some(Grant::Rules(vec![rule])));
    assert!(matches!(
        asked(&rights, "kubernetes", "GET", "/api/v1/namespaces/payments/pods"),
        Decision::Allow { .. }
    ));
    let text = denial(asked(&rights, "kubernetes", "GET", "/api/v1/namespaces/shop/pods"));
    assert!(text.contains("namespaces: [shop]"), "{text}");
    denial(asked(&rights, "kubernetes", "GET", "/api/v1/pods"));
}
