//! What a crashing container says last is that something it needs did not answer, refused it, or has not what it
//! asked for. The Service that it names, or its environment names, is cited with its endpoints. Not init containers
//! (`init-blocked`), nor containers that run and are only not ready (their probe's finding says so).

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::crash::{Crash, crashes};
use crate::blame::blamed;
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject, workloads_of};
use crate::view::View;

const GRACE: Seconds = 60;
/// The other side answers, and says no.
const REFUSALS: [&str; 3] = ["auth", "limit", "readonly"];

pub(super) const RULE: Rule = Rule {
    id: "dependency-unreachable",
    subject: Subject::Pod(76),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crashes: Vec<Crash<'_>> =
        crashes(view).filter(|crash| !crash.container.blocks_start() && is_old_enough(view, crash)).collect();
    let own = crashes.iter().filter_map(|crash| judge(view, crash));
    let running = view.working_containers().iter().filter(|container| view.deep && container.is_ready());
    let complaints = running.filter_map(|container| complaint(view, container));
    own.chain(shared(view, &crashes)).chain(complaints).collect()
}

/// Asked for more: a container that works, and complains in the last lines of its log about what it needs.
fn complaint<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let line = view.telling(container, false)?;
    let class = line.class.strip_prefix("dep-")?;
    let pod = container.pod;
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Warning, pod, Some(container.name()));
    draft.confidence(Confidence::Low);
    draft.log(pod, format!("{}:{}", container.name(), line.number), line.line);
    for service in blamed(view, container, line.line).iter().take(3) {
        cite_service(view, service, &mut draft);
    }
    draft.summary(format!("container `{}` runs and complains: {}", container.name(), line.line.trim()));
    Some(draft)
}

fn is_old_enough(view: &View<'_>, crash: &Crash<'_>) -> bool {
    view.age(crash.container.pod.created()).is_some_and(|age| age >= GRACE)
}

/// What refuses clients of two owners or more is the one to look at: its findings have the clients as symptoms.
fn shared<'a>(view: &View<'a>, crashes: &[Crash<'a>]) -> Vec<Draft> {
    let mut clients: BTreeMap<(String, &str), Vec<&Crash<'a>>> = BTreeMap::new();
    for crash in crashes {
        let class = crash.log_class().strip_prefix("dep-").filter(|class| REFUSALS.contains(class));
        if let (Some(class), [target]) = (class, blamed(view, &crash.container, crash.line()).as_slice()) {
            clients.entry((target.key(), class)).or_default().push(crash);
        }
    }
    clients
        .into_iter()
        .filter_map(|((target, class), clients)| refuses(view, &target, class, &clients))
        .collect()
}

