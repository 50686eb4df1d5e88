//! A cluster for tests: objects in memory, served with paging, selectors, refusals and logs.

mod server;

use std::collections::BTreeMap;

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
    logs: BTreeMap<String, Vec<u8>>,
    forbidden: Vec<String>,
    discovery: BTreeMap<String, Value>,
    proxied: BTreeMap<String, Value>,
    /// Objects in a page at most, whatever is asked for.
    page: Option<usize>,
    /// The list request that a compacted database refuses.
    expired: Option<usize>,
    /// Does every page after a list's first get no answer?
    broken: bool,
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
        text: impl Into<Vec<u8>>,
    ) -> Self {
        self.logs.insert(format!("{namespace}/{pod}/{container}/{previous}"), text.into());
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

    /// Serves what a service answers behind the proxy; any other proxied path is forbidden.
    pub(crate) fn proxied(mut self, path: &str, answer: Value) -> Self {
        self.proxied.insert(path.to_owned(), answer);
        self
    }

    /// Refuses discovery.
    pub(crate) fn forbid_discovery(self) -> Self {
        self.forbid("discovery")
    }

    /// Never sends more than so many objects at once.
    pub(crate) fn paged(mut self, objects: usize) -> Self {
        self.page = Some(objects);
        self
    }

    /// Answers the list request of this number (from 1) with 410.
    pub(crate) fn expires_at(mut self, request: usize) -> Self {
        self.expired = Some(request);
        self
    }

    /// Answers every page after a list's first with 503.
    pub(crate) fn breaks_off(mut self) -> Self {
        self.broken = true;
        self
    }

    /// The host of this cluster.
    pub(crate) fn host(self) -> Host {
        let server = server::Server::of(self);
        Canned::new().at(NOW).respond(move |request| Some(server.answer(request))).host()
    }
}

/// How many requests of a sort the fixture has answered: `lists`, `discoveries`, `logs`.
pub(crate) fn asked(host: &Host, what: &str) -> usize {
    let answer = host.send(Request::get("kubernetes", format!("/fixture/{what}"))).unwrap();
    answer.text().unwrap().parse().unwrap()
}

/// Did the tool say that it left something out? The SDK shows the flag to the host alone, and in `Debug`.
pub(crate) fn is_truncated(output: &holmes_plugin::Output) -> bool {
    format!("{output:?}").contains("truncated: true")
}
