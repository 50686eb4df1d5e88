//! `svc-selector-no-match`: the selector of a Service matches no pod at all, finished ones included, and either a
//! workload of the namespace would match after a correction of the selector, or somebody uses the Service.
//!
//! Not on: a selector that a template matches (scaled to zero, jobs between their runs), a Service that an
//! operator keeps for pods it has not made yet and that nobody uses.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::consumer::{Consumer, consumer, distinct_addresses};
use super::endpoints::is_selecting;
use super::route::severity;
use super::target_port::{Target, target};
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds, label, selects};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, controller, labels};

const GRACE: Seconds = 60;
/// Workloads whose labels are listed when none stands out.
const LISTED: usize = 3;

/// Kinds whose templates may make pods that the selector matches.
const MAKERS: [Kind; 6] =
    [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet, Kind::Job, Kind::CronJob];

pub(super) const RULE: Rule = Rule {
    id: "svc-selector-no-match",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[
        Effect::Dependents,
        Effect::Rule("apiservice-unavailable"),
        Effect::Rule("webhook-unreachable"),
        Effect::Rule("svc-no-ready-endpoints"),
        Effect::Rule("ingress-backend"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let lonely: Vec<&Value> =
        view.all(Kind::Service).iter().filter(|service| is_lonely(view, service)).collect();
    if lonely.is_empty() {
        return Vec::new();
    }
    let addresses = distinct_addresses(view);
    let mut templates: BTreeMap<&str, Vec<Template<'_>>> = BTreeMap::new();
    lonely
        .into_iter()
        .filter_map(|service| {
            let namespace = service.namespace();
            let templates = templates.entry(namespace).or_insert_with(|| templates_in(view, namespace));
            judge(view, service, templates, || consumer(view, service, &addresses))
        })
        .collect()
}

/// Does the selector match nothing, as far as everything that makes pods may be read?
fn is_lonely(view: &View<'_>, service: &Value) -> bool {
    let namespace = service.namespace();
    is_selecting(service)
        && view.selected_by(service).is_empty()
        && view.is_complete(Kind::Pod, namespace)
        && MAKERS.iter().all(|kind| view.is_complete(*kind, namespace))
        && view.age(service.created()) >= Some(GRACE)
}

/// Pods as a workload would make them, or as they are where no workload makes them.
struct Template<'a> {
    object: &'a Value,
    labels: &'a Value,
    /// Path of the labels in the object.
    path: &'static str,
    /// What has the pod's `spec`: the template, or the pod itself.
    holder: &'a Value,
    /// May it be what the selector means? Old revisions and finished jobs are not.
    lives: bool,
}

fn templates_in<'a>(view: &View<'a>, namespace: &str) -> Vec<Template<'a>> {
    let made = MAKERS.into_iter().flat_map(|kind| view.all(kind).iter().map(move |object| (kind, object)));
    let mut found: Vec<Template<'a>> = made
        .filter(|(_, object)| object.namespace() == namespace)
        // The sets of a Deployment are its revisions; what it makes now is its own template.
        .filter(|(kind, object)| {
            *kind != Kind::ReplicaSet
                || controller(object).is_none_or(|owner| owner.text("/kind") != "Deployment")
        })
        .filter_map(|(kind, object)| {
            let of_job = object.pointer("/spec/jobTemplate/spec/template");
            let holder = object.pointer("/spec/template").or(of_job)?;
            let lives = matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
            let path = ".spec.template.metadata.labels";
            Some(Template { object, labels: labels(holder), path, holder, lives })
        })
        .collect();
    // What a controller made that was not read looks alike: one of its pods stands for all.
    let mut owners: HashSet<&str> = HashSet::new();
    let bare = view.pods_in(namespace).iter().copied();
    let bare = bare.filter(|pod| {
        let owner = controller(pod).map_or(pod.uid(), |owner| owner.text("/uid"));
        view.owners(pod).is_empty() && pod.text("/status/phase") == "Running" && owners.insert(owner)
    });
    found.extend(bare.map(|pod| {
        let (labels, path) = (labels(pod), ".metadata.labels");
        Template { object: pod, labels, path, holder: pod, lives: true }
    }));
    found
}

fn judge<'a>(
    view: &View<'a>,
    service: &'a Value,
    templates: &[Template<'a>],
    consumer: impl Fn() -> Option<Consumer<'a>>,
) -> Option<Draft> {
    let selector = service.pairs("/spec/selector");
    // A pin to a revision or an ordinal is not in the template, but belongs to it all the same.
    let pinned = |key: &str| key.contains("pod-name") || key.contains("hash") || key.contains("pod-index");
    let rest: Vec<(&str, &str)> = selector.iter().copied().filter(|(key, _)| !pinned(key)).collect();
    if templates.iter().any(|template| selects(&rest, template.labels)) {
        return None;
    }
    let living: Vec<&Template<'a>> = templates.iter().filter(|template| template.lives).collect();
    let near = nearest(service, &selector, &living);
    let consumer = consumer();
    if near.is_none() && consumer.is_none() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", severity(view, service), service);
    draft.field(service, ".spec.selector");
    draft.since(service, ".metadata.creationTimestamp");
    let wanted: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let wanted = wanted.join(",");
    let name = service.name();
    draft.summary(format!("selector {wanted} of Service {name} matches no pod, so it has no endpoints"));
    if let Some((object, path)) = consumer {
        draft.field(object, &path);
    }
    match near {
        Some(near) => suggest(&mut draft, &selector, near),
        None => list(&mut draft, &living),
    }
    let namespace = service.namespace();
    draft.check(&["kubectl", "-n", namespace, "get", "pods", "-l", &wanted], "which pods the selector finds");
    draft.check(&["kubectl", "-n", namespace, "get", "pods", "--show-labels"], "which labels the pods have");
    Some(draft)
}

