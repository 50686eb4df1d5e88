//! What a rule sees: the observations, indexed by name, owner, namespace and event subject, and a frozen now.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use holmes_protocol::ReadOutcome;
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::decode::log_line::{Telling, telling};
use crate::object::{Object, Seconds, label, selects};
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
    /// Are complaints of containers that run well worth a look?
    pub(crate) deep: bool,
    by_name: HashMap<(Kind, &'a str, &'a str), &'a Value>,
    children: HashMap<&'a str, Vec<&'a Value>>,
    pods: BTreeMap<&'a str, Vec<&'a Value>>,
    /// Pods by namespace, key and value of one label.
    labelled: HashMap<&'a str, HashMap<&'a str, HashMap<&'a str, Vec<&'a Value>>>>,
    /// Workloads with a pod template, by namespace.
    workloads: HashMap<&'a str, Vec<&'a Value>>,
    /// `EndpointSlices` by namespace and Service.
    slices: HashMap<&'a str, HashMap<&'a str, Vec<&'a Value>>>,
    working: Vec<Container<'a>>,
    troubled: Vec<Container<'a>>,
    /// The telling line of every log: several rules ask for it, and a log is long.
    tellings: BTreeMap<&'a LogKey, Telling<'a>>,
    /// Current events by the uid of what they are about, or by its name where no uid is told.
    events: HashMap<Cow<'a, str>, Vec<&'a Value>>,
    unnamed_events: bool,
}

impl<'a> View<'a> {
    pub(crate) fn new(observations: &'a Observations, now: Seconds) -> Self {
        let mut view = Self {
            observations,
            now,
            deep: false,
            by_name: HashMap::new(),
            children: HashMap::new(),
            pods: BTreeMap::new(),
            labelled: HashMap::new(),
            workloads: HashMap::new(),
            slices: HashMap::new(),
            working: Vec::new(),
            troubled: Vec::new(),
            tellings: BTreeMap::new(),
            events: HashMap::new(),
            unnamed_events: false,
        };
        for (kind, list) in &observations.lists {
            for object in &list.items {
                view.add(*kind, object);
            }
        }
        for events in view.events.values_mut() {
            events.sort_by_cached_key(|event| (event_time(event), event.name()));
        }
        view.working = view.containers_at_work();
        view.troubled = view.working.iter().filter(|container| !container.is_calm()).copied().collect();
        let logs = observations.logs.iter();
        view.tellings = logs.filter_map(|(key, log)| Some((key, telling(log.as_deref().ok()?)?))).collect();
        view
    }

    fn add(&mut self, kind: Kind, object: &'a Value) {
        if kind == Kind::Event {
            // Times are parsed once: thousands of events are asked for again and again.
            if self.now - event_time(object) <= EVENT_AGE {
                let subject = subject(object);
                self.unnamed_events |= matches!(subject, Cow::Owned(_));
                self.events.entry(subject).or_default().push(object);
            }
            return;
        }
        self.by_name.insert((kind, object.namespace(), object.name()), object);
        if kind == Kind::Pod {
            self.pods.entry(object.namespace()).or_default().push(object);
            let labelled = self.labelled.entry(object.namespace()).or_default();
            for (key, value) in object.pairs("/metadata/labels") {
                labelled.entry(key).or_default().entry(value).or_default().push(object);
            }
        }
        if matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet) {
            self.workloads.entry(object.namespace()).or_default().push(object);
        }
        if kind == Kind::EndpointSlice {
            let service = label(labels(object), "kubernetes.io/service-name").unwrap_or_default();
            self.slices.entry(object.namespace()).or_default().entry(service).or_default().push(object);
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
        self.children_of(object.uid())
    }

