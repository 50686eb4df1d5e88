//! `svc-polluted-selector`: a Service selects ready pods of two workloads, and one of them does not have the port
//! that traffic goes to, so that a part of the requests fails.
//!
//! Not on: workloads with the same port (canary, blue and green), headless Services, targets by name (pods
//! without the name are left out of the endpoints).

use std::collections::BTreeMap;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::endpoints::{is_ready, is_selecting, pods_of_service};
use super::target_port::{Target, declared, listed, probed, serving, target};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Slices follow the pods within seconds; a rollout that moves labels is over by then.
const GRACE: Seconds = 30;

pub(super) const RULE: Rule = Rule {
    id: "svc-polluted-selector",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let services = view.all(Kind::Service).iter().filter(|service| is_selecting(service));
    let balanced = services.filter(|service| service.text("/spec/clusterIP") != "None");
    balanced.filter_map(|service| judge(view, service)).collect()
}

fn judge<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let wanted: Vec<i64> = service
        .items("/spec/ports")
        .iter()
        .filter_map(|port| match target(port)? {
            Target::Number(number) => Some(number),
            Target::Name(_) => None,
        })
        .collect();
    if wanted.is_empty() || view.age(service.created())? < GRACE {
        return None;
    }
    // The first ready pod of each workload stands for it.
    let mut groups: BTreeMap<String, (&'a Value, &'a Value)> = BTreeMap::new();
    for pod in pods_of_service(view, service).into_iter().filter(|pod| is_ready(pod)) {
        let top = view.top(pod);
        groups.entry(top.key()).or_insert((top, pod));
    }
    let (fit, strange): (Vec<_>, Vec<_>) = groups.into_values().partition(|(_, pod)| !lacks(pod, &wanted));
    let has = |pod: &Value| {
        declared(pod).iter().any(|one| one.number("/containerPort").is_some_and(|n| wanted.contains(&n)))
    };
    let (owner, rightful) = fit.into_iter().find(|(_, pod)| has(pod))?;
    let (stranger, pod) = strange.into_iter().next()?;
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, service);
    draft.confidence(Confidence::Medium);
    draft.field(service, ".spec.selector");
    draft.field(service, ".spec.ports");
    for pod in [rightful, pod] {
        draft.field(pod, ".metadata.labels");
        for container in pod.items("/spec/containers") {
            draft.field(pod, &format!(".spec.containers[name={}].ports", container.text("/name")));
        }
    }
    draft.affects(stranger);
    draft.since(stranger, ".metadata.creationTimestamp");
    draft.summary(format!(
        "Service {} also selects the pods of {} {}, which have {} and not the target port {}",
        service.name(),
        stranger.kind(),
        stranger.name(),
        listed(&declared(pod), "/containerPort"),
        wanted.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
    ));
    draft.suggest(format!("select by a label that only the pods of {} {} have", owner.kind(), owner.name()));
    let selector: Vec<String> =
        service.pairs("/spec/selector").iter().map(|(key, value)| format!("{key}={value}")).collect();
    draft.check(
        &["kubectl", "-n", service.namespace(), "get", "pods", "--show-labels", "-l", &selector.join(",")],
        "whose pods are selected",
    );
    Some(draft)
}

/// Does every container declare ports, and none of them a target, and no probe use one?
fn lacks(pod: &Value, wanted: &[i64]) -> bool {
    let each = serving(pod).all(|container| !container.items("/ports").is_empty());
    let declared = declared(pod).into_iter().filter_map(|port| port.number("/containerPort"));
    each && !declared.chain(probed(pod)).any(|number| wanted.contains(&number))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn member(workload: &str, port: i64) -> Value {
        let mut pod = healthy_pod("shared");
        pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": port}]);
        pod["spec"]["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": port}});
        owned(pod, "StatefulSet", workload, &format!("statefulsets-{workload}"))
    }

    fn cluster(other_port: i64, target: &Value) -> Scene {
        Scene::new()
            .with(Kind::StatefulSet, "web", json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}))
            .with(
                Kind::StatefulSet,
                "redis",
                json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}),
            )
            .with(Kind::Pod, "web-0", member("web", 8080))
            .with(Kind::Pod, "redis-0", member("redis", other_port))
            .with(Kind::Service, "web", service("shared", target))
    }

    #[test]
    fn a_foreign_workload_without_the_port_is_told() {
        let finding = cluster(6379, &json!(8080)).finds("svc-polluted-selector/");
        assert!(finding.summary.contains("StatefulSet redis"), "{}", finding.summary);
    }

    #[test]
    fn two_workloads_with_the_same_port_are_a_canary() {
        cluster(8080, &json!(8080)).is_silent();
    }

    #[test]
    fn a_headless_group_is_silent() {
        let mut body = service("shared", &json!(8080));
        body["spec"]["clusterIP"] = json!("None");
        let scene = Scene::new().with(Kind::Pod, "web-0", member("web", 8080));
        scene.with(Kind::Pod, "redis-0", member("redis", 6379)).with(Kind::Service, "web", body).is_silent();
    }
}