/// The workload that the selector nearly matches.
fn nearest<'t, 'a>(
    service: &Value,
    selector: &[(&str, &str)],
    living: &[&'t Template<'a>],
) -> Option<&'t Template<'a>> {
    let ports = service.items("/spec/ports");
    let exposes = |template: &Value| {
        let containers = template.items("/spec/containers").iter();
        let mut declared = containers.flat_map(|container| container.items("/ports"));
        declared.any(|one| {
            ports.iter().filter_map(target).any(|target| match target {
                Target::Name(name) => one.text("/name") == name,
                Target::Number(number) => one.number("/containerPort") == Some(number),
            })
        })
    };
    let groups: Vec<nearest::Group<'_>> = living
        .iter()
        .map(|template| nearest::Group {
            name: template.object.name(),
            labels: template.labels,
            exposes_port: exposes(template.holder),
        })
        .collect();
    nearest::labels(service.name(), selector, &groups).and_then(|index| living.get(index).copied())
}

/// Shows the pairs in which the workload differs from the selector.
fn suggest(draft: &mut Draft, selector: &[(&str, &str)], near: &Template<'_>) {
    let (kind, name) = (near.object.kind(), near.object.name());
    for (key, value) in selector {
        let found = label(near.labels, key);
        if found == Some(value) {
            continue;
        }
        draft.field(near.object, &format!("{}['{key}']", near.path));
        let found = found.map_or_else(|| format!("no label {key}"), |found| format!("{key}={found}"));
        draft.suggest(format!("{kind} {name} has {found}, the selector wants {key}={value}"));
    }
}

fn list(draft: &mut Draft, living: &[&Template<'_>]) {
    let mut names: Vec<&str> = living.iter().map(|template| template.object.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(LISTED);
    if !names.is_empty() {
        draft.suggest(format!("no workload stands out; there are {}", names.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn deployment(app: &str) -> Value {
        json!({"spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": app}},
            "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 8080}]}]}}},
            "status": {"availableReplicas": 1}})
    }

    fn cart(selected: &str) -> Scene {
        Scene::new().with(Kind::Deployment, "cart", deployment("cart")).with(
            Kind::Service,
            "cart",
            service(selected, &json!(8080)),
        )
    }

    #[test]
    fn a_slip_in_the_selector_names_the_workload_that_was_meant() {
        let finding = cart("crat").finds("svc-selector-no-match/");
        assert_eq!(finding.suggestion, ["Deployment cart has app=cart, the selector wants app=crat"]);
        assert_eq!(finding.checks[0].argv.last().unwrap(), "app=crat");
    }

    #[test]
    fn a_selector_that_a_template_matches_is_silent_at_any_scale() {
        cart("cart").is_silent();
        let cron = json!({"spec": {"suspend": true, "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "crat"}}, "spec": {}}}}}});
        cart("crat").with(Kind::CronJob, "crat", cron).is_silent();
    }

    #[test]
    fn a_finished_pod_still_matches() {
        let mut done = healthy_pod("crat");
        done["status"]["phase"] = json!("Succeeded");
        cart("crat").with(Kind::Pod, "crat-1", done).is_silent();
    }

    #[test]
    fn nothing_near_and_nobody_who_asks_is_silent() {
        Scene::new()
            .with(Kind::Deployment, "other", deployment("other"))
            .with(Kind::Service, "payments", service("payments", &json!(8080)))
            .is_silent();
    }

    #[test]
    fn nothing_near_and_a_client_that_asks_is_a_failure() {
        let mut client = healthy_pod("web");
        client["spec"]["containers"][0]["env"] = json!([{"name": "PAY_URL", "value": "http://payments:80"}]);
        let scene = Scene::new().with(Kind::Pod, "web-1", client).with(
            Kind::Service,
            "payments",
            service("payments", &json!(8080)),
        );
        scene.finds("svc-selector-no-match/");
    }

    #[test]
    fn an_ingress_makes_it_critical() {
        let ingress = json!({"spec": {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "cart", "port": {"number": 80}}}}]}}]}});
        let finding = cart("crat").with(Kind::Ingress, "shop", ingress).finds("svc-selector-no-match/");
        assert_eq!(finding.severity, holmes_protocol::Severity::Critical);
    }

    #[test]
    fn a_new_service_is_given_a_minute() {
        let made = |at: &str| {
            let mut body = service("crat", &json!(8080));
            body["metadata"] = json!({"creationTimestamp": at});
            Scene::new().with(Kind::Deployment, "cart", deployment("cart")).with(Kind::Service, "cart", body)
        };
        made(JUST_NOW).is_silent();
        assert_eq!(made(LATELY).told(), ["svc-selector-no-match/"]);
    }

    #[test]
    fn services_without_a_selector_or_for_a_name_outside_are_silent() {
        let outside = json!({"spec": {"type": "ExternalName", "externalName": "x.example", "selector": {"app": "crat"}}});
        Scene::new()
            .with(Kind::Deployment, "cart", deployment("cart"))
            .with(Kind::Service, "cart", outside)
            .with(Kind::Service, "manual", json!({"spec": {"ports": [{"port": 80}]}}))
            .is_silent();
    }
}
