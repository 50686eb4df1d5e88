use crate::observations::Kind;
use crate::rules::scene::*;
use serde_json::{Value, json};

fn waiting(reason: &str, message: &str) -> Value {
    let status = json!({"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason, "message": message}}});
    let mut pod = pod("a", &status);
    pod["status"]["phase"] = json!("Pending");
    pod["status"]["conditions"] =
        json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
    pod["metadata"]["creationTimestamp"] = json!(EARLIER);
    pod
}

fn config_error(message: &str) -> Scene {
    Scene::new().with(Kind::Pod, "a-1", waiting("CreateContainerConfigError", message))
}

fn creating() -> Value {
    waiting("ContainerCreating", "")
}

fn with_volume(source: &Value) -> Scene {
    let mut pod = creating();
    pod["spec"]["volumes"] = json!([source]);
    Scene::new().with(Kind::Pod, "a-1", pod)
}

#[test]
fn what_the_kubelet_says_is_missing_is_told_with_its_reference() {
    let mut pod = waiting("CreateContainerConfigError", "configmap \"app-config\" not found");
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "app-config"}}]);
    let scene =
        Scene::new().with(Kind::Pod, "a-1", pod).with(Kind::ConfigMap, "app-conf", json!({"data": {}}));
    let finding = scene.finds("config-ref-missing/configmap");
    assert!(finding.suggestion[0].contains("`app-conf`"));
    assert!(finding.evidence.iter().any(|item| item.path.ends_with("envFrom[0].configMapRef.name")));
    assert_eq!(config_error("secret \"db\" not found").told(), ["config-ref-missing/secret"]);
}

#[test]
fn an_object_that_is_there_by_now_is_silent() {
    let scene = config_error("secret \"db\" not found");
    assert!(scene.with(Kind::Secret, "db", json!({"data": {}})).told().is_empty());
}

#[test]
fn half_a_minute_is_waited_for() {
    let scene = config_error("secret \"db\" not found");
    scene.clone().at("2026-11-16T11:30:29Z").is_silent();
    assert_eq!(scene.at("2026-11-16T11:30:30Z").told(), ["config-ref-missing/secret"]);
}

#[test]
fn a_missing_key_lists_the_near_one() {
    let secret = json!({"data": {"password": "<redacted:secret:1>"}});
    let scene = config_error("couldn't find key pasword in Secret shop/db").with(Kind::Secret, "db", secret);
    assert!(scene.finds("config-ref-missing/secret-key").suggestion[0].contains("`password`"));
    let map = json!({"data": {"a": "x", "b": "x"}});
    let scene =
        config_error("couldn't find key MODE in ConfigMap shop/app").with(Kind::ConfigMap, "app", map);
    let finding = scene.finds("config-ref-missing/configmap-key");
    assert!(finding.suggestion[0].contains("a, b"));
}