fn refuses<'a>(view: &View<'a>, target: &str, class: &str, clients: &[&Crash<'a>]) -> Option<Draft> {
    let owners: BTreeSet<String> = clients.iter().map(|crash| view.top(crash.container.pod).key()).collect();
    let mut parts = target.splitn(3, '/').skip(1);
    let service = view.find(Kind::Service, parts.next()?, parts.next()?).found()?;
    if owners.len() < 2 {
        return None;
    }
    let root = workloads_of(view, service).into_iter().next().unwrap_or(service);
    let mut draft = Draft::new(RULE.id, class, Severity::Error, root);
    draft.confidence(Confidence::Medium);
    draft.takes_down.insert(target.to_owned());
    draft.field(service, ".spec.ports");
    for crash in clients.iter().take(3) {
        draft.affects(crash.container.pod);
        if let Some(told) = &crash.told {
            told.cite(&mut draft, &crash.container);
        }
        draft.since(crash.container.pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    let (name, count) = (service.name(), owners.len());
    let line = clients.first().map_or("", |crash| crash.line());
    draft.summary(format!("Service {name} refuses clients of {count} workloads alike ({class}): {line}"));
    Some(draft)
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let class = crash.log_class().strip_prefix("dep-")?;
    let mut draft = crash.draft(view, RULE.id, class);
    let named = blamed(view, &crash.container, crash.line());
    for service in named.iter().take(3) {
        cite_service(view, service, &mut draft);
    }
    draft.summary(format!("{}: {}", crash.what(), crash.line()));
    if draft.finding.severity > Severity::Warning
        && matches!(class, "auth" | "limit" | "readonly" | "missing-data")
    {
        draft.suggest(
            "the other side answers and refuses: compare credentials, limits and data, not the network",
        );
    }
    Some(draft)
}

/// The Service is there; whether anything stands behind it tells which side to look at.
fn cite_service<'a>(view: &View<'a>, service: &'a Value, draft: &mut Draft) {
    draft.field(service, ".spec.ports");
    let pods = view.selected_by(service);
    let ready = pods.iter().filter(|pod| pod.condition_is("Ready", "True")).count();
    if !service.pairs("/spec/selector").is_empty() && view.is_complete(Kind::Pod, service.namespace()) {
        let count = format!("{ready} of {} pods ready", pods.len());
        draft.computed(service, ".spec.selector", count);
    }
    let namespace = service.namespace();
    draft.check(
        &[
            "kubectl",
            "-n",
            namespace,
            "get",
            "endpointslices",
            "-l",
            &format!("kubernetes.io/service-name={}", service.name()),
        ],
        "what answers for the Service",
    );
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn client(line: &str) -> Scene {
        Scene::new().with(Kind::Pod, "api-1", crashing_pod("api")).previous_log("api-1", "app", line)
    }

    #[test]
    fn what_did_not_answer_is_the_class() {
        client("dial tcp 10.9.0.7:5432: connect: connection refused").finds("dependency-unreachable/refused");
        let cases = [
            ("connect ETIMEDOUT 10.9.0.7:443", "timeout"),
            ("getaddrinfo ENOTFOUND db.example", "dns"),
            ("password authentication failed for user \"api\"", "auth"),
            ("FATAL: sorry, too many clients already", "limit"),
            ("cannot execute INSERT in a read-only transaction", "readonly"),
            ("ERROR 1049: Unknown database 'shop'", "missing-data"),
            ("x509: certificate signed by unknown authority", "tls"),
        ];
        for (line, class) in cases {
            assert_eq!(client(line).told(), [format!("dependency-unreachable/{class}")], "{line}");
        }
    }

    #[test]
    fn a_line_that_only_says_error_is_no_dependency() {
        assert_eq!(client("ERROR something failed").told(), ["crashloop/app-error"]);
    }

    #[test]
    fn a_healthy_target_leaves_the_client_its_own_root() {
        let scene = client("db: password authentication failed for user \"api\"")
            .with(Kind::Pod, "db-0", healthy_pod("db"))
            .with(Kind::Service, "db", service("db", &json!(8080)));
        let finding = scene.finds("dependency-unreachable/auth");
        assert!(
            finding.evidence.iter().any(|item| item.value == "1 of 1 pods ready"),
            "{:#?}",
            finding.evidence
        );
    }

    #[test]
    fn a_target_that_fails_explains_its_client() {
        let scene = client("dial tcp db:80: connect: connection refused")
            .with(Kind::Pod, "db-0", crashing_pod("db"))
            .with(Kind::Service, "db", service("db", &json!(8080)));
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }

    #[test]
    fn what_refuses_two_workloads_alike_is_the_one_to_look_at() {
        let line = "db: password authentication failed for user \"app\"";
        let scene = client(line)
            .with(Kind::Pod, "web-1", crashing_pod("web"))
            .previous_log("web-1", "app", line)
            .with(Kind::Pod, "db-0", healthy_pod("db"))
            .with(Kind::Service, "db", service("db", &json!(8080)));
        let finding = scene.findings().remove(0);
        assert_eq!(scene.told(), ["dependency-unreachable/auth"]);
        assert_eq!((finding.objects[0].name.as_str(), finding.symptoms.len()), ("db-0", 2));
    }

    #[test]
    fn a_container_that_serves_between_crashes_is_a_warning() {
        let mut pod = healthy_pod("api");
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": 4,
            "state": {"running": {"startedAt": LATELY}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": LATELY}}});
        let scene = Scene::new().with(Kind::Pod, "api-1", pod).previous_log(
            "api-1",
            "app",
            "connect ECONNREFUSED 10.0.0.9:80",
        );
        let finding = scene.findings().remove(0);
        assert_eq!(
            (finding.class.as_str(), finding.severity),
            ("refused", holmes_protocol::Severity::Warning)
        );
    }

    #[test]
    fn a_container_that_runs_and_complains_is_told_to_whoever_asks_for_more() {
        let scene = Scene::new().with(Kind::Pod, "api-1", healthy_pod("api")).log(
            "api-1",
            "app",
            "dial tcp 10.9.0.7:5432: connect: connection refused",
        );
        scene.is_silent();
        scene.deep().finds("dependency-unreachable/refused");
    }
}
