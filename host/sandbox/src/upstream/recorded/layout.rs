//! Our own recordings: `snapshot.json`, `version.json`, `discovery/`, `resources/`, `logs/`, with or without
//! one leading folder.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use super::catalog::{Catalog, Kind, of_kind, plural_of};
use super::clock;
use super::denials::Denials;
use super::error::Warning;
use super::object::{Head, Object, items};
use super::source::File;
use super::{Origin, Recording};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Snapshot {
    recorded_at: Option<String>,
    cluster: Option<String>,
}

/// The leading folder of our own layout, if the files are one of our recordings.
pub(super) fn prefix(files: &[File]) -> Option<String> {
    let first =
        files.first().and_then(|file| file.path.split_once('/')).map(|(folder, _)| format!("{folder}/"));
    let shared = first.filter(|folder| files.iter().all(|file| file.path.starts_with(folder.as_str())));
    [Some(String::new()), shared].into_iter().flatten().find(|prefix| {
        files.iter().filter_map(|file| file.path.strip_prefix(prefix.as_str())).any(|path| {
            path == "snapshot.json" || path.starts_with("resources/") || path.starts_with("discovery/")
        })
    })
}

/// Builds the recording; what is damaged is named and left out.
pub(super) fn load(files: Vec<File>, prefix: &str, warnings: &mut Vec<Warning>) -> Recording {
    let mut single: BTreeMap<String, Bytes> = BTreeMap::new();
    let mut discovery = BTreeMap::new();
    let mut logs = BTreeMap::new();
    let mut objects: BTreeMap<(String, String), Vec<Object>> = BTreeMap::new();
    let mut seen = Vec::new();
    for File { path, bytes } in files {
        let path = path.strip_prefix(prefix).unwrap_or(&path);
        match path.split_once('/') {
            None => drop(single.insert(path.to_owned(), bytes)),
            Some(("discovery", name)) => {
                let name = name.strip_suffix(".json").unwrap_or(name).replace("__", "/");
                discovery.insert(format!("/{name}"), bytes);
            }
            Some(("logs", name)) => drop(logs.insert(name.to_owned(), bytes)),
            Some(("resources", name)) => {
                let Some((plural, group)) = name.strip_suffix(".json").and_then(|name| name.split_once('.'))
                else {
                    warnings.push(Warning::new(path, "not named `<plural>.<group or core>.json`, left out"));
                    continue;
                };
                let group = if group == "core" { "" } else { group };
                match read_resource(&bytes, group, plural, &mut seen) {
                    Ok((read, nameless)) => {
                        if nameless > 0 {
                            warnings.push(Warning::new(
                                path,
                                format!("{nameless} items without a name, left out"),
                            ));
                        }
                        objects.insert((group.to_owned(), plural.to_owned()), read);
                    }
                    Err(error) => warnings.push(Warning::new(path, format!("damaged, left out: {error}"))),
                }
            }
            Some(_) => warnings.push(Warning::new(path, "not part of a recording, left out")),
        }
    }
    let denials = Denials::read(single.get("forbidden.json"), single.get("unavailable.json"), warnings);
    let snapshot = snapshot(single.get("snapshot.json"), warnings);
    let catalog = if discovery.is_empty() {
        Catalog::synthesised(seen)
    } else {
        Catalog::recorded(discovery, warnings)
    };
    let recorded_at = snapshot.recorded_at.and_then(|text| {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            warnings.push(Warning::new("snapshot.json", "`recordedAt` is not a time in RFC 3339"));
        }
        parsed
    });
    let now = recorded_at.or_else(|| clock::newest(&objects)).unwrap_or_default();
    let version = single.remove("version.json");
    Recording {
        cluster: snapshot.cluster,
        now,
        version,
        catalog,
        objects,
        logs,
        denials,
        origin: Origin::Recorded,
    }
}

fn snapshot(file: Option<&Bytes>, warnings: &mut Vec<Warning>) -> Snapshot {
    let Some(file) = file else { return Snapshot::default() };
    serde_json::from_slice(file).unwrap_or_else(|error| {
        warnings.push(Warning::new("snapshot.json", format!("damaged, left out: {error}")));
        Snapshot::default()
    })
}

fn read_resource(
    file: &Bytes,
    group: &str,
    plural: &str,
    seen: &mut Vec<Kind>,
) -> Result<(Vec<Object>, usize), serde_json::Error> {
    let mut objects = Vec::new();
    let mut nameless = 0;
    for raw in items(file)? {
        let head = Head::read(&raw)?;
        if !head.has_name() {
            nameless += 1;
            continue;
        }
        let (_, version) = head.group_version();
        if objects.is_empty() && !head.kind.is_empty() && !version.is_empty() {
            seen.push(Kind {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
                kind: head.kind.clone(),
                namespaced: of_kind(group, &head.kind).map_or_else(|| head.namespaced(), |(_, scope)| scope),
            });
        }
        objects.push(Object::new(raw, &head, plural));
    }
    Ok((sorted(objects), nameless))
}

/// As etcd orders them; of two objects with one name the first stays.
pub(super) fn sorted(mut objects: Vec<Object>) -> Vec<Object> {
    objects.sort_by(|left, right| left.key().cmp(right.key()));
    objects.dedup_by(|later, earlier| later.key() == earlier.key());
    objects
}

/// The plural of a kind that no discovery document names.
pub(super) fn plural(group: &str, kind: &str) -> (String, Option<bool>) {
    match of_kind(group, kind) {
        Some((plural, namespaced)) => (plural.to_owned(), Some(namespaced)),
        None => (plural_of(kind), None),
    }
}
