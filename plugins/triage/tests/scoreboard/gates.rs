//! What must hold for every finding on every recording: evidence that resolves and that decides, no influence of
//! order or of unrelated objects, and nothing false where a read is not permitted.

use std::collections::BTreeSet;

use holmes_protocol::{Evidence, EvidenceKind, Finding, ReadOutcome, Report, Verdict};
use holmes_toolset_triage::{Kind, List, LogKey, Observations, SOURCES, render, resolve};
use serde_json::{Value, json};

use super::{observed, report_of};

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn is(object: &Value, namespace: &str, name: &str) -> bool {
    text(object, "/metadata/name") == name && text(object, "/metadata/namespace") == namespace
}

/// Kind, namespace and name of what an evidence item is read from.
fn parts(item: &Evidence) -> (Kind, &str, &str) {
    let mut parts = item.object.splitn(3, '/');
    let (kind, namespace, name) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    (Kind::parse(kind).unwrap(), namespace, name)
}

fn findings(observations: &Observations, now: i64) -> String {
    serde_json::to_string(&report_of(observations, now).findings).unwrap()
}

#[test]
fn field_evidence_resolves_to_what_was_read() {
    for (_, observations, now) in observed() {
        let report = report_of(observations, *now);
        for item in report.findings.iter().flat_map(|finding| &finding.evidence) {
            if !matches!(item.kind, EvidenceKind::Field | EvidenceKind::Event) {
                continue;
            }
            let (kind, namespace, name) = parts(item);
            let object = observations.items(kind).iter().find(|object| is(object, namespace, name));
            let value = resolve(object.unwrap(), &item.path)
                .unwrap_or_else(|| panic!("{} {}", item.object, item.path));
            if value.is_number() || value.is_boolean() {
                assert_eq!(value, &item.value);
            }
        }
    }
}

#[test]
fn the_order_of_objects_does_not_matter() {
    for (truth, observations, now) in observed() {
        let mut shuffled = observations.clone();
        for (kind, list) in &observations.lists {
            if list.outcome == ReadOutcome::Ok {
                shuffled.add(*kind, list.items.iter().rev().cloned().collect());
            }
        }
        let text = |observations| serde_json::to_string(&report_of(observations, *now)).unwrap();
        assert_eq!(text(observations), text(&shuffled), "{}", truth.display());
    }
}

#[test]
fn unrelated_objects_do_not_matter() {
    for (truth, observations, now) in observed() {
        let mut noisy = observations.clone();
        for (kind, more) in noise(*now) {
            if noisy.outcome(kind) == ReadOutcome::Ok {
                let mut items = noisy.items(kind).to_vec();
                items.extend(more);
                noisy.add(kind, items);
            }
        }
        assert_eq!(findings(observations, *now), findings(&noisy, *now), "{}", truth.display());
    }
}

/// Five hundred healthy objects in a namespace of their own, and two thousand events of every day.
fn noise(now: i64) -> Vec<(Kind, Vec<Value>)> {
    let at = |seconds: i64| jiff::Timestamp::from_second(now - seconds).unwrap().to_string();
    let object = |api: &str, kind: &str, number: usize, rest: Value| {
        let name = format!("noise-{number}");
        let mut object = rest;
        object["apiVersion"] = json!(api);
        object["kind"] = json!(kind);
        object["metadata"] = json!({"name": name, "namespace": "noise", "uid": format!("noise-{kind}-{number}"),
            "creationTimestamp": at(90_000), "labels": {"app": name}});
        object
    };
    let pod = |number| {
        object(
            "v1",
            "Pod",
            number,
            json!({"spec": {"nodeName": "", "containers": [{"name": "main", "image": "registry.example/main:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at(80_000)}],
                "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": at(80_000)}}}]}}),
        )
    };
    let service = |number: usize| {
        let selector = json!({"app": format!("noise-{number}")});
        object("v1", "Service", number, json!({"spec": {"selector": selector, "ports": [{"port": 80}]}}))
    };
    let event = |number: usize| {
        let subject = json!({"kind": "Pod", "namespace": "noise", "name": format!("noise-{}", number % 300), "uid": format!("noise-Pod-{}", number % 300)});
        object(
            "v1",
            "Event",
            number,
            json!({"type": "Normal", "reason": "Pulled", "message": "Container image is already present on machine",
            "count": 1, "firstTimestamp": at(1200), "lastTimestamp": at(600), "involvedObject": subject}),
        )
    };
    let configuration = |number| object("v1", "ConfigMap", number, json!({"data": {"key": null}}));
    vec![
        (Kind::Pod, (0..300).map(pod).collect()),
        (Kind::Service, (0..100).map(service).collect()),
        (Kind::ConfigMap, (0..100).map(configuration).collect()),
        (Kind::Event, (0..2000).map(event).collect()),
    ]
}

