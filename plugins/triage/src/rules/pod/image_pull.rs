//! The image of a container can not be pulled. The class is the registry's or the runtime's answer; a refusal of
//! credentials gains its cause: the pod has none (`no-pull-secret`), the node's identity is not let in
//! (`node-identity`), or those it has are wrong (`credentials`). A registry that was away gets two minutes and a
//! second try. A pull secret that is missing is `config-ref-missing`.

use std::collections::{BTreeSet, HashMap};

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::Container;
use crate::decode::image_pull::{REASONS, class, knows_nodes, registry};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{View, event_count, event_time};

/// A registry that was away for a moment gets a second try.
const TRANSIENT: Seconds = 120;

pub(super) const RULE: Rule = Rule {
    id: "image-pull",
    subject: Subject::Pod(20),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

/// Why an image is not there.
pub(crate) struct Refusal<'a> {
    pub(crate) class: &'static str,
    /// The kubelet's event about the pull.
    pub(crate) event: Option<&'a Value>,
    definitive: bool,
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let waiting = view.troubled_containers().iter();
    let failing: Vec<&Container<'_>> =
        waiting.filter(|container| REASONS.contains(&container.waiting_reason())).collect();
    if failing.is_empty() {
        return Vec::new();
    }
    let siblings = Siblings::new(view);
    failing.into_iter().filter_map(|container| judge(view, &siblings, container)).collect()
}

/// Why the image of a waiting container is not there, as far as status and events tell.
pub(crate) fn refusal<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Refusal<'a>> {
    let reason = container.waiting_reason();
    if !REASONS.contains(&reason) {
        return None;
    }
    let image = container.spec()?.text("/image");
    let started = container.last_end().and_then(|(end, _)| end.time("/startedAt"));
    let event = view.newest_event(container.pod, &["Failed", "ErrImageNeverPull"], |message| {
        message.contains(image) && !message.starts_with("Error: ")
    });
    let event = event.filter(|event| started.is_none_or(|started| event_time(event) >= started));
    let told = event.map(|event| event.text("/message")).unwrap_or_default();
    let (mut class_name, mut definitive) = class(reason, container.waiting_message(), image);
    if class_name == "unknown" {
        (class_name, definitive) = class(reason, told, image);
    }
    Some(Refusal { class: class_name, event, definitive })
}

fn judge<'a>(view: &View<'a>, siblings: &Siblings<'a>, container: &Container<'a>) -> Option<Draft> {
    let found = refusal(view, container)?;
    let pod = container.pod;
    if !found.definitive && is_a_first_try(view, pod, &found) {
        return None;
    }
    let image = container.spec()?.text("/image");
    let class_name = siblings.cause(view, container, image, found.class);
    let mut draft = Draft::of_pod(view, RULE.id, class_name, Severity::Error, pod, Some(container.name()));
    draft.parameters.push(image.to_owned());
    if class_name == "unknown" {
        draft.confidence(Confidence::Medium);
    }
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    draft.field(pod, &container.spec_path(".image"));
    if let Some(event) = found.event {
        draft.event(event);
    }
    for name in pull_secrets(pod) {
        draft.field(pod, &format!(".spec.imagePullSecrets[name={name}].name"));
    }
    draft.since(pod, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, pod));
    let why = phrase(class_name);
    draft.summary(format!("image {image} of container `{}` can not be pulled: {why}", container.name()));
    siblings.compare(pod, image, &mut draft);
    if template::touches(&draft.finding.change, ".image") {
        draft.suggest("the image reference changed with this revision; the one before could be pulled");
    }
    let namespace = pod.namespace();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", pod.name()], "the registry's answer");
    super::crash::undo(view, pod, &mut draft, "goes back to the image before");
    Some(draft)
}

/// Younger than two minutes, or the events count one try only.
fn is_a_first_try(view: &View<'_>, pod: &Value, found: &Refusal<'_>) -> bool {
    let scheduled = pod.condition("PodScheduled").and_then(|condition| condition.time("/lastTransitionTime"));
    let age = view.age(scheduled.max(pod.created()));
    let tries =
        view.events(pod).into_iter().filter(|event| event.text("/message").starts_with("Failed to pull"));
    let tries: i64 = tries.map(event_count).sum();
    age.is_none_or(|age| age < TRANSIENT) || found.event.is_some() && tries == 1
}

fn phrase(class: &str) -> &str {
    match class {
        "not-found" => "tag or repository not found",
        "auth" | "credentials" => "the registry refuses the credentials",
        "no-pull-secret" => "the registry wants credentials and the pod has no pull secret",
        "node-identity" => "the registry refuses the node's identity, and the pod has no pull secret",
        "not-found-or-denied" => "not found, or access denied",
        "dns" => "the registry's name does not resolve on the node",
        "rate-limit" => "the registry's rate limit is reached",
        "arch" => "no build for the node's platform",
        "bad-name" => "the reference is not valid",
        "never-pull" => "it is not on the node, and the pull policy is Never",
        "tls" => "the registry's certificate is not trusted",
        "network" => "the registry can not be reached",
        "disk" => "the node's disk is full",
        other => other,
    }
}

/// The pods whose images are there, by image and by registry: what works elsewhere tells what does not here.
struct Siblings<'a> {
    /// Nodes that have an image.
    nodes: HashMap<&'a str, BTreeSet<&'a str>>,
    registries: HashMap<&'a str, Registry<'a>>,
}

/// Who has pulled from a registry.
#[derive(Default)]
struct Registry<'a> {
    nodes: BTreeSet<&'a str>,
    /// Has one of the pods a pull secret?
    with_secret: bool,
}

