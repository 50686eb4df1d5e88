//! A `StatefulSet` names a Service that does not exist, so its pods have no names of their own.
//!
//! Fires on an exact absence of `serviceName` while pods fail, or while a workload uses the name. Not with an
//! empty `serviceName`, nor where Services may not be read.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::readiness::is_overdue;
use crate::address::addresses;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "sts-service-missing",
    subject: Subject::Network,
    reads: &[Kind::StatefulSet, Kind::Service, Kind::Pod],
    explains: &[Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::StatefulSet).iter().filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let (namespace, name) = (object.namespace(), object.text("/spec/serviceName"));
    if name.is_empty() || object.is_deleting() || view.age(object.created())? < GRACE {
        return None;
    }
    if !view.find(Kind::Service, namespace, name).is_absent() {
        return None;
    }
    let failing = view.children(object).iter().copied().find(|pod| is_overdue(view, pod, GRACE));
    let user = failing.is_none().then(|| user(view, namespace, name)).flatten();
    if failing.is_none() && user.is_none() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, object);
    draft.confidence(Confidence::Medium);
    draft.parameters.push(name.to_owned());
    draft.field(object, ".spec.serviceName");
    draft.absent("Service", namespace, name);
    if let Some(pod) = failing {
        draft.affects(pod);
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    if let Some((pod, path)) = &user {
        draft.affects(pod);
        draft.field(pod, path);
    }
    let here = view.all(Kind::Service).iter().filter(|service| service.namespace() == namespace);
    if let Some(near) = nearest::name(name, here.map(Value::name)) {
        draft.suggest(format!("Service `{near}` exists: misspelt?"));
    }
    draft.summary(format!("StatefulSet {} names Service {name}, which does not exist", object.name()));
    draft.check(&["kubectl", "-n", namespace, "get", "services"], "which Services there are");
    Some(draft)
}

/// Where an address has the name: `name`, `name.namespace`, or `pod.name`.
fn user<'a>(view: &View<'a>, namespace: &str, name: &str) -> Option<(&'a Value, String)> {
    view.working_containers().iter().filter(|container| container.pod.namespace() == namespace).find_map(
        |container| {
            let named = |host: &str| host.split('.').take(2).any(|label| label == name);
            let address = addresses(container).into_iter().find(|address| named(address.host))?;
            Some((address.source, address.path))
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene, healthy_pod, owned, service};

    fn cluster(ready: &str) -> Scene {
        let mut pod = healthy_pod("db");
        pod["status"]["conditions"][0] =
            json!({"type": "Ready", "status": ready, "lastTransitionTime": EARLIER});
        let set = json!({"spec": {"replicas": 1, "podManagementPolicy": "Parallel", "serviceName": "db-headless"}, "status": {"readyReplicas": 1}});
        Scene::new().with(Kind::StatefulSet, "db", set).with(
            Kind::Pod,
            "db-0",
            owned(pod, "StatefulSet", "db", "statefulsets-db"),
        )
    }

    #[test]
    fn a_missing_service_of_failing_pods_is_named_with_the_near_one() {
        let scene = cluster("False").with(Kind::Service, "db-headles", service("other", &json!(80)));
        let finding =
            scene.findings().into_iter().find(|finding| finding.rule == "sts-service-missing").unwrap();
        assert!(finding.suggestion[0].contains("db-headles"));
        cluster("False").finds("sts-service-missing/");
    }

    #[test]
    fn pods_that_run_without_their_names_are_well_unless_somebody_uses_them() {
        cluster("True").is_silent();
        let mut client = healthy_pod("api");
        client["spec"]["containers"][0]["env"] =
            json!([{"name": "DB_URL", "value": "tcp://db-0.db-headless:5432"}]);
        assert_eq!(cluster("True").with(Kind::Pod, "api-1", client).told(), ["sts-service-missing/"]);
    }

    #[test]
    fn a_service_that_may_not_be_read_is_not_missing() {
        assert!(cluster("False").forbid(Kind::Service).told().is_empty());
        cluster("False")
            .with(
                Kind::Service,
                "db-headless",
                json!({"spec": {"clusterIP": "None", "selector": {"app": "db"}}}),
            )
            .told()
            .iter()
            .for_each(|told| assert_ne!(told, "sts-service-missing/"));
    }
}