#[test]
fn a_secret_that_may_not_be_read_is_missing_only_by_the_kubelets_word() {
    let scene = config_error("secret \"db\" not found").forbid(Kind::Secret);
    let finding = scene.findings().remove(0);
    assert_eq!(finding.class, "secret");
    let mut pod = creating();
    pod["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "db"}}]);
    let scene = Scene::new().with(Kind::Pod, "a-1", pod);
    assert_eq!(scene.told(), ["config-ref-missing/secret"]);
    assert!(scene.forbid(Kind::Secret).forbid(Kind::Event).told().is_empty());
}

#[test]
fn a_volume_names_its_source_when_the_message_names_only_the_volume() {
    let scene = with_volume(&json!({"name": "conf", "configMap": {"name": "web"}})).event(
        Kind::Pod,
        "a-1",
        "FailedMount",
        "MountVolume.SetUp failed for volume \"conf\" : configmap references non-existent config key: nginx.conf",
    );
    let scene = scene.with(Kind::ConfigMap, "web", json!({"data": {"nginx.cnf": "x"}}));
    let finding = scene.finds("config-ref-missing/configmap-key");
    assert!(finding.suggestion[0].contains("nginx.cnf"));
}

#[test]
fn a_read_that_is_complete_proves_what_nothing_has_said() {
    let cert = with_volume(&json!({"name": "v", "secret": {"secretName": "cert"}}));
    assert_eq!(cert.told(), ["config-ref-missing/secret"]);
    assert_eq!(cert.forbid(Kind::Secret).told(), ["container-not-starting/no-event"]);
    let optional = json!({"name": "v", "secret": {"secretName": "cert", "optional": true}});
    assert_eq!(with_volume(&optional).told(), ["container-not-starting/no-event"]);
    let projected = json!({"name": "v", "projected": {"sources": [{"configMap": {"name": "ca"}}]}});
    assert_eq!(with_volume(&projected).told(), ["config-ref-missing/configmap"]);
    let vault = json!({"name": "v", "csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "vault"}}});
    assert_eq!(with_volume(&vault).told(), ["config-ref-missing/secretproviderclass"]);
}

#[test]
fn a_claim_that_the_scheduler_does_not_find_may_have_been_refused_by_quota() {
    let mut pod = creating();
    pod["status"]["containerStatuses"] = json!([]);
    pod["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "persistentvolumeclaim \"data\" not found", "lastTransitionTime": EARLIER}]);
    pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let quota =
        json!({"status": {"hard": {"persistentvolumeclaims": "4"}, "used": {"persistentvolumeclaims": "4"}}});
    let scene = Scene::new().with(Kind::Pod, "a-1", pod).with(Kind::ResourceQuota, "q", quota);
    assert_eq!(scene.told(), ["config-ref-missing/pvc"]);
    assert!(scene.findings()[0].suggestion.iter().any(|text| text.contains("quota q")));
}

#[test]
fn pods_that_are_refused_for_their_account_or_priority_name_it() {
    let refused = |message: &str| {
        let set = json!({"spec": {"replicas": 1, "template": {"spec": {"serviceAccountName": "runner"}}}, "status": {"replicas": 0,
            "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message, "lastTransitionTime": EARLIER}]}});
        Scene::new().with(Kind::ReplicaSet, "a", set).findings().remove(0)
    };
    let account = refused(
        "pods \"a-\" is forbidden: error looking up service account shop/runner: serviceaccount \"runner\" not found",
    );
    assert_eq!((account.rule.as_str(), account.class.as_str()), ("config-ref-missing", "serviceaccount"));
    assert!(account.evidence.iter().any(|item| item.path == ".spec.template.spec.serviceAccountName"));
    assert_eq!(
        refused("pods \"a-\" is forbidden: no PriorityClass with name gold was found").class,
        "priorityclass"
    );
}

#[test]
fn a_runtime_class_is_named_by_the_sandbox() {
    let text = "Failed to create pod sandbox: failed to get runtime class: runtimeclass.node.k8s.io \"gvisor\" not found";
    let scene = Scene::new().with(Kind::Pod, "a-1", creating()).event(
        Kind::Pod,
        "a-1",
        "FailedCreatePodSandBox",
        text,
    );
    assert_eq!(scene.told(), ["config-ref-missing/runtimeclass"]);
}

#[test]
fn a_pull_secret_counts_only_when_the_registry_refuses() {
    let pull = |message: &str| {
        let mut pod = waiting("ImagePullBackOff", message);
        pod["spec"]["imagePullSecrets"] = json!([{"name": "regcred"}]);
        Scene::new().with(Kind::Pod, "a-1", pod).event(
            Kind::Pod,
            "a-1",
            "FailedToRetrieveImagePullSecret",
            "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
        )
    };
    assert_eq!(pull("failed to authorize: 401 Unauthorized").told(), ["config-ref-missing/pull-secret"]);
    assert_eq!(pull("manifest unknown").told(), ["image-pull/not-found"]);
}

#[test]
fn a_running_pod_whose_reference_has_gone_is_warned_of() {
    let mut pod = healthy_pod("a");
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "app"}}]);
    let scene = Scene::new().with(Kind::Pod, "a-1", pod);
    scene.finds("config-ref-missing/will-fail-on-restart");
    scene.with(Kind::ConfigMap, "app", json!({"data": {}})).is_silent();
}

fn unready_with_secret(changed: &str) -> Scene {
    let mut pod = pod(
        "a",
        &json!({"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": EARLIER}}}),
    );
    pod["spec"]["containers"][0]["env"] =
        json!([{"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]);
    let secret = json!({"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Update", "time": changed}]}, "data": {"p": "<redacted>"}});
    Scene::new().with(Kind::Pod, "a-1", pod).with(Kind::Secret, "db", secret)
}

#[test]
fn a_secret_that_changed_after_the_start_is_stale() {
    let line = "password authentication failed for user \"api\"";
    let scene = unready_with_secret(LATELY).log("a-1", "app", line);
    assert_eq!(scene.told(), ["config-ref-missing/stale-env-secret"]);
    assert_eq!(unready_with_secret(LONG_AGO).log("a-1", "app", line).told(), ["readiness-failing/no-event"]);
}

#[test]
fn a_variable_that_is_set_twice_is_told_where_its_address_fails() {
    let mut pod = crashing_pod("a");
    pod["spec"]["containers"][0]["env"] = json!([
        {"name": "DB_HOST", "value": "db"}, {"name": "DB_HOST", "value": "old-db.example"}]);
    let scene = Scene::new().with(Kind::Pod, "a-1", pod);
    let told = scene.clone().previous_log("a-1", "app", "getaddrinfo ENOTFOUND old-db.example");
    assert_eq!(told.told(), ["config-ref-missing/env-shadowed"]);
    let other = scene.previous_log("a-1", "app", "getaddrinfo ENOTFOUND pay.example");
    assert_eq!(other.told(), ["dependency-unreachable/dns"]);
}