    /// The same by the uid of the controller, which need not have been read.
    pub(crate) fn children_of(&self, uid: &str) -> &[&'a Value] {
        self.children.get(uid).map_or(&[], Vec::as_slice)
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

    /// Deployments, `StatefulSets` and `DaemonSets` of a namespace.
    pub(crate) fn workloads_in(&self, namespace: &str) -> &[&'a Value] {
        self.workloads.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The `EndpointSlices` of a Service, of every address family and whoever wrote them.
    pub(crate) fn slices_of(&self, service: &Value) -> &[&'a Value] {
        let slices = self.slices.get(service.namespace()).and_then(|names| names.get(service.name()));
        slices.map_or(&[], Vec::as_slice)
    }

    /// The pods that a Service's selector selects.
    pub(crate) fn selected_by(&self, service: &Value) -> Vec<&'a Value> {
        self.selected(service.namespace(), &service.pairs("/spec/selector"))
    }

    /// The pods of a namespace with all of these labels; none for no labels.
    pub(crate) fn selected(&self, namespace: &str, selector: &[(&str, &str)]) -> Vec<&'a Value> {
        // The rarest label first: thousands of pods share `app.kubernetes.io/managed-by`.
        let sets = selector.iter().map(|(key, value)| self.labelled(namespace, key, value));
        let fewest = sets.min_by_key(|pods| pods.len()).unwrap_or_default();
        fewest.iter().copied().filter(|pod| selects(selector, labels(pod))).collect()
    }

    fn labelled(&self, namespace: &str, key: &str, value: &str) -> &[&'a Value] {
        let pods = self.labelled.get(namespace).and_then(|keys| keys.get(key)?.get(value));
        pods.map_or(&[], Vec::as_slice)
    }

    /// Current events about an object, oldest first; none of another object of the same name.
    pub(crate) fn events(&self, object: &Value) -> Vec<&'a Value> {
        let mut events = self.events.get(object.uid()).cloned().unwrap_or_default();
        if self.unnamed_events
            && let Some(unnamed) = self.events.get(object.key().as_str())
        {
            events.extend(unnamed);
        }
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
        self.observations.logs.get(&log_key(container, previous))?.as_deref().ok()
    }

    /// The line of a log that tells most.
    pub(crate) fn telling(&self, container: &Container<'_>, previous: bool) -> Option<Telling<'a>> {
        self.tellings.get(&log_key(container, previous)).copied()
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
    pub(crate) fn working_containers(&self) -> &[Container<'a>] {
        &self.working
    }

    /// Of the working containers those that do not plainly run: unready, restarted, or not started.
    pub(crate) fn troubled_containers(&self) -> &[Container<'a>] {
        &self.troubled
    }

    fn containers_at_work(&self) -> Vec<Container<'a>> {
        self.all(Kind::Pod)
            .iter()
            .filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed"))
            .filter(|pod| !pod.is_deleting() && self.node_answers(pod))
            .flat_map(containers)
            .collect()
    }
}

fn log_key(container: &Container<'_>, previous: bool) -> LogKey {
    LogKey {
        namespace: container.pod.namespace().to_owned(),
        pod: container.pod.name().to_owned(),
        container: container.name().to_owned(),
        previous,
    }
}

/// The pod's labels.
pub(crate) fn labels(object: &Value) -> &Value {
    static NONE: Value = Value::Null;
    object.pointer("/metadata/labels").unwrap_or(&NONE)
}

/// The names of the claims that a pod mounts, those made for it alone included.
pub(crate) fn claims_of(pod: &Value) -> Vec<Cow<'_, str>> {
    let volumes = pod.items("/spec/volumes").iter();
    let claims = volumes.map(|volume| match volume.pointer("/ephemeral") {
        Some(_) => Cow::Owned(format!("{}-{}", pod.name(), volume.text("/name"))),
        None => Cow::Borrowed(volume.text("/persistentVolumeClaim/claimName")),
    });
    claims.filter(|claim| !claim.is_empty()).collect()
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
fn subject(event: &Value) -> Cow<'_, str> {
    match event.text("/involvedObject/uid") {
        "" => Cow::Owned(crate::object::object_key(
            event.text("/involvedObject/kind"),
            event.text("/involvedObject/namespace"),
            event.text("/involvedObject/name"),
        )),
        uid => Cow::Borrowed(uid),
    }
}
