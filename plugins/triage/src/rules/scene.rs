//! A small cluster for the tests of one rule, and the gates that each finding has to pass: the order of objects,
//! unrelated objects, evidence that goes away, and reads that are not permitted.

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::{EvidenceKind, Finding, ReadOutcome, Report};
use serde_json::{Value, json};

use crate::object::{Object, parse_time, resolve};
use crate::observations::{Kind, LogKey, Observations, SOURCES};
use crate::report::{Options, evaluate};

/// When every scene takes place.
pub(crate) const NOW: &str = "2026-11-16T12:00:00Z";
/// Weeks before.
pub(crate) const LONG_AGO: &str = "2026-11-01T12:00:00Z";
/// Half an hour before: longer than most graces, within the window of restarts and events.
pub(crate) const EARLIER: &str = "2026-11-16T11:30:00Z";
/// Five minutes before.
pub(crate) const LATELY: &str = "2026-11-16T11:55:00Z";
/// Ten seconds before: shorter than any grace.
pub(crate) const JUST_NOW: &str = "2026-11-16T11:59:50Z";

/// A cluster: objects live in namespace `shop` unless they say otherwise, and were made long ago.
#[derive(Clone)]
pub(crate) struct Scene {
    objects: BTreeMap<Kind, Vec<Value>>,
    logs: BTreeMap<LogKey, String>,
    forbidden: BTreeSet<Kind>,
    deep: bool,
    now: &'static str,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            logs: BTreeMap::new(),
            forbidden: BTreeSet::new(),
            deep: false,
            now: NOW,
        }
    }

    /// The same cluster at another moment.
    pub(crate) fn at(mut self, now: &'static str) -> Self {
        self.now = now;
        self
    }

    /// Adds an object; its uid is `<plural>-<name>`.
    pub(crate) fn with(mut self, kind: Kind, name: &str, body: Value) -> Self {
        let source = kind.source();
        let mut object = body;
        object["apiVersion"] = match source.group {
            "" => json!(source.version),
            group => json!(format!("{group}/{}", source.version)),
        };
        object["kind"] = json!(source.name);
        object["metadata"]["name"] = json!(name);
        object["metadata"]["uid"] = json!(format!("{}-{name}", source.plural));
        if source.namespaced && object.namespace().is_empty() {
            object["metadata"]["namespace"] = json!("shop");
        }
        if object.pointer("/metadata/creationTimestamp").is_none() {
            object["metadata"]["creationTimestamp"] = json!(LONG_AGO);
        }
        self.objects.entry(kind).or_default().push(object);
        self
    }

    /// Adds a warning about an object of namespace `shop` (or of the cluster), last seen lately.
    pub(crate) fn event(self, kind: Kind, name: &str, reason: &str, message: &str) -> Self {
        self.event_at(kind, name, reason, message, LATELY)
    }

    /// Adds an event that was last seen at a moment.
    pub(crate) fn event_at(self, kind: Kind, name: &str, reason: &str, message: &str, at: &str) -> Self {
        let number = self.objects.get(&Kind::Event).map_or(0, Vec::len);
        let source = kind.source();
        let namespace = if source.namespaced { "shop" } else { "" };
        let body = json!({"type": "Warning", "reason": reason, "message": message, "count": 5,
            "firstTimestamp": at.min(EARLIER), "lastTimestamp": at,
            "involvedObject": {"kind": source.name, "namespace": namespace, "name": name,
                "uid": format!("{}-{name}", source.plural)}});
        self.with(Kind::Event, &format!("{name}.{number}"), body)
    }

    /// The log of the running instance of a container in namespace `shop`.
    pub(crate) fn log(mut self, pod: &str, container: &str, text: &str) -> Self {
        self.logs.insert(log_key(pod, container, false), text.to_owned());
        self
    }

    /// The log of the instance before.
    pub(crate) fn previous_log(mut self, pod: &str, container: &str, text: &str) -> Self {
        self.logs.insert(log_key(pod, container, true), text.to_owned());
        self
    }

    /// Takes away the permission to list a kind.
    pub(crate) fn forbid(mut self, kind: Kind) -> Self {
        self.forbidden.insert(kind);
        self
    }

    /// Looks also at the logs of containers that run well.
    pub(crate) fn deep(mut self) -> Self {
        self.deep = true;
        self
    }

    /// The whole report, notes included.
    pub(crate) fn report(&self) -> Report {
        let mut observations = Observations::default();
        for source in SOURCES {
            if self.forbidden.contains(&source.kind) {
                observations.add_failure(source.kind, ReadOutcome::Forbidden, "forbidden".to_owned());
            } else {
                let items = self.objects.get(&source.kind).cloned().unwrap_or_default();
                observations.add(source.kind, items);
            }
        }
        observations.logs = self.logs.iter().map(|(key, text)| (key.clone(), Ok(text.clone()))).collect();
        let options = Options { notes: true, deep: self.deep, ..Options::default() };
        evaluate(&observations, parse_time(self.now).unwrap(), &options)
    }

    /// The findings, the root causes first.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.report().findings
    }

    /// `rule/class` of every finding.
    pub(crate) fn told(&self) -> Vec<String> {
        self.findings().iter().map(named).collect()
    }

    /// `rule/class` of every note.
    pub(crate) fn noted(&self) -> Vec<String> {
        self.report().notes.iter().map(named).collect()
    }

    /// The one finding of this cluster, `rule/class`. It has passed every gate.
    pub(crate) fn finds(&self, expected: &str) -> Finding {
        let findings = self.findings();
        assert_eq!(self.told(), [expected], "{findings:#?}");
        let finding = findings.into_iter().next().unwrap();
        self.order_does_not_matter();
        self.noise_does_not_matter();
        self.evidence_decides(&finding, expected);
        self.permissions_only_take_away(&finding);
        finding
    }

    /// Neither this cluster nor any part of it that is permitted gives a finding.
    pub(crate) fn is_silent(&self) {
        assert!(self.told().is_empty(), "{:#?}", self.findings());
        for source in SOURCES {
            let told = self.clone().forbid(source.kind).told();
            assert!(told.is_empty(), "without {}: {told:?}", source.plural);
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(&self.findings()).unwrap()
    }

    fn order_does_not_matter(&self) {
        let mut shuffled = self.clone();
        shuffled.objects.values_mut().for_each(|objects| objects.reverse());
        assert_eq!(self.text(), shuffled.text());
    }

    fn noise_does_not_matter(&self) {
        let mut noisy = self.clone();
        for number in 0..40 {
            let name = format!("unrelated-{number}");
            let labels = json!({"app": name});
            let pod = json!({"metadata": {"namespace": "elsewhere", "labels": labels},
                "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}],
                    "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": LONG_AGO}}}]}});
            let service = json!({"metadata": {"namespace": "elsewhere"}, "spec": {"selector": labels, "ports": [{"port": 80}]}});
            noisy = noisy
                .with(Kind::Pod, &name, pod)
                .with(Kind::Service, &name, service)
                .with(
                    Kind::ConfigMap,
                    &name,
                    json!({"metadata": {"namespace": "elsewhere"}, "data": {"key": "value"}}),
                )
                .event(Kind::Pod, &name, "Pulled", "Container image is already present on machine");
        }
        assert_eq!(self.text(), noisy.text());
    }

    /// Whatever is cited changes the finding when it goes away, and some of it makes it go away.
    fn evidence_decides(&self, finding: &Finding, expected: &str) {
        let mut decided = false;
        for item in &finding.evidence {
            let Some(without) = self.without(item) else { continue };
            let derived = item.kind == EvidenceKind::Computed;
            assert!(derived || self.text() != without.text(), "the finding does not need {item:?}");
            decided |= !without.told().iter().any(|told| told == expected);
        }
        assert!(decided, "{expected} stands without any of its evidence: {:#?}", finding.evidence);
    }

    fn without(&self, item: &holmes_protocol::Evidence) -> Option<Self> {
        let mut scene = self.clone();
        let mut parts = item.object.splitn(3, '/');
        let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        match item.kind {
            EvidenceKind::Log => {
                let mut parts = item.path.split(':');
                let container = parts.next()?;
                scene.logs.remove(&log_key(name, container, parts.next() == Some("previous")))?;
            }
            EvidenceKind::Absent => {
                let body = json!({"metadata": {"namespace": namespace}});
                return Some(scene.with(Kind::parse(kind)?, name, body));
            }
            EvidenceKind::Event => {
                scene.objects.get_mut(&Kind::Event)?.retain(|event| event.name() != name);
            }
            EvidenceKind::Field | EvidenceKind::Computed => {
                let objects = scene.objects.get_mut(&Kind::parse(kind).unwrap())?.iter_mut();
                let mut named =
                    objects.filter(|object| object.namespace() == namespace && object.name() == name);
                let object = named.next().unwrap();
                let is_there = resolve(object, &item.path).is_some();
                assert!(is_there || item.kind == EvidenceKind::Computed, "{item:?} does not resolve");
                if !is_there {
                    return None;
                }
                remove(object, &item.path);
            }
        }
        Some(scene)
    }

    /// A kind that may not be read is never called absent, and its absence makes no new accusation.
    fn permissions_only_take_away(&self, finding: &Finding) {
        let mut known: BTreeSet<&str> =
            finding.symptoms.iter().map(|symptom| symptom.rule.as_str()).collect();
        known.insert(&finding.rule);
        for source in SOURCES {
            let report = self.clone().forbid(source.kind).report();
            for other in &report.findings {
                assert!(known.contains(other.rule.as_str()), "without {}: {other:#?}", source.plural);
                let prefix = format!("{}/", source.name);
                let false_absence = other
                    .evidence
                    .iter()
                    .any(|item| item.kind == EvidenceKind::Absent && item.object.starts_with(&prefix));
                assert!(!false_absence, "{} are forbidden: {other:#?}", source.plural);
            }
            assert!(report.unknown_because_forbidden.iter().any(|read| read.text.contains(source.plural)));
        }
    }
}

