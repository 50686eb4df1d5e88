//! A cluster for tests: objects in memory, served with paging, selectors, refusals and logs.

use std::{cell::Cell, collections::BTreeMap};

use holmes_plugin::{
    Host, Request,
    serde_json::{Value, json},
    testing::Canned,
};

use crate::field;

/// 2026-11-16T15:29:20Z, the moment of the recordings.
const NOW: u64 = 1_794_842_960_000;

/// Objects, logs and refusals.
#[derive(Debug, Default)]
pub(crate) struct Fixture {
    objects: BTreeMap<(String, String), Vec<Value>>,
    logs: BTreeMap<String, String>,
    forbidden: Vec<String>,
    discovery: BTreeMap<String, Value>,
}

/// A pod that runs well.
pub(crate) fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}"),
            "creationTimestamp": "2026-11-16T15:09:20Z", "labels": {"app": name},
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {
            "phase": "Running", "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}],
            "containerStatuses": [{
                "name": "app", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-11-16T15:09:30Z"}},
            }],
        },
    })
}

/// An event about an object, seen three times in ten minutes.
pub(crate) fn event(about: &Value, kind: &str, reason: &str, last: &str) -> Value {
    let last_seconds = crate::age::parse(last).unwrap();
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("{}.{reason}", field::name(about)), "namespace": field::namespace(about)},
        "involvedObject": {
            "kind": about["kind"], "name": about["metadata"]["name"], "namespace": about["metadata"]["namespace"],
            "uid": about["metadata"]["uid"],
        },
        "type": kind, "reason": reason, "message": format!("about {}", field::name(about)), "count": 3,
        "source": {"component": "kubelet"},
        "firstTimestamp": crate::age::rfc3339(last_seconds - 600), "lastTimestamp": last,
    })
}

impl Fixture {
    /// An empty cluster.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an object; its kind's plural is guessed.
    pub(crate) fn with(self, object: Value) -> Self {
        let kind = field::text(&object, "/kind").trim_end_matches("Metrics").to_ascii_lowercase();
        let plural = if kind.ends_with('s') { format!("{kind}es") } else { format!("{kind}s") };
        self.with_plural(&plural, object)
    }

    /// Adds an object of a plural.
    pub(crate) fn with_plural(mut self, plural: &str, object: Value) -> Self {
        let api = field::text(&object, "/apiVersion");
        let root = if api == "v1" { "/api/v1".to_owned() } else { format!("/apis/{api}") };
        self.objects.entry((root, plural.to_owned())).or_default().push(object);
        self
    }

    /// Refuses reads of a plural, or of `pods/log`.
    pub(crate) fn forbid(mut self, plural: &str) -> Self {
        self.forbidden.push(plural.to_owned());
        self
    }

    /// Adds a log.
    pub(crate) fn log(
        mut self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        text: &str,
    ) -> Self {
        self.logs.insert(format!("{namespace}/{pod}/{container}/{previous}"), text.to_owned());
        self
    }

    /// Serves a discovery document.
    pub(crate) fn document(mut self, path: &str, document: Value) -> Self {
        self.discovery.insert(path.to_owned(), document);
        self
    }

    /// Serves discovery of pods and one custom kind.
    pub(crate) fn discovered(self) -> Self {
        let kind = |name: &str, kind: &str| json!({"name": name, "kind": kind, "namespaced": true, "verbs": ["get", "list"]});
        let group = json!({"version": "v1alpha1", "groupVersion": "platform.contoso.io/v1alpha1"});
        self.document("/api", json!({"versions": ["v1"]}))
            .document(
                "/apis",
                json!({"groups": [{"name": "platform.contoso.io", "preferredVersion": group}]}),
            )
            .document("/api/v1", json!({"resources": [kind("pods", "Pod")]}))
            .document(
                "/apis/platform.contoso.io/v1alpha1",
                json!({"resources": [kind("featureflags", "FeatureFlag")]}),
            )
    }

    /// The host of this cluster.
    pub(crate) fn host(self) -> Host {
        let lists = Cell::new(0);
        Canned::new().at(NOW).respond(move |request| Some(self.answer(request, &lists))).host()
    }