impl<'a> Siblings<'a> {
    fn new(view: &View<'a>) -> Self {
        let mut found = Self { nodes: HashMap::new(), registries: HashMap::new() };
        for container in view.working_containers().iter().filter(|container| container.has_started()) {
            let Some(image) = container.spec().map(|spec| spec.text("/image")) else { continue };
            let (pod, node) = (container.pod, container.pod.text("/spec/nodeName"));
            found.nodes.entry(image).or_default().insert(node);
            let registry = found.registries.entry(registry(image)).or_default();
            registry.nodes.insert(node);
            registry.with_secret = registry.with_secret || has_secret(view, pod);
        }
        found
    }

    /// A refused credential has a cause of its own, when the cluster tells it.
    fn cause(
        &self,
        view: &View<'a>,
        container: &Container<'a>,
        image: &str,
        class: &'static str,
    ) -> &'static str {
        let pod = container.pod;
        if !matches!(class, "auth" | "not-found-or-denied") {
            return class;
        }
        let host = registry(image);
        let registry = self.registries.get(host);
        let works_here = registry.is_some_and(|registry| registry.nodes.contains(pod.text("/spec/nodeName")));
        let refused = if class == "auth" { "credentials" } else { class };
        match () {
            () if has_secret(view, pod) => refused,
            () if registry.is_some_and(|registry| registry.with_secret) => "no-pull-secret",
            () if class == "auth" && knows_nodes(host) && !works_here => "node-identity",
            () => refused,
        }
    }

    fn compare(&self, pod: &Value, image: &str, draft: &mut Draft) {
        let mut nodes = self.nodes.get(image).into_iter().flatten();
        if let Some(node) = nodes.find(|node| **node != pod.text("/spec/nodeName")) {
            draft.suggest(format!("the same image runs on node {node}: compare the nodes"));
        }
    }
}

fn pull_secrets(pod: &Value) -> impl Iterator<Item = &str> {
    pod.items("/spec/imagePullSecrets").iter().map(|secret| secret.text("/name"))
}

/// Has it a pull secret? The admission plugin copies the account's secrets into the pod; one that was added later is not there yet.
fn has_secret(view: &View<'_>, pod: &Value) -> bool {
    let account = view.find(Kind::ServiceAccount, pod.namespace(), pod.text("/spec/serviceAccountName"));
    pull_secrets(pod).next().is_some()
        || account.found().is_some_and(|account| !account.items("/imagePullSecrets").is_empty())
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn waiting(reason: &str, message: &str) -> Value {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": reason, "message": message}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        pod
    }

    fn one(reason: &str, message: &str) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", waiting(reason, message))
    }

    const TIMEOUT: &str =
        "failed to do request: Head \"https://registry.example/v2/\": dial tcp: i/o timeout";

    #[test]
    fn a_tag_that_is_not_there_is_told_with_its_reference() {
        let finding =
            one("ImagePullBackOff", "registry.example/app:1: not found").finds("image-pull/not-found");
        assert!(finding.summary.contains("registry.example/app:1"));
        assert_eq!(one("InvalidImageName", "").told(), ["image-pull/bad-name"]);
        assert_eq!(one("ErrImageNeverPull", "").told(), ["image-pull/never-pull"]);
    }

    #[test]
    fn the_cause_may_stand_in_the_event_only() {
        let scene = one("ImagePullBackOff", "Back-off pulling image \"registry.example/app:1\"");
        assert_eq!(scene.told(), ["image-pull/unknown"]);
        let failed =
            "Failed to pull image \"registry.example/app:1\": x509: certificate signed by unknown authority";
        scene.event(Kind::Pod, "a-1", "Failed", failed).finds("image-pull/tls");
    }

    #[test]
    fn a_registry_that_was_away_gets_two_minutes_and_a_second_try() {
        let scene = one("ErrImagePull", TIMEOUT);
        scene.clone().at("2026-11-16T11:31:59Z").is_silent();
        assert_eq!(scene.at("2026-11-16T11:32:00Z").told(), ["image-pull/network"]);
        let definitive = one("ErrImagePull", "manifest unknown").at("2026-11-16T11:30:01Z");
        assert_eq!(definitive.told(), ["image-pull/not-found"]);
    }

    #[test]
    fn refused_credentials_have_a_cause_where_the_cluster_tells_it() {
        let refused = || one("ImagePullBackOff", "failed to authorize: 401 Unauthorized");
        refused().finds("image-pull/credentials");
        let mut sibling = healthy_pod("b");
        sibling["spec"]["imagePullSecrets"] = json!([{"name": "registry"}]);
        assert_eq!(refused().with(Kind::Pod, "b-1", sibling).told(), ["image-pull/no-pull-secret"]);
        let mut cloud = waiting("ImagePullBackOff", "failed to authorize: 401 Unauthorized");
        cloud["spec"]["containers"][0]["image"] = json!("corp.azurecr.io/app:1");
        assert_eq!(Scene::new().with(Kind::Pod, "a-1", cloud).told(), ["image-pull/node-identity"]);
    }

    #[test]
    fn the_same_image_on_another_node_points_at_the_node() {
        let mut sibling = healthy_pod("b");
        sibling["spec"]["nodeName"] = json!("n2");
        let scene = one("ErrImagePull", "manifest unknown").with(Kind::Pod, "b-1", sibling);
        assert!(scene.finds("image-pull/not-found").suggestion[0].contains("n2"));
    }

    #[test]
    fn a_container_that_pulled_in_the_end_is_silent() {
        let scene = Scene::new().with(Kind::Pod, "a-1", healthy_pod("a"));
        scene
            .event(Kind::Pod, "a-1", "Failed", "Failed to pull image \"registry.example/app:1\": i/o timeout")
            .is_silent();
    }
}
