//! `coredns-unhealthy`: no pod behind the cluster's DNS is ready, so that no name resolves; or fewer are available
//! than wanted, which is a warning. What is wrong with the pods explains it.

use holmes_protocol::Severity;
use serde_json::Value;

use super::complaint::complaints;
use super::endpoints::{
    has_ready_endpoint, is_ready, is_selecting, pods_of_service, unready_since, workloads_of,
};
use super::resolver;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;
/// Pods that the finding shows.
const SHOWN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "coredns-unhealthy",
    subject: Subject::ControlPlane,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[
        Effect::Dependents,
        Effect::Rule("svc-no-ready-endpoints"),
        Effect::Rule("svc-selector-no-match"),
        Effect::Rule("deployment-unavailable"),
    ],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let Some(service) = resolver::service(view).filter(|service| is_selecting(service)) else {
        return Vec::new();
    };
    if !view.is_complete(Kind::Pod, service.namespace()) {
        return Vec::new();
    }
    nobody(view, service).or_else(|| fewer(view, service)).into_iter().collect()
}

/// No endpoint at all.
fn nobody<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let pods = pods_of_service(view, service);
    let since = unready_since(&pods);
    let settled = since.is_none() || view.age(since) >= Some(GRACE);
    if pods.iter().any(|pod| is_ready(pod)) || has_ready_endpoint(view, service) || !settled {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Critical, service);
    draft.field(service, ".spec.selector");
    for pod in pods.iter().take(SHOWN) {
        draft.affects(pod);
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    draft.since_at(since, "the newest change of .status.conditions[type=Ready]".to_owned());
    draft.computed(service, ".spec.selector", format!("{} pods match, none is ready", pods.len()));
    for complaint in complaints(view).iter().filter(|complaint| complaint.words.line.class == "dep-dns") {
        complaint.suffers(view, &mut draft);
    }
    draft.summary("no DNS pod of the cluster is ready: names do not resolve");
    check(&mut draft, service);
    Some(draft)
}

/// Some answer, and not as many as should.
fn fewer<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let mut workloads = workloads_of(view, service).into_iter();
    let deployment = workloads.find(|workload| workload.kind() == "Deployment")?;
    let wanted = deployment.number("/spec/replicas")?;
    let available = deployment.number("/status/availableReplicas").unwrap_or_default();
    let condition = deployment.condition("Available");
    let changed = condition.and_then(|available| available.time("/lastTransitionTime"));
    let unready = unready_since(&pods_of_service(view, service));
    let settled = view.age(changed.max(unready)).is_none_or(|age| age >= GRACE);
    if available >= wanted || !settled || deployment.flag("/spec/paused") {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, deployment);
    draft.field(deployment, ".spec.replicas");
    draft.field(deployment, ".status.availableReplicas");
    draft.affects(service);
    draft.since_at(unready, "the newest change of .status.conditions[type=Ready]".to_owned());
    draft.summary(format!("the cluster's DNS has {available} of {wanted} pods available"));
    check(&mut draft, service);
    Some(draft)
}

fn check(draft: &mut Draft, service: &Value) {
    let selector: Vec<String> =
        service.pairs("/spec/selector").iter().map(|(key, value)| format!("{key}={value}")).collect();
    let selector = selector.join(",");
    draft.check(&["kubectl", "-n", service.namespace(), "get", "pods", "-l", &selector], "the DNS pods");
}

#[cfg(test)]
mod tests {
    use holmes_protocol::Severity;
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn system(mut object: Value) -> Value {
        object["metadata"]["namespace"] = json!("kube-system");
        object
    }

    fn unready() -> Value {
        let status = json!({"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": EARLIER}}});
        system(pod("dns", &status))
    }

    fn dns(pods: Vec<Value>) -> Scene {
        let ports = json!({"spec": {"selector": {"app": "dns"}, "ports": [
            {"name": "dns-tcp", "port": 53, "targetPort": 8080}]}});
        let mut scene = Scene::new().with(Kind::Service, "kube-dns", system(ports));
        for (index, pod) in pods.into_iter().enumerate() {
            scene = scene.with(Kind::Pod, &format!("dns-{index}"), pod);
        }
        scene
    }

    fn deployment(available: i64) -> Value {
        system(json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "dns"}}}},
            "status": {"availableReplicas": available}}))
    }

    /// The rules of the pods explain it where they have something to say.
    fn severity(scene: &Scene) -> Option<Severity> {
        let findings = scene.findings();
        let is_told = |finding: &&holmes_protocol::Finding| {
            finding.rule == super::RULE.id || finding.symptoms.iter().any(|one| one.rule == super::RULE.id)
        };
        findings.iter().find(is_told).map(|finding| finding.severity)
    }

    #[test]
    fn no_dns_pod_is_critical() {
        assert_eq!(severity(&dns(vec![unready()])), Some(Severity::Critical));
        dns(Vec::new()).finds("coredns-unhealthy/");
    }

    #[test]
    fn a_ready_pod_is_enough_and_a_minute_is_given() {
        dns(vec![system(healthy_pod("dns"))]).is_silent();
        assert_eq!(severity(&dns(vec![unready()]).at("2026-11-16T11:30:30Z")), None);
    }

    #[test]
    fn fewer_than_wanted_is_a_warning() {
        let scene = dns(vec![system(healthy_pod("dns"))]);
        let short = scene.clone().with(Kind::Deployment, "coredns", deployment(1));
        assert_eq!(severity(&short), Some(Severity::Warning));
        scene.with(Kind::Deployment, "coredns", deployment(2)).is_silent();
    }

    #[test]
    fn clients_that_can_not_resolve_are_symptoms() {
        let mut broken = system(crashing_pod("dns"));
        broken["spec"]["containers"][0]["ports"] = json!([]);
        let scene = dns(vec![broken]).with(Kind::Pod, "api-1", crashing_pod("api")).log(
            "api-1",
            "app",
            "lookup db.shop.svc.cluster.local: no such host",
        );
        assert_eq!(scene.findings()[0].severity, Severity::Critical);
        assert_eq!(scene.told().len(), 1, "{:?}", scene.told());
    }
}