    fn answer(&self, request: &Request, lists: &Cell<usize>) -> (u16, Vec<u8>) {
        if request.path == "/fixture/lists" {
            return (200, lists.get().to_string().into_bytes());
        }
        if let Some(document) = self.discovery.get(&request.path) {
            return (200, document.to_string().into_bytes());
        }
        let words: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        let (root, rest) = match words.as_slice() {
            ["api", version, rest @ ..] => (format!("/api/{version}"), rest),
            ["apis", group, version, rest @ ..] => (format!("/apis/{group}/{version}"), rest),
            _ => return status(404, "NotFound", "the server could not find the requested resource", None),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        match rest {
            [plural] | [plural, _] if self.forbidden.iter().any(|it| it == plural) => {
                status(403, "Forbidden", &format!("{plural} is forbidden"), None)
            }
            [plural] => self.list(request, &root, plural, namespace, lists),
            [plural, name] => self.get(&root, plural, namespace, name),
            ["pods", pod, "log"] => self.read_log(request, namespace.unwrap_or_default(), pod),
            _ => status(404, "NotFound", "no such path", None),
        }
    }

    fn list(
        &self,
        request: &Request,
        root: &str,
        plural: &str,
        namespace: Option<&str>,
        lists: &Cell<usize>,
    ) -> (u16, Vec<u8>) {
        lists.set(lists.get() + 1);
        let Some(all) = self.objects.get(&(root.to_owned(), plural.to_owned())) else {
            if root.contains("metrics") {
                return status(404, "NotFound", "the server could not find the requested resource", None);
            }
            return (200, json!({"items": []}).to_string().into_bytes());
        };
        let query =
            |name: &str| request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let found: Vec<&Value> = all
            .iter()
            .filter(|it| namespace.is_none_or(|namespace| field::namespace(it) == namespace))
            .filter(|it| query("labelSelector").is_none_or(|selector| labelled(it, selector)))
            .filter(|it| query("fieldSelector").is_none_or(|selector| fielded(it, selector)))
            .collect();
        let limit: usize = query("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
        let from: usize = query("continue").map_or(0, |token| token.parse().unwrap());
        let to = from.saturating_add(limit).min(found.len());
        let token = if to < found.len() { to.to_string() } else { String::new() };
        (200, json!({"metadata": {"continue": token}, "items": &found[from..to]}).to_string().into_bytes())
    }

    fn get(&self, root: &str, plural: &str, namespace: Option<&str>, name: &str) -> (u16, Vec<u8>) {
        let all = self.objects.get(&(root.to_owned(), plural.to_owned()));
        let found = all.into_iter().flatten().find(|it| {
            field::name(it) == name && namespace.is_none_or(|namespace| field::namespace(it) == namespace)
        });
        match found {
            Some(object) => (200, object.to_string().into_bytes()),
            None => status(404, "NotFound", &format!("{plural} \"{name}\" not found"), Some(name)),
        }
    }

    fn read_log(&self, request: &Request, namespace: &str, pod: &str) -> (u16, Vec<u8>) {
        if self.forbidden.iter().any(|it| it == "pods/log") {
            return status(403, "Forbidden", "pods/log is forbidden", None);
        }
        let query =
            |name: &str| request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let container = query("container").unwrap_or_default();
        let key = format!("{namespace}/{pod}/{container}/{}", query("previous") == Some("true"));
        match self.logs.get(&key) {
            Some(text) => (200, text.clone().into_bytes()),
            None => {
                status(400, "BadRequest", &format!("container \"{container}\" is waiting to start"), None)
            }
        }
    }
}

fn labelled(object: &Value, selector: &str) -> bool {
    selector.split(',').all(|part| {
        let (key, value) = part.split_once('=').unwrap();
        object["metadata"]["labels"][key] == value
    })
}

fn fielded(object: &Value, selector: &str) -> bool {
    selector.split(',').all(|part| {
        let (path, value) = part.split_once('=').unwrap();
        field::text(object, &format!("/{}", path.replace('.', "/"))) == value
    })
}

fn status(code: u16, reason: &str, message: &str, name: Option<&str>) -> (u16, Vec<u8>) {
    let details = name.map(|name| json!({"name": name}));
    let status =
        json!({"kind": "Status", "code": code, "reason": reason, "message": message, "details": details});
    (code, status.to_string().into_bytes())
}

/// Did the tool say that it left something out? The SDK shows the flag to the host alone, and in `Debug`.
pub(crate) fn is_truncated(output: &holmes_plugin::Output) -> bool {
    format!("{output:?}").contains("truncated: true")
}
