//! The streams of a pod: every container, init ones included, and its instance before the last restart.

use holmes_plugin::{
    Host, ToolError,
    kubernetes::{Cluster, LogOptions, ReadError},
    serde_json::Value,
};

use super::{line::Line, window::Window};
use crate::{age, budget, field, logs::line, read, render::rows::pod as row};

/// Enough for the newest lines of a busy minute; the rest is only downloaded to be thrown away.
const TAIL: u64 = 2_000;

/// With a filter, or a window that ended in the past, the wanted lines may be far from the end.
const DEEP_TAIL: u64 = 20_000;

/// Bytes of one stream: the kubelet cuts at the end, so it is far more than the lines above usually take.
const BYTES: u64 = 4 << 20;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// Lines of each stream.
    pub lines: Vec<Vec<Line>>,
    /// Names of the streams: `app`, `app (previous)`.
    pub names: Vec<String>,
    /// What could not be read, and limits that were met.
    pub notes: Vec<String>,
    /// Was any limit met, so that counts are lower bounds?
    pub cut: bool,
}

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The newest lines are wanted as they are.
    Newest,
    /// Lines will be filtered.
    Deep,
}

/// Reads every stream of the pod.
pub(crate) fn read(host: &Host, pod: &Value, window: Window, depth: Depth) -> Result<Logs, ToolError> {
    let tail = if depth == Depth::Newest && !window.ended { TAIL } else { DEEP_TAIL };
    let (namespace, name) = (field::namespace(pod).to_owned(), field::name(pod).to_owned());
    let mut wanted = Vec::new();
    for (container, restarted) in containers(pod) {
        for previous in [true, false].into_iter().filter(|previous| restarted || !previous) {
            let options = LogOptions {
                container: Some(container.clone()),
                previous,
                tail_lines: Some(tail),
                since_time: Some(age::rfc3339(window.start)),
                limit_bytes: Some(BYTES),
                timestamps: true,
                since_seconds: None,
            };
            wanted.push((namespace.clone(), name.clone(), options));
        }
    }
    let answers = Cluster::new(host).logs_many(&wanted);
    let mut logs = Logs::default();
    let mut refused = Vec::new();
    for ((_, _, options), answer) in wanted.iter().zip(answers) {
        let container = options.container.as_deref().unwrap_or_default();
        let stream = if options.previous { format!("{container} (previous)") } else { container.to_owned() };
        match answer {
            Ok(text) => add(&mut logs, stream, &text, tail),
            Err(error) => {
                logs.notes.push(format!("no log of {stream}: {}", budget::line(error.message(), 300)));
                refused.push(error);
            }
        }
    }
    // A container that never started has no log, which is no failure; anything else is, if nothing was read.
    let failure = refused.into_iter().find(|error| {
        !matches!(error, ReadError::Invalid(_) | ReadError::NotFound(_) | ReadError::NoSuchKind(_))
    });
    match failure {
        Some(error) if logs.lines.is_empty() => {
            Err(read::failed(error, &format!("read the logs of pod `{name}` in namespace {namespace}")))
        }
        _ => Ok(logs),
    }
}

fn add(logs: &mut Logs, stream: String, text: &str, tail: u64) {
    let lines = line::parse(logs.names.len(), text);
    if text.len() as u64 >= BYTES {
        logs.notes
            .push(format!("{stream}: cut at {BYTES} bytes, newer lines are missing; use a later start_time"));
        logs.cut = true;
    } else if lines.len() as u64 >= tail {
        logs.notes.push(format!("{stream}: only its newest {tail} lines were read"));
        logs.cut = true;
    }
    logs.names.push(stream);
    logs.lines.push(lines);
}

/// Names of all containers, and whether there was an instance before.
fn containers(pod: &Value) -> Vec<(String, bool)> {
    ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
        .into_iter()
        .flat_map(|pointer| field::list(pod, pointer))
        .map(|container| {
            let name = field::text(container, "/name");
            let status = row::container_statuses(pod).find(|status| field::text(status, "/name") == name);
            let restarted = status.is_some_and(|status| field::number(status, "/restartCount") > 0);
            (name.to_owned(), restarted)
        })
        .collect()
}
