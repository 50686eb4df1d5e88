use super::*;
use crate::fixture::{Fixture, pod};
use holmes_plugin::serde_json::json;

fn status(change: impl FnOnce(&mut Value)) -> String {
    let mut pod = pod("a", "x");
    change(&mut pod);
    pod::status(&pod)
}

#[test]
fn the_status_of_a_pod_is_kubectls() {
    assert_eq!(status(|_| ()), "Running");
    assert_eq!(
        status(|pod| pod["metadata"]["deletionTimestamp"] = json!("2026-11-16T15:00:00Z")),
        "Terminating"
    );
    assert_eq!(status(|pod| pod["status"]["reason"] = json!("Evicted")), "Evicted");
    let container = |state: Value| {
        status(|pod| {
            pod["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "state": state}]);
        })
    };
    assert_eq!(container(json!({"waiting": {"reason": "CrashLoopBackOff"}})), "CrashLoopBackOff");
    assert_eq!(container(json!({"terminated": {"reason": "Completed", "exitCode": 0}})), "Completed");
    assert_eq!(container(json!({"terminated": {"exitCode": 3}})), "ExitCode:3");
    assert_eq!(container(json!({"terminated": {"exitCode": 137, "signal": 9}})), "Signal:9");
}

#[test]
fn init_containers_show_their_progress() {
    let init = |statuses: Value| {
        status(|pod| {
            pod["spec"]["initContainers"] = json!([{"name": "one"}, {"name": "two"}]);
            pod["status"]["phase"] = json!("Pending");
            pod["status"]["conditions"] = json!([{"type": "Initialized", "status": "False"}]);
            pod["status"]["initContainerStatuses"] = statuses;
            pod["status"]["containerStatuses"] =
                json!([{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]);
        })
    };
    let done = json!({"name": "one", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    assert_eq!(init(json!([{"name": "one", "state": {"running": {}}}])), "Init:0/2");
    assert_eq!(
        init(json!([done, {"name": "two", "state": {"waiting": {"reason": "PodInitializing"}}}])),
        "Init:1/2"
    );
    assert_eq!(
        init(json!([done, {"name": "two", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}])),
        "Init:CrashLoopBackOff"
    );
    assert_eq!(
        init(json!([{"name": "one", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}])),
        "Init:Error"
    );
}

#[test]
fn a_restart_shows_when_and_why_and_counts_as_trouble_for_an_hour() {
    let mut pod = pod("a", "x");
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(13);
    pod["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-16T15:24:20Z"}});
    let row = (pod::LAYOUT.row)(&pod, Now::of(&Fixture::new().host()));
    assert_eq!(row.cells[2], "13 (5m ago, OOMKilled, exit 137)");
    assert_eq!(row.health, Health::Problem);
}

#[test]
fn every_layout_has_a_cell_for_each_column() {
    let kinds = [
        ("", "pods"),
        ("", "nodes"),
        ("", "services"),
        ("", "endpoints"),
        ("discovery.k8s.io", "endpointslices"),
        ("networking.k8s.io", "ingresses"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("storage.k8s.io", "storageclasses"),
        ("", "namespaces"),
        ("", "secrets"),
        ("", "resourcequotas"),
        ("", "events"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("policy", "poddisruptionbudgets"),
        ("example.com", "widgets"),
    ];
    let now = Now::of(&Fixture::new().host());
    for (group, plural) in kinds {
        let layout = Layout::of(&Resource::known(group, "v1", plural, "Kind", true));
        let frame = Frame { namespace: true, identity: true, labels: true };
        let row = layout.cells(&json!({}), frame, now);
        assert_eq!(row.cells.len(), layout.headers(frame).len(), "{plural}");
    }
}

#[test]
fn an_autoscaler_shows_current_and_wanted_of_each_metric() {
    let object = json!({
        "spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}]},
        "status": {"currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 85}}}]},
    });
    assert_eq!(scaling::targets(&object), ["cpu: 85%/70%"]);
    let blind = json!({"spec": object["spec"]});
    assert_eq!(scaling::targets(&blind), ["cpu: <unknown>/70%"]);
}
