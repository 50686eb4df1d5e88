//! Decisions that an API server makes, and manifests that it does not take.

use super::*;

fn role(kind: &str, namespace: Option<&str>, rules: &Value) -> Value {
    let mut metadata = json!({"name": "reader"});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules})
}

fn binding(kind: &str, namespace: Option<&str>, role: &str) -> Value {
    let mut metadata = json!({"name": "reader"});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "eyes", "namespace": "holmes"}]})
}

fn access(objects: &[Value]) -> Access {
    let mut access = Access::of_every_cluster();
    for object in objects {
        access.apply(object);
    }
    access
}

fn permits(access: &Access, verb: &str, path: &str) -> bool {
    let user = User::service_account("holmes", "eyes");
    match Target::parse(path) {
        Some(target) => access.permits(&user, Attributes::Resource { verb, target: &target }),
        None => access.permits(&user, Attributes::Path { verb, path }),
    }
}

#[test]
fn a_cluster_role_binding_counts_everywhere_and_a_role_binding_in_its_namespace() {
    let rules = json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]);
    let everywhere =
        access(&[role("ClusterRole", None, &rules), binding("ClusterRoleBinding", None, "ClusterRole")]);
    assert!(permits(&everywhere, "list", "/api/v1/pods"));
    assert!(permits(&everywhere, "get", "/api/v1/namespaces/shop/pods/web"));
    for granted in [
        access(&[role("Role", Some("shop"), &rules), binding("RoleBinding", Some("shop"), "Role")]),
        access(&[role("ClusterRole", None, &rules), binding("RoleBinding", Some("shop"), "ClusterRole")]),
    ] {
        assert!(permits(&granted, "list", "/api/v1/namespaces/shop/pods"));
        assert!(!permits(&granted, "list", "/api/v1/pods"));
        assert!(!permits(&granted, "list", "/api/v1/namespaces/other/pods"));
    }
}

#[test]
fn verb_group_resource_subresource_and_name_all_count() {
    let rules = json!([
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log", "namespaces"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tls"]},
        {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*/scale"]},
    ]);
    let access =
        access(&[role("ClusterRole", None, &rules), binding("ClusterRoleBinding", None, "ClusterRole")]);
    assert!(permits(&access, "get", "/api/v1/namespaces/shop/pods/web/log"));
    assert!(!permits(&access, "get", "/api/v1/namespaces/shop/pods/web"));
    assert!(permits(&access, "get", "/api/v1/namespaces/shop"));
    assert!(!permits(&access, "list", "/api/v1/namespaces"));
    assert!(permits(&access, "get", "/api/v1/namespaces/shop/secrets/tls"));
    assert!(!permits(&access, "get", "/api/v1/namespaces/shop/secrets/other"));
    assert!(!permits(&access, "get", "/api/v1/namespaces/shop/secrets"));
    assert!(permits(&access, "update", "/apis/apps/v1/namespaces/shop/deployments/web/scale"));
    assert!(!permits(&access, "get", "/apis/apps/v1/namespaces/shop/deployments/web"));
    assert!(!permits(&access, "get", "/apis/batch/v1/namespaces/shop/jobs/web/scale"));
}

#[test]
fn paths_of_no_resource_are_permitted_by_url() {
    let access = access(&[]);
    for path in ["/version", "/api", "/api/v1", "/apis/apps/v1", "/openapi/v3"] {
        assert!(permits(&access, "get", path), "{path}");
    }
    assert!(!permits(&access, "get", "/metrics"));
    assert!(!permits(&access, "get", "/api/v1/pods"));
    assert!(permits(&access, "create", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
    let anonymous = User::anonymous();
    assert!(access.permits(&anonymous, Attributes::Path { verb: "get", path: "/version" }));
    assert!(!access.permits(&anonymous, Attributes::Path { verb: "get", path: "/apis" }));
}

#[test]
#[should_panic(expected = "verbs must contain")]
fn a_rule_without_verbs_is_not_taken() {
    access(&[role("ClusterRole", None, &json!([{"verbs": [], "apiGroups": [""], "resources": ["pods"]}]))]);
}

#[test]
#[should_panic(expected = "unknown fields")]
fn a_mistyped_field_is_not_taken() {
    access(&[role(
        "ClusterRole",
        None,
        &json!([{"verbs": ["get"], "apiGroup": [""], "resources": ["pods"]}]),
    )]);
}

#[test]
#[should_panic(expected = "`namespace` is given or lacks")]
fn a_role_without_its_namespace_is_not_taken() {
    access(&[role("Role", None, &json!([]))]);
}
