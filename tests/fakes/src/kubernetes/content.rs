//! What the cluster holds: the raw files of a recording, and what a test put beside them.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    clock,
    discovery::{Discovery, Served},
    page::{self, Pages},
    selector,
    status::Status,
    target::{Query, Target},
};

/// Objects, logs and documents.
pub(super) struct Content {
    /// By group and plural, sorted by namespace and name.
    objects: BTreeMap<(String, String), Vec<Value>>,
    /// By `namespace/pod/container[.previous].log`.
    pub(super) logs: BTreeMap<String, String>,
    pub(super) discovery: Discovery,
    pub(super) version: Value,
    /// What the recording account was not permitted to list: (group, resource).
    pub(super) forbidden: Vec<(String, String)>,
    unavailable: Vec<Value>,
    /// When it was recorded, and how much later everything is now.
    pub(super) recorded: Timestamp,
    pub(super) moved_by: SignedDuration,
}

impl Content {
    pub(super) fn open(archive: &Path) -> std::io::Result<Self> {
        let files = unpack(archive)?;
        let json = |name: &str| -> Value {
            files.get(name).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
        };
        let now = Timestamp::now();
        let snapshot = json("snapshot.json");
        let recorded = snapshot["recordedAt"].as_str().and_then(|text| text.parse().ok()).unwrap_or(now);
        // Whole seconds, so that a moved time has no more digits than it had.
        let moved_by = SignedDuration::from_secs(now.duration_since(recorded).as_secs());
        let mut content = Self {
            objects: BTreeMap::new(),
            logs: BTreeMap::new(),
            discovery: Discovery::default(),
            version: json("version.json"),
            forbidden: Vec::new(),
            unavailable: list(json("unavailable.json")),
            recorded,
            moved_by,
        };
        content.forbidden = list(json("forbidden.json"))
            .iter()
            .map(|entry| (text(entry, "/group"), text(entry, "/resource")))
            .collect();
        for (path, bytes) in &files {
            content.keep(path, &String::from_utf8_lossy(bytes))?;
        }
        Ok(content)
    }

    fn keep(&mut self, path: &str, written: &str) -> std::io::Result<()> {
        if let Some(log) = path.strip_prefix("logs/") {
            self.logs.insert(log.to_owned(), written.to_owned());
        }
        let name = |folder: &str| path.strip_prefix(folder)?.strip_suffix(".json");
        if let Some(name) = name("discovery/") {
            self.discovery.keep(name, serde_json::from_str(written)?);
        }
        let Some((plural, group)) = name("resources/").and_then(|name| name.split_once('.')) else {
            return Ok(());
        };
        let group = if group == "core" { "" } else { group };
        let mut read: Value = serde_json::from_str(&clock::moved(written, self.moved_by))?;
        let mut items = list(read["items"].take());
        items.sort_by_key(key);
        self.objects.insert((group.to_owned(), plural.to_owned()), items);
        Ok(())
    }

    /// Adds an object, or replaces the one of its kind, namespace and name.
    ///
    /// # Panics
    ///
    /// If the cluster does not serve its kind.
    #[expect(clippy::panic, reason = "a test's object that is not served fails the test")]
    pub(super) fn put(&mut self, object: Value) {
        let version = text(&object, "/apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let kind = text(&object, "/kind");
        let plural = self.discovery.plural(group, version, &kind);
        let plural = plural.unwrap_or_else(|| panic!("the cluster serves no {kind} of {group}/{version}"));
        let items = self.objects.entry((group.to_owned(), plural)).or_default();
        items.retain(|other| key(other) != key(&object));
        items.push(object);
        items.sort_by_key(key);
    }

    /// Removes every object of a kind that the test does not want.
    pub(super) fn retain(&mut self, group: &str, plural: &str, wanted: impl FnMut(&Value) -> bool) {
        if let Some(items) = self.objects.get_mut(&(group.to_owned(), plural.to_owned())) {
            items.retain(wanted);
        }
    }

    /// An API that did not answer when it was recorded does not answer now.
    pub(super) fn unavailable(
        &self,
        group: &str,
        version: Option<&str>,
        plural: Option<&str>,
    ) -> Option<Status> {
        let found = self.unavailable.iter().find(|api| {
            let same = |key: &str, wanted: Option<&str>| match api[key].as_str() {
                None => true,
                Some(recorded) => wanted == Some(recorded),
            };
            text(api, "/group") == group
                && (version.is_none() || same("version", version))
                && same("resource", plural)
        })?;
        let code = found["status"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(503);
        Some(Status::new(code, "ServiceUnavailable", text(found, "/message")))
    }

    pub(super) fn get(&self, target: &Target) -> Option<&Value> {
        let is_it = |object: &&Value| {
            Some(text(object, "/metadata/name")) == target.name
                && (is_namespace(target)
                    || text(object, "/metadata/namespace") == target.namespace.clone().unwrap_or_default())
        };
        self.objects(target).iter().find(is_it)
    }

    /// A page of a list.
    pub(super) fn list(
        &self,
        target: &Target,
        served: &Served,
        query: &Query,
        path: &str,
        pages: &mut Pages,
    ) -> Result<Value, Status> {
        let selects = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let mut items = Vec::new();
        for object in self.objects(target) {
            let in_scope = target
                .namespace
                .as_ref()
                .is_none_or(|namespace| text(object, "/metadata/namespace") == *namespace);
            let labels = selector::labels(object, selects("labelSelector")).map_err(Status::bad_request)?;
            let fields = selector::fields(object, &target.plural, selects("fieldSelector"))
                .map_err(Status::bad_request)?;
            if in_scope && labels && fields {
                let mut object = object.clone();
                // As an API server does: the items of a list do not repeat what the list's kind says.
                if let Some(object) = object.as_object_mut() {
                    object.remove("kind");
                    object.remove("apiVersion");
                }
                items.push(object);
            }
        }
        let (page, metadata) = page::cut(items, query, path, pages)?;
        Ok(json!({"kind": format!("{}List", served.kind), "apiVersion": target.api_version(),
            "metadata": metadata, "items": page}))
    }

    fn objects(&self, target: &Target) -> &[Value] {
        let key = (target.group.clone(), target.plural.clone());
        self.objects.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// A namespace is in itself, for RBAC; its object is not.
fn is_namespace(target: &Target) -> bool {
    target.group.is_empty() && target.plural == "namespaces"
}

fn unpack(archive: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(path, bytes);
    }
    Ok(files)
}

fn key(object: &Value) -> (String, String) {
    (text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

fn list(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

pub(super) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
