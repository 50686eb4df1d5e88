//! A finding in the making: rules add evidence to it, the roll-up decides its place.

use std::collections::BTreeSet;

use holmes_protocol::{
    Change, Command, Confidence, Evidence, EvidenceKind, Finding, ObjectReference, ObjectRole, Severity,
};
use serde_json::Value;

use crate::object::{Object, Seconds, format_time, object_key, resolve};
use crate::redact::quote;
use crate::view::{View, controller, event_time};

/// Longest summary that the report's contract allows.
const LONGEST_SUMMARY: usize = 200;

/// A finding, and what the roll-up needs to know beside it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) finding: Finding,
    /// Keys of the objects that this failure takes down: another draft that reaches one is its symptom.
    pub(crate) takes_down: BTreeSet<String>,
    /// Keys of objects that may be the reason of this one, beyond those that its root reaches by itself.
    pub(crate) depends_on: BTreeSet<String>,
    /// Drafts of one rule and class with the same of these are one failure.
    pub(crate) collapse: String,
    /// Topmost controllers that suffer, its own and those of its symptoms.
    pub(crate) affected: BTreeSet<String>,
    /// What the fingerprint is made of beside rule, class and top owner.
    pub(crate) parameters: Vec<String>,
    pub(crate) since: Option<Seconds>,
}

impl Draft {
    /// A finding about an object that was read.
    pub(crate) fn new(rule: &str, class: &str, severity: Severity, root: &Value) -> Self {
        Self::about(rule, class, severity, reference(root, ObjectRole::Root))
    }

    /// A finding about an object that may not exist.
    pub(crate) fn about(rule: &str, class: &str, severity: Severity, root: ObjectReference) -> Self {
        let key = object_key(&root.kind, &root.namespace, &root.name);
        Self {
            finding: Finding {
                rule: rule.to_owned(),
                class: class.to_owned(),
                severity,
                confidence: Confidence::High,
                objects: vec![root],
                owner_chain: Vec::new(),
                count: 1,
                since: None,
                since_source: None,
                summary: String::new(),
                evidence: Vec::new(),
                change: Vec::new(),
                ruled_out: Vec::new(),
                suggestion: Vec::new(),
                checks: Vec::new(),
                fixes: Vec::new(),
                symptoms: Vec::new(),
                also_explained_by: Vec::new(),
                unknown_because_forbidden: Vec::new(),
                fingerprint: String::new(),
                evidence_hash: String::new(),
            },
            takes_down: BTreeSet::from([key.clone()]),
            depends_on: BTreeSet::new(),
            collapse: key,
            affected: BTreeSet::new(),
            parameters: Vec::new(),
            since: None,
        }
    }

