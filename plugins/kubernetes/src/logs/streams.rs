//! The streams of pods: every container, init ones included, and its instance before the last restart. Read in
//! batches, and of each stream only wanted lines are kept, so that memory does not grow with the number of pods.

use holmes_plugin::{
    Host, ToolError,
    kubernetes::{Cluster, LogOptions, ReadError},
    serde_json::Value,
};

use super::{filter::Filters, line::Line, window::Window};
use crate::{age, budget, field, logs::line, read, render::rows::pod as row};

/// Enough for the newest lines of a busy minute; the rest is only downloaded to be thrown away.
const TAIL: u64 = 2_000;

/// With a filter, or a window that ended in the past, the wanted lines may be far from the end.
const DEEP_TAIL: u64 = 20_000;

/// Bytes of one stream at most.
const LARGEST: u64 = 4 << 20;

/// Bytes of one stream at least, however many streams share a request.
const SMALLEST: u64 = 128 << 10;

/// Bytes of all streams together: more would not be looked through within a call's time.
const ALL: u64 = 32 << 20;

/// Bytes of the streams that are in memory as they came.
const BATCH: u64 = 16 << 20;

/// One line may take this much; filters see all of it.
const LINE: usize = 4_000;

/// Lines of all streams together that are kept, and of each at least: many short lines weigh more than their bytes.
const KEPT: usize = 100_000;
const KEPT_OF_EACH: usize = 1_000;

/// How often a stream whose newest lines were cut off is read again with fewer lines.
const RETRIES: usize = 4;

/// One container's log, or that of its instance before the last restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub previous: bool,
}

impl Stream {
    /// All streams of a pod, previous ones first.
    pub(crate) fn all(pod: &Value) -> Vec<Self> {
        let stream = |container: &str, previous: bool| Self {
            namespace: field::namespace(pod).to_owned(),
            pod: field::name(pod).to_owned(),
            container: container.to_owned(),
            previous,
        };
        ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
            .into_iter()
            .flat_map(|pointer| field::list(pod, pointer))
            .flat_map(|container| {
                let name = field::text(container, "/name");
                let status = row::container_statuses(pod).find(|status| field::text(status, "/name") == name);
                let restarted = status.is_some_and(|status| field::number(status, "/restartCount") > 0);
                restarted.then(|| stream(name, true)).into_iter().chain([stream(name, false)])
            })
            .collect()
    }

    /// `app (previous)`; with its pod where there are several.
    fn told(&self, pods: usize) -> String {
        let pod = if pods > 1 { format!("{}/", self.pod) } else { String::new() };
        format!("{pod}{}{}", self.container, if self.previous { " (previous)" } else { "" })
    }
}

/// How much of each stream is read.
#[derive(Debug, Clone, Copy)]
struct Share {
    tail: u64,
    bytes: u64,
    kept: usize,
    window: Window,
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// Wanted lines of each stream, in its order.
    pub lines: Vec<Vec<Line>>,
    /// Names of the streams.
    pub names: Vec<String>,
    /// What could not be read, and limits that were met.
    pub notes: Vec<String>,
    /// Was any limit met, so that counts are lower bounds?
    pub cut: bool,
    /// Were wanted lines dropped, all of them older than those kept of their stream?
    pub older: bool,
    /// Lines in the window.
    pub found: usize,
    /// Lines in the window that the filters want.
    pub matching: usize,
}

/// Reads the streams of so many pods.
pub(crate) fn read(
    host: &Host,
    streams: &[Stream],
    pods: usize,
    window: Window,
    filters: &Filters,
) -> Result<Logs, ToolError> {
    let bytes = (ALL / (streams.len() as u64).max(1)).clamp(SMALLEST, LARGEST);
    let tail = if filters.any() || window.ended { DEEP_TAIL } else { TAIL };
    let kept = (KEPT / streams.len().max(1)).max(KEPT_OF_EACH);
    let share = Share { tail, bytes, kept, window };
    let mut logs = Logs::default();
    let mut failure = None;
    for batch in streams.chunks(usize::try_from(BATCH / bytes).unwrap_or(1)) {
        let wanted: Vec<_> =
            batch.iter().map(|it| (it.namespace.clone(), it.pod.clone(), share.options(it, tail))).collect();
        for (stream, answer) in batch.iter().zip(Cluster::new(host).logs_many(&wanted)) {
            let name = stream.told(pods);
            match answer {
                Ok(text) => logs.add(host, stream, name, text, share, filters),
                Err(error) => {
                    logs.notes.push(format!("no log of {name}: {}", budget::line(error.message(), 300)));
                    // A container that never started has no log, which is no failure.
                    let silent = matches!(
                        error,
                        ReadError::Invalid(_) | ReadError::NotFound(_) | ReadError::NoSuchKind(_)
                    );
                    failure = failure.or_else(|| Some((stream, error)).filter(|_| !silent));
                }
            }
        }
    }
    match failure {
        Some((Stream { namespace, pod, .. }, error)) if logs.lines.is_empty() => {
            Err(read::failed(error, &format!("read the logs of pod `{pod}` in namespace {namespace}")))
        }
        _ => Ok(logs),
    }
}

impl Share {
    fn options(self, stream: &Stream, tail: u64) -> LogOptions {
        LogOptions {
            container: Some(stream.container.clone()),
            previous: stream.previous,
            tail_lines: Some(tail),
            since_time: Some(age::rfc3339(self.window.start)),
            limit_bytes: Some(self.bytes),
            timestamps: true,
            since_seconds: None,
        }
    }

    /// The newest lines that fit. A kubelet that meets the limit of bytes drops the newest ones, so the stream
    /// is read again from as many lines before its end as the limit had room for.
    fn newest(self, host: &Host, stream: &Stream, mut text: String) -> (String, u64) {
        let mut tail = self.tail;
        for _ in 0..RETRIES {
            if (text.len() as u64) < self.bytes || tail <= 1 {
                break;
            }
            // Lines differ in length: a few less than had room.
            tail = (text.lines().count() as u64).min(tail) * 3 / 4;
            let options = self.options(stream, tail.max(1));
            let Ok(again) = Cluster::new(host).logs(&stream.namespace, &stream.pod, &options) else { break };
            text = again;
        }
        (text, tail.max(1))
    }
}

impl Logs {
    fn add(
        &mut self,
        host: &Host,
        stream: &Stream,
        name: String,
        text: String,
        share: Share,
        filters: &Filters,
    ) {
        let (text, tail) = share.newest(host, stream, text);
        let mut lines = line::parse(self.names.len(), &text);
        if text.len() as u64 >= share.bytes {
            self.notes.push(format!("{name}: cut at {} bytes within a line", share.bytes));
            self.cut = true;
        } else if lines.len() as u64 >= tail {
            self.notes.push(format!("{name}: only its newest {tail} lines were read"));
            self.cut = true;
        }
        lines.retain(|line| share.window.holds(line.micros));
        self.found += lines.len();
        lines.retain(|line| filters.wants(&line.text));
        self.matching += lines.len();
        if let Some(older) = lines.len().checked_sub(share.kept).filter(|older| *older > 0) {
            lines.drain(..older);
            self.older = true;
        }
        for line in &mut lines {
            line.text = budget::line(&line.text, LINE);
        }
        lines.shrink_to_fit();
        self.names.push(name);
        self.lines.push(lines);
    }
}
