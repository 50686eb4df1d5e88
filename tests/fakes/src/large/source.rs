//! The small recording: its lists as objects, its other files as they are.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use flate2::read::GzDecoder;
use serde_json::Value;

/// The file with the pods.
pub(super) const PODS: &str = "resources/pods.core.json";

/// Lists by file.
pub(super) type Objects = BTreeMap<String, Vec<Value>>;

pub(super) struct Source {
    objects: Objects,
    others: BTreeMap<String, Vec<u8>>,
    now: String,
}

impl Source {
    pub(super) fn read(recording: &Path) -> io::Result<Self> {
        let mut objects = Objects::new();
        let mut others = BTreeMap::new();
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(recording)?));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if path.starts_with("resources/") {
                let mut list: Value = serde_json::from_slice(&bytes)?;
                let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
                objects.insert(path, items.unwrap_or_default());
            } else if entry.header().entry_type().is_file() {
                others.insert(path, bytes);
            }
        }
        let snapshot = others.get("snapshot.json").ok_or_else(|| io::Error::other("no snapshot.json"))?;
        let snapshot: Value = serde_json::from_slice(snapshot)?;
        let now = snapshot.get("recordedAt").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { objects, others, now })
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(super) fn others(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.others
    }

    /// `recordedAt`.
    pub(super) fn now(&self) -> &str {
        &self.now
    }

    pub(super) fn pods(&self) -> usize {
        self.objects.get(PODS).map_or(0, Vec::len)
    }
}