fn named(finding: &Finding) -> String {
    format!("{}/{}", finding.rule, finding.class)
}

fn log_key(pod: &str, container: &str, previous: bool) -> LogKey {
    LogKey { namespace: "shop".into(), pod: pod.into(), container: container.into(), previous }
}

/// Takes what an evidence path leads to out of an object: by value, because paths with keys name no position.
fn remove(object: &mut Value, path: &str) {
    let target = std::ptr::from_ref(resolve(object, path).unwrap());
    let pointer = pointer_to(object, target, String::new()).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.remove(&key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn pointer_to(value: &Value, target: *const Value, here: String) -> Option<String> {
    if std::ptr::eq(value, target) {
        return Some(here);
    }
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            pointer_to(value, target, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")))
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| pointer_to(value, target, format!("{here}/{index}"))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A pod of app `app` with one container `app` in this state, unready since half an hour.
pub(crate) fn pod(app: &str, container_status: &Value) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "registry.example/app:1",
            "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"port": 8080}}}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": EARLIER}],
            "containerStatuses": [container_status]}
    })
}

/// A pod that has been ready for weeks.
pub(crate) fn healthy_pod(app: &str) -> Value {
    let status = json!({"name": "app", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": LONG_AGO}}});
    let mut pod = pod(app, &status);
    pod["status"]["conditions"][0]["status"] = json!("True");
    pod
}

/// A pod that backs off after exit code 1.
pub(crate) fn crashing_pod(app: &str) -> Value {
    pod(
        app,
        &json!({"name": "app", "ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": LATELY}}}),
    )
}

/// A Service for the pods of an app, port 80 to a target port.
pub(crate) fn service(app: &str, port: &Value) -> Value {
    json!({"spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": port}]}})
}

/// The object, controlled by another; `uid` is `<plural>-<name>`.
pub(crate) fn owned(mut object: Value, kind: &str, name: &str, uid: &str) -> Value {
    object["metadata"]["ownerReferences"] =
        json!([{"kind": kind, "name": name, "uid": uid, "controller": true}]);
    object
}
