//! The raw files of a recording, and the answers made of them.

use std::{collections::BTreeMap, fmt::Write as _, fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{selector, target::Target};

/// Length of `2026-11-16T15:29:20Z`.
const TIME: usize = 20;

/// Items of a page at most: a server may give fewer than it was asked for, and a client has to go on.
const PAGE: usize = 40;

type Query = BTreeMap<String, String>;

/// A recording's files by path.
pub(super) struct Content {
    files: BTreeMap<String, Vec<u8>>,
}

impl Content {
    pub(super) fn open(archive: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive)?));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(path, bytes);
        }
        let snapshot: Value =
            serde_json::from_slice(files.get("snapshot.json").map_or(b"{}", Vec::as_slice))?;
        let recorded: Option<Timestamp> =
            snapshot.pointer("/recordedAt").and_then(Value::as_str).and_then(|text| text.parse().ok());
        if let Some(recorded) = recorded {
            let age = Timestamp::now().duration_since(recorded);
            for (_, bytes) in files.iter_mut().filter(|(path, _)| path.starts_with("resources/")) {
                *bytes = moved(&String::from_utf8_lossy(bytes), age).into_bytes();
            }
        }
        Ok(Self { files })
    }

    /// What the recording account was not permitted to list.
    pub(super) fn forbidden(&self) -> Vec<(String, String)> {
        let read: Vec<Value> = self
            .files
            .get("forbidden.json")
            .and_then(|file| serde_json::from_slice(file).ok())
            .unwrap_or_default();
        read.iter().map(|entry| (text(entry, "/group"), text(entry, "/resource"))).collect()
    }

    /// `/version`, or a discovery document.
    pub(super) fn document(&self, path: &str) -> Option<&[u8]> {
        let path = path.trim_matches('/');
        let name = if path == "version" {
            "version.json".to_owned()
        } else {
            format!("discovery/{}.json", path.replace('/', "__"))
        };
        self.files.get(&name).map(Vec::as_slice)
    }

    /// The kind of a served resource.
    pub(super) fn kind(&self, target: &Target) -> Option<String> {
        let path = if target.group.is_empty() {
            format!("api/{}", target.version)
        } else {
            format!("apis/{}/{}", target.group, target.version)
        };
        let document: Value = serde_json::from_slice(self.document(&path)?).ok()?;
        let resources = document.get("resources")?.as_array()?;
        let found = resources.iter().find(|resource| text(resource, "/name") == target.plural)?;
        Some(text(found, "/kind"))
    }

    pub(super) fn get(&self, target: &Target) -> Option<Value> {
        let is_it = |object: &Value| {
            Some(text(object, "/metadata/name")) == target.name
                && text(object, "/metadata/namespace") == target.namespace.clone().unwrap_or_default()
        };
        self.objects(target).into_iter().find(is_it)
    }

    /// A page of a list. A failure is a status and a message.
    pub(super) fn list(&self, target: &Target, kind: &str, query: &Query) -> Result<Value, (u16, String)> {
        let mut items = Vec::new();
        for mut object in self.objects(target) {
            let in_scope = target
                .namespace
                .as_ref()
                .is_none_or(|namespace| text(&object, "/metadata/namespace") == *namespace);
            let labels =
                query.get("labelSelector").map_or(Ok(true), |selector| selector::labels(&object, selector));
            let fields = query
                .get("fieldSelector")
                .map_or(Ok(true), |selector| selector::fields(&object, &target.plural, selector));
            if in_scope
                && labels.map_err(|message| (400, message))?
                && fields.map_err(|message| (400, message))?
            {
                // As an API server does: the items of a list do not repeat what the list's kind says.
                if let Some(object) = object.as_object_mut() {
                    object.remove("kind");
                    object.remove("apiVersion");
                }
                items.push(object);
            }
        }
        let version = if target.group.is_empty() {
            target.version.clone()
        } else {
            format!("{}/{}", target.group, target.version)
        };
        let (page, metadata) = page(items, query)?;
        Ok(json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": metadata, "items": page}))
    }

    /// A container's log.
    pub(super) fn log(&self, target: &Target, query: &Query) -> Result<String, (u16, String)> {
        let pod = self.get(&Target { subresource: None, ..target.clone() });
        let name = target.name.clone().unwrap_or_default();
        let pod = pod.ok_or_else(|| (404, format!("pods \"{name}\" not found")))?;
        let containers =
            pod.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
        let container = match (query.get("container"), containers.as_slice()) {
            (Some(container), _) => container.clone(),
            (None, [only]) => text(only, "/name"),
            (None, _) => return Err((400, format!("a container name must be specified for pod {name}"))),
        };
        let previous =
            if query.get("previous").is_some_and(|value| value == "true") { ".previous" } else { "" };
        let namespace = target.namespace.clone().unwrap_or_default();
        let file = self.files.get(&format!("logs/{namespace}/{name}/{container}{previous}.log"));
        let file =
            file.ok_or_else(|| (400, format!("container \"{container}\" in pod \"{name}\" has no log")))?;
        let text = String::from_utf8_lossy(file).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let wanted = query.get("tailLines").and_then(|count| count.parse().ok()).unwrap_or(lines.len());
        let stamp = if query.get("timestamps").is_some_and(|value| value == "true") {
            // Before the question, or it would be of the future.
            format!("{} ", Timestamp::now() - SignedDuration::from_mins(1))
        } else {
            String::new()
        };
        let tail = lines.iter().skip(lines.len().saturating_sub(wanted));
        Ok(tail.flat_map(|line| [stamp.as_str(), line, "\n"]).collect())
    }

    fn objects(&self, target: &Target) -> Vec<Value> {
        let group = if target.group.is_empty() { "core" } else { &target.group };
        let file = self.files.get(&format!("resources/{}.{group}.json", target.plural));
        let list: Value = file.and_then(|file| serde_json::from_slice(file).ok()).unwrap_or_default();
        list.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

/// `limit` and `continue`, as an API server pages.
fn page(items: Vec<Value>, query: &Query) -> Result<(Vec<Value>, Value), (u16, String)> {
    let start = match query.get("continue").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => token
            .strip_prefix("fake-page-")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| (400, format!("continue key is not valid: {token}")))?,
    };
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
    let limit: usize = limit.map_or(usize::MAX, |limit: usize| limit.min(PAGE));
    let total = items.len();
    let page: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(page.len());
    let metadata = if end < total {
        json!({"resourceVersion": "4711", "continue": format!("fake-page-{end}"), "remainingItemCount": total - end})
    } else {
        json!({"resourceVersion": "4711"})
    };
    Ok((page, metadata))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The text with every point in time that much later.
fn moved(text: &str, age: SignedDuration) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        let (before, after) = rest.split_at(at + 1);
        result.push_str(before);
        rest = after;
        // Only whole strings: `"2026-11-16T15:29:20Z"`, with or without a fraction.
        let Some(end) = after.find('"').filter(|end| (TIME..=TIME + 10).contains(end)) else { continue };
        let Some((inside, behind)) = after.split_at_checked(end) else { continue };
        let Ok(time) = inside.parse::<Timestamp>() else { continue };
        let Ok(later) = time.checked_add(age) else { continue };
        let digits = if inside.contains('.') { 6 } else { 0 };
        // Writing to a string can not fail.
        let _ = write!(result, "{later:.digits$}");
        rest = behind;
    }
    result.push_str(rest);
    result
}
