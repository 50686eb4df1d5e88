//! A container can not listen because another container of its pod has the port: both declare it (`declared`), a
//! mesh's status port is the application's (`mesh-status`), or it says so while it shares the pod (`bind`). Not pods on
//! the host's network, whose ports others on the node may hold, and not pods that work.

use serde_json::Value;

use super::crash::{Crash, crashes};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const MESH_PORT: &str = ".metadata.annotations['status.sidecar.istio.io/port']";

pub(super) const RULE: Rule = Rule {
    id: "sidecar-port-conflict",
    subject: Subject::Pod(56),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crashes = crashes(view).filter(|crash| {
        let pod = crash.container.pod;
        !crash.container.blocks_start() && !pod.flag("/spec/hostNetwork") && together(pod).len() > 1
    });
    crashes.filter_map(|crash| judge(view, &crash)).collect()
}

/// The containers that run side by side, with the list that has them.
fn together(pod: &Value) -> Vec<(&'static str, &Value)> {
    let main = pod.items("/spec/containers").iter().map(|container| ("containers", container));
    let sidecars = pod.items("/spec/initContainers").iter();
    let sidecars = sidecars.filter(|container| container.text("/restartPolicy") == "Always");
    main.chain(sidecars.map(|container| ("initContainers", container))).collect()
}

fn ports(container: &Value) -> Vec<(i64, &str)> {
    let protocol = |port: &'_ Value| port.pointer("/protocol").is_none() || port.text("/protocol") == "TCP";
    let ports = container.items("/ports").iter();
    ports
        .filter_map(|port| Some((port.number("/containerPort")?, if protocol(port) { "TCP" } else { "UDP" })))
        .collect()
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let (container, pod) = (&crash.container, crash.container.pod);
    let own = ports(container.spec()?);
    let says_so = crash.log_class() == "port-in-use";
    let rival = together(pod).into_iter().find_map(|(list, other)| {
        let shared = ports(other).into_iter().find(|port| own.contains(port))?;
        (other.text("/name") != container.name()).then_some((list, other.text("/name"), shared.0))
    });
    let mesh =
        crate::object::resolve(pod, MESH_PORT).and_then(Value::as_str).and_then(|port| port.parse().ok());
    let mesh = mesh.filter(|mesh: &i64| own.iter().any(|(port, _)| port == mesh));
    let name = container.name();
    let mut draft;
    match (rival, mesh) {
        (Some((list, other, port)), _) => {
            draft = crash.draft(view, RULE.id, "declared");
            draft.field(pod, &format!(".spec.{list}[name={other}].ports"));
            draft.summary(format!(
                "containers `{name}` and `{other}` of the pod both want port {port}: one fails"
            ));
        }
        (None, Some(port)) => {
            draft = crash.draft(view, RULE.id, "mesh-status");
            draft.field(pod, MESH_PORT);
            draft.summary(format!(
                "container `{name}` wants port {port}, which the mesh's proxy uses in every pod"
            ));
        }
        (None, None) if says_so => {
            draft = crash.draft(view, RULE.id, "bind");
            draft.summary(format!(
                "container `{name}` can not listen beside the others of its pod: {}",
                crash.line()
            ));
        }
        (None, None) => return None,
    }
    draft.field(pod, &container.spec_path(".ports"));
    draft.suggest("the containers of a pod share one network: give each a port of its own");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn pair(port: i64) -> Value {
        let mut pod = crashing_pod("a");
        let proxy =
            json!({"name": "proxy", "image": "registry.example/proxy:1", "ports": [{"containerPort": port}]});
        pod["spec"]["containers"].as_array_mut().unwrap().push(proxy);
        let status = json!({"name": "proxy", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": LONG_AGO}}});
        pod["status"]["containerStatuses"].as_array_mut().unwrap().push(status);
        pod
    }

    fn one(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn two_declarations_of_one_port_are_named() {
        let finding = one(pair(8080)).finds("sidecar-port-conflict/declared");
        assert!(finding.summary.contains("`app` and `proxy`"), "{}", finding.summary);
        assert_eq!(one(pair(8081)).told(), ["crashloop/app-error"]);
    }

    #[test]
    fn a_port_that_is_taken_beside_others_is_a_conflict_and_alone_it_is_not() {
        let line = "listen tcp :9000: bind: address already in use";
        one(pair(8081)).previous_log("a-1", "app", line).finds("sidecar-port-conflict/bind");
        let alone = one(crashing_pod("a")).previous_log("a-1", "app", line);
        assert_eq!(alone.told(), ["crashloop/port-in-use"]);
    }

    #[test]
    fn the_meshs_port_is_known() {
        let mut pod = pair(15090);
        pod["metadata"]["annotations"] = json!({"status.sidecar.istio.io/port": "8080"});
        assert_eq!(one(pod).told(), ["sidecar-port-conflict/mesh-status"]);
    }

    #[test]
    fn the_hosts_network_is_another_matter_and_a_pod_that_works_is_none() {
        let mut pod = pair(8080);
        pod["spec"]["hostNetwork"] = json!(true);
        assert_eq!(one(pod).told(), ["crashloop/app-error"]);
        let mut works = healthy_pod("a");
        let twin = json!({"name": "proxy", "ports": [{"containerPort": 8080}]});
        works["spec"]["containers"].as_array_mut().unwrap().push(twin);
        one(works).is_silent();
    }
}
