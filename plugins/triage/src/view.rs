//! What a rule sees: the observations, indexed by name, owner, namespace and event subject, and a frozen now.

use std::collections::{BTreeMap, HashMap};

use holmes_protocol::ReadOutcome;
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::object::{Object, Seconds, selects};
use crate::observations::{Kind, LogKey, Observations};

/// Events older than this are not current: the API server forgets them after an hour by default.
pub(crate) const EVENT_AGE: Seconds = 3600;

/// What a look-up by name gave. Only a complete list proves absence.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup<'a> {
    Found(&'a Value),
    Absent,
    /// The list was forbidden, failed, or did not cover that namespace.
    Unknown,
}

impl<'a> Lookup<'a> {
    pub(crate) fn found(self) -> Option<&'a Value> {
        match self {
            Self::Found(object) => Some(object),
            Self::Absent | Self::Unknown => None,
        }
    }

    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// The observations, indexed. Hash maps are only looked into, never iterated: order must not leak out.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) observations: &'a Observations,
    pub(crate) now: Seconds,
    by_name: HashMap<(Kind, &'a str, &'a str), &'a Value>,
    children: HashMap<&'a str, Vec<&'a Value>>,
    pods: BTreeMap<&'a str, Vec<&'a Value>>,
    events: HashMap<String, Vec<&'a Value>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(observations: &'a Observations, now: Seconds) -> Self {
        let mut view = Self {
            observations,
            now,
            by_name: HashMap::new(),
            children: HashMap::new(),
            pods: BTreeMap::new(),
            events: HashMap::new(),
        };
        for (kind, list) in &observations.lists {
            for object in &list.items {
                view.add(*kind, object);
            }
        }
        for events in view.events.values_mut() {
            events.sort_by_key(|event| (event_time(event), event.name()));
        }
        view
    }

    fn add(&mut self, kind: Kind, object: &'a Value) {
        if kind == Kind::Event {
            self.events.entry(subject(object)).or_default().push(object);
            return;
        }
        self.by_name.insert((kind, object.namespace(), object.name()), object);
        if kind == Kind::Pod {
            self.pods.entry(object.namespace()).or_default().push(object);
        }
        if let Some(owner) = controller(object) {
            self.children.entry(owner.text("/uid")).or_default().push(object);
        }
    }

    /// The objects of a kind; empty also when they could not be read.
    pub(crate) fn all(&self, kind: Kind) -> &'a [Value] {
        self.observations.items(kind)
    }

    /// Was the whole list of this kind read, as far as this namespace goes?
    pub(crate) fn is_complete(&self, kind: Kind, namespace: &str) -> bool {
        let scope = self.observations.namespace.as_deref();
        let covered = !kind.source().namespaced || scope.is_none_or(|scope| scope == namespace);
        covered && self.observations.outcome(kind) == ReadOutcome::Ok
    }

    /// One object by name.
    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Lookup<'a> {
        let namespace_key = if kind.source().namespaced { namespace } else { "" };
        match self.by_name.get(&(kind, namespace_key, name)) {
            Some(object) => Lookup::Found(object),
            None if self.is_complete(kind, namespace) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }

    /// What an object controls directly.
    pub(crate) fn children(&self, object: &Value) -> &[&'a Value] {
        self.children.get(object.uid()).map_or(&[], Vec::as_slice)
    }

    /// The pods that a workload controls, directly or through `ReplicaSets` and Jobs.
    pub(crate) fn pods_of(&self, object: &'a Value) -> Vec<&'a Value> {
        if object.kind() == "Pod" {
            return vec![object];
        }
        self.children(object).iter().flat_map(|child| self.pods_of(child)).collect()
    }

    /// The controllers above an object, nearest first, as far as they were read.
    pub(crate) fn owners(&self, object: &'a Value) -> Vec<&'a Value> {
        let mut owners: Vec<&'a Value> = Vec::new();
        let mut here = object;
        while let Some(owner) = controller(here)
            && let Some(kind) = Kind::parse(owner.text("/kind"))
            && let Some(found) = self.find(kind, here.namespace(), owner.text("/name")).found()
            // A chain of controllers is three long; a cycle would be somebody's joke.
            && owners.len() < 8
        {
            owners.push(found);
            here = found;
        }
        owners
    }

    /// The topmost controller, or the object itself.
    pub(crate) fn top(&self, object: &'a Value) -> &'a Value {
        self.owners(object).last().copied().unwrap_or(object)
    }

    pub(crate) fn pods_in(&self, namespace: &str) -> &[&'a Value] {
        self.pods.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The pods that a Service's selector selects.
    pub(crate) fn selected_by(&self, service: &Value) -> Vec<&'a Value> {
        let selector = service.pairs("/spec/selector");
        let pods = self.pods_in(service.namespace()).iter().copied();
        pods.filter(|pod| pod.pointer("/metadata/labels").is_some_and(|labels| selects(&selector, labels)))
            .collect()
    }

    /// Events about an object, oldest first; none of another object of the same name.
    pub(crate) fn events(&self, object: &Value) -> Vec<&'a Value> {
        let mut events = self.events.get(object.uid()).cloned().unwrap_or_default();
        if let Some(unnamed) = self.events.get(&object.key()) {
            events.extend(unnamed);
        }
        events.retain(|event| self.now - event_time(event) <= EVENT_AGE);
        events
    }

    /// The newest current event about an object with one of these reasons that satisfies a condition.
    pub(crate) fn newest_event(
        &self,
        object: &Value,
        reasons: &[&str],
        accept: impl Fn(&str) -> bool,
    ) -> Option<&'a Value> {
        let events = self.events(object);
        events
            .into_iter()
            .rev()
            .find(|event| reasons.contains(&event.text("/reason")) && accept(event.text("/message")))
    }

    /// A log that was read.
    pub(crate) fn log(&self, container: &Container<'_>, previous: bool) -> Option<&'a str> {
        let key = LogKey {
            namespace: container.pod.namespace().to_owned(),
            pod: container.pod.name().to_owned(),
            container: container.name().to_owned(),
            previous,
        };
        self.observations.logs.get(&key)?.as_deref().ok()
    }

    /// The node that a pod runs on.
    pub(crate) fn node_of(&self, pod: &Value) -> Option<&'a Value> {
        self.find(Kind::Node, "", pod.text("/spec/nodeName")).found()
    }

    /// Does the pod's node answer, as far as one knows?
    pub(crate) fn node_answers(&self, pod: &Value) -> bool {
        self.node_of(pod).is_none_or(|node| node.condition_is("Ready", "True"))
    }

    /// Seconds since a moment.
    pub(crate) fn age(&self, moment: Option<Seconds>) -> Option<Seconds> {
        moment.map(|moment| self.now - moment)
    }

    /// Containers of pods that should be working: not finished, not leaving, on a node that answers.
    pub(crate) fn working_containers(&self) -> Vec<Container<'a>> {
        self.all(Kind::Pod)
            .iter()
            .filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed"))
            .filter(|pod| !pod.is_deleting() && self.node_answers(pod))
            .flat_map(containers)
            .collect()
    }
}

/// The pod's labels.
pub(crate) fn labels(object: &Value) -> &Value {
    static NONE: Value = Value::Null;
    object.pointer("/metadata/labels").unwrap_or(&NONE)
}

/// The owner reference of the controller.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    object.items("/metadata/ownerReferences").iter().find(|owner| owner.flag("/controller"))
}

/// When an event was last seen.
pub(crate) fn event_time(event: &Value) -> Seconds {
    let times = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/firstTimestamp",
        "/metadata/creationTimestamp",
    ];
    times.iter().filter_map(|pointer| event.time(pointer)).max().unwrap_or_default()
}

/// How often an event was seen.
pub(crate) fn event_count(event: &Value) -> i64 {
    event.number("/series/count").or_else(|| event.number("/count")).unwrap_or(1)
}

/// What an event is about: a uid, or `Kind/namespace/name` where none is told.
fn subject(event: &Value) -> String {
    let uid = event.text("/involvedObject/uid");
    if !uid.is_empty() {
        return uid.to_owned();
    }
    crate::object::object_key(
        event.text("/involvedObject/kind"),
        event.text("/involvedObject/namespace"),
        event.text("/involvedObject/name"),
    )
}
