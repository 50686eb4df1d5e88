//! Makes a recording of what was read: our own recordings hold every kind, files of others those that somebody asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use super::catalog::{Catalog, Kind, of_kind, plural_of};
use super::clock;
use super::denials::Denials;
use super::error::{RecordingError, Warning};
use super::object::Object;
use super::reading::Reading;
use super::source::Outcome;
use super::{Origin, Recording};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Snapshot {
    recorded_at: Option<String>,
    cluster: Option<String>,
    log_timestamps: bool,
    namespaces: Option<BTreeSet<String>>,
}

/// Builds the recording; what is damaged is named and left out.
pub(super) fn build(reading: Reading, outcome: Outcome) -> Result<(Recording, Vec<Warning>), RecordingError> {
    let Reading {
        spool, mut warnings, mut documents, discovery, mut lists, damaged, mut kinds, logs, ..
    } = reading;
    warnings.splice(..0, outcome.warnings);
    let own = documents.contains_key("snapshot.json")
        || !discovery.is_empty()
        || !lists.is_empty()
        || !damaged.is_empty();
    if own {
        let problem = "not part of a recording, left out";
        warnings.extend(reading.strangers.iter().map(|path| Warning::new(path, problem)));
    } else {
        let listed = reading.listed.into_iter().map(|key| (key, Vec::new()));
        for ((api_version, kind), objects) in listed.chain(reading.loose) {
            let kind = kind_of(&api_version, kind, &objects, &reading.plurals);
            lists.entry((kind.group.clone(), kind.plural.clone())).or_default().extend(objects);
            kinds.push(kind);
        }
    }
    lists.values_mut().for_each(sort);
    let denials =
        Denials::read(documents.get("forbidden.json"), documents.get("unavailable.json"), &mut warnings);
    let snapshot = snapshot(documents.get("snapshot.json"), &mut warnings);
    let catalog = if discovery.is_empty() {
        Catalog::synthesised(unique(kinds))
    } else {
        Catalog::recorded(discovery, &mut warnings)
    };
    let store = spool.finish().map_err(RecordingError::NoRoom)?;
    let now =
        recorded_at(&snapshot, &mut warnings).or_else(|| clock::newest(&lists, &store)).unwrap_or_default();
    let recording = Recording {
        cluster: snapshot.cluster,
        now,
        namespaces: snapshot.namespaces,
        stamped_logs: snapshot.log_timestamps,
        version: documents.remove("version.json"),
        catalog,
        objects: lists,
        damaged,
        store,
        logs,
        root: outcome.root,
        denials,
        origin: if own && !outcome.incomplete { Origin::Recorded } else { Origin::Dumped },
    };
    Ok((recording, warnings))
}

fn snapshot(file: Option<&Bytes>, warnings: &mut Vec<Warning>) -> Snapshot {
    let Some(file) = file else { return Snapshot::default() };
    serde_json::from_slice(file).unwrap_or_else(|error| {
        warnings.push(Warning::new("snapshot.json", format!("damaged, left out: {error}")));
        Snapshot::default()
    })
}

fn recorded_at(snapshot: &Snapshot, warnings: &mut Vec<Warning>) -> Option<Timestamp> {
    let parsed = snapshot.recorded_at.as_ref()?.parse().ok();
    if parsed.is_none() {
        warnings.push(Warning::new("snapshot.json", "`recordedAt` is not a time in RFC 3339"));
    }
    parsed
}

/// As etcd orders them; of two objects with one name the first stays.
fn sort(objects: &mut Vec<Object>) {
    objects.sort_by(|left, right| left.key().cmp(right.key()));
    objects.dedup_by(|later, earlier| later.key() == earlier.key());
    objects.shrink_to_fit();
}

fn kind_of(
    api_version: &str,
    kind: String,
    objects: &[Object],
    defined: &HashMap<(String, String), (String, bool)>,
) -> Kind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // An object without a namespace says nothing about its kind once another one has one.
    let seen = || objects.iter().any(|object| !object.namespace().is_empty());
    let (plural, namespaced) = match defined.get(&(group.to_owned(), kind.clone())) {
        Some((plural, namespaced)) => (plural.clone(), *namespaced),
        None => match of_kind(group, &kind) {
            Some((plural, namespaced)) => (plural.to_owned(), namespaced),
            None => (plural_of(&kind), seen()),
        },
    };
    Kind { group: group.to_owned(), version: version.to_owned(), plural, kind, namespaced }
}

/// One of each; a kind that was an empty list in one file may have objects in another.
fn unique(kinds: Vec<Kind>) -> Vec<Kind> {
    let mut unique: BTreeMap<(String, String, String), Kind> = BTreeMap::new();
    for kind in kinds {
        let key = (kind.group.clone(), kind.version.clone(), kind.plural.clone());
        let namespaced = kind.namespaced;
        unique.entry(key).or_insert(kind).namespaced |= namespaced;
    }
    unique.into_values().collect()
}
