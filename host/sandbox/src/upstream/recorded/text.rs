//! Files of objects: JSON as a stream, YAML and UTF-16 as a whole, several documents in a row.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use super::catalog::of_plural;
use super::object::{Head, scalar};
use super::reading::{Batch, Reading, invalid, is_secret};
use super::scan::{self, Part, Problem};

/// What has to be in memory as a whole. YAML takes some 20 bytes of memory for each of its own.
const MAX_WHOLE: u64 = 64 << 20;

/// A way to read a file.
pub(super) type Read = fn(&mut Reading, &mut dyn BufRead, &mut Batch) -> Result<(), Problem>;

/// JSON, and the logs that `cluster-info dump` writes between it.
pub(super) fn json(into: &mut Reading, reader: &mut dyn BufRead, batch: &mut Batch) -> Result<(), Problem> {
    match reader.fill_buf()? {
        [0xff, 0xfe, ..] => return utf16(into, reader, batch, u16::from_le_bytes),
        [0xfe, 0xff, ..] => return utf16(into, reader, batch, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ..] => reader.consume(3),
        _ => {}
    }
    loop {
        scan::documents(reader, &mut |part| take(into, batch, part))?;
        if !reader.fill_buf()?.starts_with(b"=") {
            return ended(reader);
        }
        into.sections(reader)?;
    }
}

/// PowerShell's `>` writes UTF-16 with a byte order mark.
fn utf16(
    into: &mut Reading,
    reader: &mut dyn BufRead,
    batch: &mut Batch,
    convert: fn([u8; 2]) -> u16,
) -> Result<(), Problem> {
    let bytes = whole(reader)?;
    let units: Vec<u16> =
        bytes.chunks_exact(2).skip(1).filter_map(|pair| pair.try_into().ok()).map(convert).collect();
    any(into, &mut String::from_utf16_lossy(&units).as_bytes(), batch)
}

/// JSON begins with a bracket; anything else may be YAML.
pub(super) fn any(into: &mut Reading, reader: &mut dyn BufRead, batch: &mut Batch) -> Result<(), Problem> {
    let head = reader.fill_buf()?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if matches!(head.first(), Some(b'{' | b'[' | 0xff | 0xfe)) {
        json(into, reader, batch)
    } else {
        yaml(into, reader, batch)
    }
}

/// With the parser's own budgets: aliases, depth, nodes and scalars are bounded.
pub(super) fn yaml(into: &mut Reading, reader: &mut dyn BufRead, batch: &mut Batch) -> Result<(), Problem> {
    let bytes = whole(reader)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| Problem::Refused(error.to_string()))?;
    let mut budget = serde_saphyr::Budget::default();
    // A cluster's `kubectl get -A -o yaml` has some 500 nodes per object: room for 20,000 objects.
    budget.max_nodes = 10_000_000;
    budget.max_events = 20_000_000;
    budget.max_total_scalar_bytes = 256 << 20;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    // The error's own text quotes the document, which may hold a Secret.
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            Problem::Refused(format!("invalid YAML{}", place.unwrap_or_default()))
        })?;
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        let json = document.to_string();
        if !document.is_object() {
            return Err(Problem::Refused("an object needs `apiVersion`, `kind` and `metadata.name`".into()));
        }
        scan::documents(&mut json.as_bytes(), &mut |part| take(into, batch, part))?;
    }
    Ok(())
}

/// Nothing but white space is left.
pub(super) fn ended(reader: &mut dyn BufRead) -> Result<(), Problem> {
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(());
        }
        if !chunk.trim_ascii().is_empty() {
            return Err(Problem::NotJson);
        }
        let length = chunk.len();
        reader.consume(length);
    }
}

fn whole(reader: &mut dyn BufRead) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    reader.take(MAX_WHOLE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_WHOLE {
        let limit = MAX_WHOLE >> 20;
        return Err(Problem::Refused(format!("larger than {limit} MiB, which only JSON in UTF-8 may be")));
    }
    Ok(bytes)
}

/// An object, or an item, or a list after its items.
fn take(into: &mut Reading, batch: &mut Batch, part: Part<'_>) -> Result<(), Problem> {
    let (Part::Item(raw) | Part::Document(raw)) = part;
    let head = Head::read(raw).map_err(|error| invalid(&error))?;
    if matches!(part, Part::Document(_)) {
        if let Some(kind) = head.kind.strip_suffix("List") {
            batch.settle_as(&head.api_version, kind);
            return Ok(());
        }
        if head.kind.is_empty() && head.api_version.is_empty() {
            // Some other tool's JSON, or a list that does not say of what.
            return Ok(());
        }
    }
    if head.name.is_empty() || head.kind.is_empty() != head.api_version.is_empty() {
        return match part {
            Part::Item(_) => Ok(()),
            Part::Document(_) => {
                Err(Problem::Refused("an object needs `apiVersion`, `kind` and `metadata.name`".into()))
            }
        };
    }
    if head.kind == "CustomResourceDefinition" {
        definition(raw, &mut into.plurals);
    }
    let object = into.place(raw, &head, is_secret(&head.kind))?;
    if head.kind.is_empty() {
        batch.pending.push(object);
    } else {
        batch.objects.push((head.api_version, head.kind, object));
    }
    Ok(())
}

/// What a recorded definition says about the plural of its kind.
fn definition(raw: &[u8], plurals: &mut HashMap<(String, String), (String, bool)>) {
    let told = || {
        let group = scalar(raw, &["spec", "group"])?;
        let kind = scalar(raw, &["spec", "names", "kind"])?;
        let plural = scalar(raw, &["spec", "names", "plural"])?;
        let namespaced = scalar(raw, &["spec", "scope"])? == "Namespaced";
        Some(((group, kind), (plural, namespaced)))
    };
    plurals.extend(told());
}

impl Batch {
    /// The list that has ended was one of these.
    fn settle_as(&mut self, api_version: &str, kind: &str) {
        if kind.is_empty() || api_version.is_empty() {
            return;
        }
        self.listed.insert((api_version.to_owned(), kind.to_owned()));
        for mut object in self.pending.drain(..) {
            if is_secret(kind) {
                object.hide();
            }
            self.objects.push((api_version.to_owned(), kind.to_owned(), object));
        }
    }

    /// The file has ended: of items whose list did not tell their kind, its path may.
    pub(super) fn settle(&mut self, path: &str) {
        let mut names = path.rsplit('/').map(|name| name.strip_suffix(".json").unwrap_or(name));
        let (name, folder) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        let known = [folder, name].into_iter().find_map(of_plural);
        match known {
            Some((api_version, kind)) => self.settle_as(&api_version, kind),
            None => self.pending.clear(),
        }
    }
}
