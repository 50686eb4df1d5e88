//! The former report of `--since`.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, Result, bail};
use holmes_protocol::Report;
use serde::Deserialize;

/// Largest report that is read: a hundred thousand findings. A file beyond it is something else.
const LARGEST: u64 = 256 << 20;

/// What says that a document is a report.
#[derive(Deserialize)]
struct Labelled {
    #[serde(default)]
    schema: Option<String>,
}

/// Reads a report that `triage -o json` wrote.
pub(super) fn read(path: &Path) -> Result<Report> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("can not read the former report `{shown}`"))?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("can not read the former report `{shown}`"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("`{shown}` has more than {} MiB, more than a report has", LARGEST >> 20);
    }
    let advice = "make one with `holmes-host triage -o json`";
    let schema = match serde_json::from_slice::<Labelled>(&bytes) {
        Ok(labelled) => labelled.schema,
        Err(error) => {
            bail!("`{shown}` is no triage report, because it is no JSON object ({error}); {advice}")
        }
    };
    match schema.as_deref() {
        Some(Report::SCHEMA) => {}
        Some(other) => {
            let other: String = other.chars().filter(|letter| !letter.is_control()).take(80).collect();
            bail!(
                "`{shown}` is no triage report: its schema is `{other}`, not `{}`; {advice}",
                Report::SCHEMA
            )
        }
        None => bail!("`{shown}` is no triage report: it has no `schema`; {advice}"),
    }
    serde_json::from_slice(&bytes)
        .with_context(|| format!("`{shown}` is a triage report that can not be read; {advice}"))
}