#[test]
fn evidence_that_goes_away_changes_the_finding() {
    for (truth, whole, now) in observed() {
        let mut observations = whole.clone();
        for finding in report_of(whole, *now).findings {
            let own = serde_json::to_string(&finding).unwrap();
            // Replicas that fail alike give the same finding without the one that is cited.
            let mut decided = finding.count > 1;
            for item in &finding.evidence {
                let Some(undo) = take_away(&mut observations, item) else { continue };
                let report = report_of(&observations, *now);
                undo.run(&mut observations);
                let left = report.findings.iter().find(|other| other.fingerprint == finding.fingerprint);
                let same = left.is_some_and(|left| serde_json::to_string(left).unwrap() == own);
                assert!(
                    !same || item.kind == EvidenceKind::Computed,
                    "{}: {} does not need {item:?}",
                    truth.display(),
                    finding.rule
                );
                decided |= left.is_none();
            }
            if !decided {
                // Two facts may each be enough: without all of them nothing is left.
                let mut bare = whole.clone();
                for item in &finding.evidence {
                    let _ = take_away(&mut bare, item);
                }
                let report = report_of(&bare, *now);
                decided = report.findings.iter().all(|other| other.fingerprint != finding.fingerprint);
            }
            assert!(decided, "{}: {} stands without all of its evidence", truth.display(), finding.rule);
        }
    }
}

/// What puts back what was taken away.
enum Undo {
    List(Kind, Vec<Value>),
    Log(LogKey, Result<String, ReadOutcome>),
}

impl Undo {
    fn run(self, observations: &mut Observations) {
        match self {
            Self::List(kind, items) => observations.lists.get_mut(&kind).unwrap().items = items,
            Self::Log(key, log) => drop(observations.logs.insert(key, log)),
        }
    }
}

fn take_away(observations: &mut Observations, item: &Evidence) -> Option<Undo> {
    let (kind, namespace, name) = parts(item);
    if item.kind == EvidenceKind::Log {
        let mut path = item.path.split(':');
        let container = path.next().unwrap().to_owned();
        let previous = path.next() == Some("previous");
        let key = LogKey { namespace: namespace.to_owned(), pod: name.to_owned(), container, previous };
        let log = observations.logs.remove(&key)?;
        return Some(Undo::Log(key, log));
    }
    let list = observations.lists.get_mut(&kind)?;
    let before = list.items.clone();
    match item.kind {
        EvidenceKind::Event => list.items.retain(|object| !is(object, namespace, name)),
        EvidenceKind::Absent => {
            let source = kind.source();
            list.items.push(json!({"apiVersion": source.version, "kind": source.name,
                "metadata": {"namespace": namespace, "name": name, "uid": "made", "creationTimestamp": "2020-01-01T00:00:00Z"}}));
        }
        EvidenceKind::Field | EvidenceKind::Computed => {
            let object = list.items.iter_mut().find(|object| is(object, namespace, name))?;
            // What was computed need not stand there itself.
            resolve(object, &item.path)?;
            remove(object, &item.path);
        }
        EvidenceKind::Log => return None,
    }
    Some(Undo::List(kind, before))
}

/// Takes what an evidence path leads to out of an object.
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

/// `Kind/namespace/name` of the root and its controllers.
fn objects(finding: &Finding) -> BTreeSet<String> {
    let root = finding.objects.first().into_iter();
    let named = root.chain(&finding.owner_chain);
    named.map(|object| format!("{}/{}/{}", object.kind, object.namespace, object.name)).collect()
}

/// Whatever a report says something about.
fn accused(report: &Report) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for finding in &report.findings {
        known.extend(objects(finding));
        known.extend(
            finding
                .objects
                .iter()
                .map(|object| format!("{}/{}/{}", object.kind, object.namespace, object.name)),
        );
        known.extend(finding.symptoms.iter().map(|symptom| symptom.object.clone()));
    }
    known
}

#[test]
fn a_read_that_is_not_permitted_adds_nothing_and_is_never_called_absent() {
    for (truth, whole, now) in observed() {
        let report = report_of(whole, *now);
        let known = accused(&report);
        let mut observations = whole.clone();
        for source in SOURCES {
            let refused =
                List { outcome: ReadOutcome::Forbidden, message: "forbidden".to_owned(), items: Vec::new() };
            let before = observations.lists.insert(source.kind, refused).unwrap();
            let report = report_of(&observations, *now);
            observations.lists.insert(source.kind, before);
            let place = format!("{}: {} forbidden", truth.display(), source.name);
            for finding in &report.findings {
                let named = objects(finding);
                assert!(
                    !named.is_disjoint(&known),
                    "{place}: {named:?} is newly accused\n{}",
                    render(&report)
                );
                for item in &finding.evidence {
                    let absent = item.kind == EvidenceKind::Absent
                        && item.object.starts_with(&format!("{}/", source.name));
                    assert!(!absent, "{place} and called absent: {item:?}");
                }
            }
            assert!(
                report.unknown_because_forbidden.iter().any(|read| read.text.contains(source.plural)),
                "{place} and not told"
            );
            assert_ne!(report.verdict, Verdict::Healthy, "{place}");
        }
    }
}