    /// A finding about a container: its pod is the root, its controllers the owner chain, and the replicas
    /// of one controller collapse.
    pub(crate) fn of_pod<'a>(
        view: &View<'a>,
        rule: &str,
        class: &str,
        severity: Severity,
        pod: &'a Value,
        container: Option<&str>,
    ) -> Self {
        let mut draft = Self::new(rule, class, severity, pod);
        draft.owned(view, pod);
        draft.collapse = format!("{} {}", draft.top_key(), container.unwrap_or_default());
        if let Some(root) = draft.finding.objects.first_mut() {
            root.container = container.map(str::to_owned);
        }
        draft.parameters.extend(container.map(str::to_owned));
        draft
    }

    /// Adds the controllers of the root, the last one also where it was not read: a custom resource may be on
    /// top, and the fix belongs there.
    pub(crate) fn owned<'a>(&mut self, view: &View<'a>, object: &'a Value) {
        let owners = view.owners(object);
        let highest = owners.last().copied().unwrap_or(object);
        for owner in owners {
            self.finding.owner_chain.push(reference(owner, ObjectRole::Affected));
            self.takes_down.insert(owner.key());
        }
        let above = controller(highest).map(|owner| named(owner, highest.namespace()));
        if let Some(above) =
            above.filter(|above| self.finding.owner_chain.iter().all(|known| !same(known, above)))
        {
            self.takes_down.insert(object_key(&above.kind, &above.namespace, &above.name));
            self.finding.owner_chain.push(above);
        }
    }

    /// `Kind/namespace/name` of the root object.
    pub(crate) fn root_key(&self) -> String {
        self.finding
            .objects
            .first()
            .map(|root| object_key(&root.kind, &root.namespace, &root.name))
            .unwrap_or_default()
    }

    /// `Kind/namespace/name` of the topmost controller of the root.
    pub(crate) fn top_key(&self) -> String {
        let top = self.finding.owner_chain.last();
        top.map_or_else(|| self.root_key(), |top| object_key(&top.kind, &top.namespace, &top.name))
    }

    pub(crate) fn summary(&mut self, text: impl AsRef<str>) {
        let text = quote(text.as_ref());
        self.finding.summary = if text.chars().count() <= LONGEST_SUMMARY {
            text
        } else {
            text.chars().take(LONGEST_SUMMARY - 1).chain(['…']).collect()
        };
    }

    pub(crate) fn confidence(&mut self, confidence: Confidence) {
        self.finding.confidence = confidence;
    }

    /// Cites a field, if the object has it.
    pub(crate) fn field(&mut self, object: &Value, path: &str) {
        let Some(value) = resolve(object, path) else { return };
        let value = quoted(value.clone());
        self.cite(EvidenceKind::Field, object.key(), path.to_owned(), value, None);
    }

    /// Cites an event's message.
    pub(crate) fn event(&mut self, event: &Value) {
        let message = Value::String(quote(event.text("/message")));
        let time = Some(format_time(event_time(event)));
        self.cite(EvidenceKind::Event, event.key(), ".message".to_owned(), message, time);
    }

    /// Cites a line of a log; `path` is `container[:previous]:line`.
    pub(crate) fn log(&mut self, pod: &Value, path: String, line: &str) {
        self.cite(EvidenceKind::Log, pod.key(), path, Value::String(quote(line)), None);
    }

    /// Cites a complete read that did not hold the object.
    pub(crate) fn absent(&mut self, kind: &str, namespace: &str, name: &str) {
        let key = object_key(kind, namespace, name);
        self.cite(EvidenceKind::Absent, key, ".metadata.name".to_owned(), Value::from("not found"), None);
    }

    /// Cites what was computed from objects that were read.
    pub(crate) fn computed(&mut self, object: &Value, path: &str, value: impl Into<Value>) {
        self.cite(EvidenceKind::Computed, object.key(), path.to_owned(), value.into(), None);
    }

    fn cite(&mut self, kind: EvidenceKind, object: String, path: String, value: Value, time: Option<String>) {
        let known = |item: &Evidence| item.object == object && item.path == path && item.value == value;
        if self.finding.evidence.iter().any(known) {
            return;
        }
        let id = format!("e{}", self.finding.evidence.len() + 1);
        self.finding.evidence.push(Evidence { id, kind, object, path, value, time });
    }

    /// Adds an object that suffers.
    pub(crate) fn affects(&mut self, object: &Value) {
        let reference = reference(object, ObjectRole::Affected);
        if !self.finding.objects.iter().any(|known| same(known, &reference)) {
            self.finding.objects.push(reference);
        }
    }

    /// The earliest time that an object supports, and its path.
    pub(crate) fn since(&mut self, object: &Value, path: &str) {
        let text = resolve(object, path).and_then(Value::as_str).unwrap_or_default();
        self.since_at(crate::object::parse_time(text), format!("{} {path}", object.key()));
    }

    pub(crate) fn since_at(&mut self, moment: Option<Seconds>, source: String) {
        let Some(moment) = moment else { return };
        if self.since.is_none_or(|known| moment < known) {
            self.since = Some(moment);
            self.finding.since = Some(format_time(moment));
            self.finding.since_source = Some(source);
        }
    }

    pub(crate) fn suggest(&mut self, text: impl Into<String>) {
        self.finding.suggestion.push(text.into());
    }

    pub(crate) fn changed(&mut self, changes: Vec<Change>) {
        self.finding.change = changes;
    }

    /// A command that looks. Names come from the cluster: a suspicious one is left out, not quoted.
    pub(crate) fn check(&mut self, argv: &[&str], why: &str) {
        if argv.iter().all(|word| is_plain(word)) {
            self.finding.checks.push(command(argv, why, false, "none"));
        }
    }

    /// A command that changes something. Nobody but a person runs it.
    pub(crate) fn fix(&mut self, argv: &[&str], why: &str, risk: &str) {
        if argv.iter().all(|word| is_plain(word)) {
            self.finding.fixes.push(command(argv, why, true, risk));
        }
    }
}

/// An object as findings name it.
pub(crate) fn reference(object: &Value, role: ObjectRole) -> ObjectReference {
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ObjectReference {
        role,
        api_version: object.text("/apiVersion").to_owned(),
        kind: object.kind().to_owned(),
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        uid: optional(object.uid()),
        resource_version: optional(object.text("/metadata/resourceVersion")),
        container: None,
    }
}

/// An owner as the object below it names it.
fn named(owner: &Value, namespace: &str) -> ObjectReference {
    ObjectReference {
        role: ObjectRole::Affected,
        api_version: owner.text("/apiVersion").to_owned(),
        kind: owner.kind().to_owned(),
        namespace: namespace.to_owned(),
        name: owner.text("/name").to_owned(),
        uid: Some(owner.text("/uid").to_owned()).filter(|uid| !uid.is_empty()),
        resource_version: None,
        container: None,
    }
}

/// Do two references name one object?
pub(crate) fn same(one: &ObjectReference, other: &ObjectReference) -> bool {
    (&one.kind, &one.namespace, &one.name) == (&other.kind, &other.namespace, &other.name)
}

fn command(argv: &[&str], why: &str, mutating: bool, risk: &str) -> Command {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    Command { mutating, risk: risk.to_owned(), argv, why: why.to_owned() }
}

fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|character| character.is_ascii_alphanumeric() || "-_./=:,".contains(character))
}

fn quoted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(quote(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(quoted).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, quoted(value))).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}
