//! The logs of `kubectl cluster-info dump`: the containers of a pod one after another, between lines that say whose.

use std::io::{BufRead, Read as _};

use super::source::Stop;

/// Lines are cut for looking at, not for keeping.
const LINE: u64 = 1 << 20;

/// What a line is.
pub(super) enum Line<'a> {
    /// A log begins: `namespace/pod/container.log`.
    Start(String),
    /// A piece of it.
    Text(&'a [u8]),
    /// It ends.
    End,
}

/// Reads sections until the end, or until JSON begins between two of them.
pub(super) fn read(
    reader: &mut dyn BufRead,
    visit: &mut dyn FnMut(Line<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut line = Vec::new();
    let mut inside = false;
    loop {
        if !inside && reader.fill_buf().map_err(Stop::Broken)?.starts_with(b"{") {
            return Ok(());
        }
        line.clear();
        (&mut *reader).take(LINE).read_until(b'\n', &mut line).map_err(Stop::Broken)?;
        if line.is_empty() {
            return Ok(());
        }
        if line.starts_with(b"==== END logs for container ") {
            inside = false;
            visit(Line::End)?;
        } else if let Some(key) = start(&line) {
            inside = true;
            visit(Line::Start(key))?;
        } else if inside {
            visit(Line::Text(&line))?;
        }
    }
}

/// `==== START logs for container app of pod shop/web ====`.
fn start(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("==== START logs for container ")?;
    let (container, pod) = line.trim_end().strip_suffix(" ====")?.split_once(" of pod ")?;
    Some(format!("{pod}/{container}.log"))
}
