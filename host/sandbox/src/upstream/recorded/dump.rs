//! Files of `kubectl get -o json|yaml`: single objects, lists, several documents in a row.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::catalog::{Catalog, Kind};
use super::denials::Denials;
use super::error::Warning;
use super::object::{Head, Object, items, scalar};
use super::source::File;
use super::{Origin, Recording, clock, layout};

/// An object and what is read of it.
type Read = (Bytes, Head);

/// `None` when no file holds an object.
pub(super) fn load(files: Vec<File>, warnings: &mut Vec<Warning>) -> Option<Recording> {
    let mut read: Vec<Read> = Vec::new();
    let mut kinds = Vec::new();
    for file in files {
        let extension = file.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let outcome = match extension {
            "yaml" | "yml" => yaml(&file.bytes),
            "json" => json(&decode(&file.bytes)),
            _ if file.path.contains('/') => continue,
            _ => json(&decode(&file.bytes)).or_else(|_| yaml(&file.bytes)),
        };
        let taken = outcome.and_then(|documents| {
            documents.into_iter().try_for_each(|document| take(document, &mut read, &mut kinds))
        });
        if let Err(problem) = taken {
            warnings.push(Warning::new(&file.path, format!("not what `kubectl get` writes: {problem}")));
        }
    }
    if read.is_empty() && kinds.is_empty() {
        return None;
    }
    let plurals = custom_plurals(&read);
    let mut objects: BTreeMap<(String, String), Vec<Object>> = BTreeMap::new();
    for (raw, head) in read {
        let (group, version) = head.group_version();
        let (plural, namespaced) = match plurals.get(&(group.to_owned(), head.kind.clone())) {
            Some((plural, namespaced)) => (plural.clone(), Some(*namespaced)),
            None => layout::plural(group, &head.kind),
        };
        kinds.push(Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.clone(),
            kind: head.kind.clone(),
            namespaced: namespaced.unwrap_or_else(|| head.namespaced()),
        });
        let object = Object::new(raw, &head, &plural);
        objects.entry((group.to_owned(), plural)).or_default().push(object);
    }
    for kind in &kinds {
        objects.entry((kind.group.clone(), kind.plural.clone())).or_default();
    }
    kinds.sort_by(|left, right| {
        (&left.group, &left.version, &left.plural).cmp(&(&right.group, &right.version, &right.plural))
    });
    // An object without a namespace says nothing about its kind once another one has one.
    kinds.dedup_by(|later, earlier| {
        let same = (&later.group, &later.version, &later.plural)
            == (&earlier.group, &earlier.version, &earlier.plural);
        earlier.namespaced |= same && later.namespaced;
        same
    });
    let objects: BTreeMap<_, _> =
        objects.into_iter().map(|(key, objects)| (key, layout::sorted(objects))).collect();
    Some(Recording {
        cluster: None,
        now: clock::newest(&objects).unwrap_or_default(),
        version: None,
        catalog: Catalog::synthesised(kinds),
        objects,
        logs: BTreeMap::new(),
        denials: Denials::default(),
        origin: Origin::Dumped,
    })
}

/// Objects, and the kinds of typed lists, which may be empty. Items of a typed list do not repeat their kind.
fn take(document: Bytes, read: &mut Vec<Read>, kinds: &mut Vec<Kind>) -> Result<(), String> {
    let text = |error: serde_json::Error| error.to_string();
    let list = Head::read(&document).map_err(text)?;
    let Some(kind) = list.kind.strip_suffix("List") else {
        if !list.is_complete() {
            return Err("an object needs `apiVersion`, `kind` and `metadata.name`".to_owned());
        }
        read.push((document, list));
        return Ok(());
    };
    let (group, version) = list.group_version();
    if !kind.is_empty() && !version.is_empty() {
        let (plural, namespaced) = layout::plural(group, kind);
        let namespaced = namespaced.unwrap_or_default();
        kinds.push(Kind {
            group: group.into(),
            version: version.into(),
            plural,
            kind: kind.into(),
            namespaced,
        });
    }
    for item in items(&document).map_err(text)? {
        let mut head = Head::read(&item).map_err(text)?;
        let mut raw = item;
        if head.kind.is_empty() && !kind.is_empty() {
            kind.clone_into(&mut head.kind);
            head.api_version.clone_from(&list.api_version);
            raw = with_kind(&raw, &head);
        }
        if head.is_complete() {
            read.push((raw, head));
        }
    }
    Ok(())
}

fn with_kind(raw: &[u8], head: &Head) -> Bytes {
    let (Ok(kind), Ok(version)) = (serde_json::to_vec(&head.kind), serde_json::to_vec(&head.api_version))
    else {
        return Bytes::copy_from_slice(raw);
    };
    let rest = raw.trim_ascii().strip_prefix(b"{").unwrap_or_default();
    [b"{\"kind\":", kind.as_slice(), b",\"apiVersion\":", version.as_slice(), b",", rest].concat().into()
}

/// What the recorded definitions say about the plurals of their kinds.
fn custom_plurals(read: &[Read]) -> HashMap<(String, String), (String, bool)> {
    let definitions = read.iter().filter(|(_, head)| head.kind == "CustomResourceDefinition");
    definitions
        .filter_map(|(raw, _)| {
            let group = scalar(raw, &["spec", "group"])?;
            let kind = scalar(raw, &["spec", "names", "kind"])?;
            let plural = scalar(raw, &["spec", "names", "plural"])?;
            let namespaced = scalar(raw, &["spec", "scope"])? == "Namespaced";
            Some(((group, kind), (plural, namespaced)))
        })
        .collect()
}

fn json(bytes: &Bytes) -> Result<Vec<Bytes>, String> {
    let documents: Result<Vec<&RawValue>, _> =
        serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    let documents = documents.map_err(|error| error.to_string())?;
    Ok(documents.into_iter().map(|document| bytes.slice_ref(document.get().as_bytes())).collect())
}

/// With the parser's own budgets: aliases, depth, nodes and scalars are bounded.
fn yaml(bytes: &Bytes) -> Result<Vec<Bytes>, String> {
    let decoded = decode(bytes);
    let text = std::str::from_utf8(&decoded).map_err(|error| error.to_string())?;
    let mut budget = serde_saphyr::Budget::default();
    // A cluster's `kubectl get -A -o yaml` has some 500 nodes per object: room for 20,000 objects.
    budget.max_nodes = 10_000_000;
    budget.max_events = 20_000_000;
    budget.max_total_scalar_bytes = 256 << 20;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    // The error's own text quotes the document, which may hold a Secret.
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
        format!("invalid YAML{}", place.unwrap_or_default())
    })?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .map(|document| document.to_string().into())
        .collect())
}

/// PowerShell's `>` writes UTF-16 with a byte order mark.
fn decode(bytes: &Bytes) -> Bytes {
    let units = |convert: fn([u8; 2]) -> u16| -> Bytes {
        let units: Vec<u16> =
            bytes.chunks_exact(2).skip(1).filter_map(|pair| pair.try_into().ok()).map(convert).collect();
        String::from_utf16_lossy(&units).into_bytes().into()
    };
    match bytes.get(..3) {
        Some([0xff, 0xfe, _]) => units(u16::from_le_bytes),
        Some([0xfe, 0xff, _]) => units(u16::from_be_bytes),
        Some([0xef, 0xbb, 0xbf]) => bytes.slice(3..),
        _ => bytes.clone(),
    }
}
