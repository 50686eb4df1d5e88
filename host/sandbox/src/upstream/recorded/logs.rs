//! `pods/log`: the container that is meant, the part that is asked for, and the answers without a log.

use std::io;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::object::Object;
use super::{Answer, Recording, line_time, status};

mod tail;

pub(super) use tail::Log;
use tail::Opened;

const TEXT: &str = "text/plain";
/// Bytes of one answer: more than any tool reads. Logs themselves may have any size.
const LARGEST: u64 = 64 << 20;
/// Where to look for the time of a line that has none.
const CONTEXT: u64 = 64 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    spec: Spec,
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: String,
    containers: Vec<Named>,
    init_containers: Vec<Named>,
    ephemeral_containers: Vec<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[expect(clippy::struct_field_names, reason = "the API's own names")]
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: String,
}

#[derive(Debug, Default)]
struct Options {
    container: Option<String>,
    previous: bool,
    timestamps: bool,
    tail_lines: Option<usize>,
    limit_bytes: Option<usize>,
    since: Option<Timestamp>,
    /// Do the log's lines begin with the kubelet's time?
    stamped: bool,
}

pub(super) fn answer(recording: &Recording, pod: &Object, query: &[(String, String)]) -> Answer {
    let options = match options(query, pod.name(), recording.now) {
        Ok(options) => Options { stamped: recording.stamped_logs, ..options },
        Err(answer) => return answer,
    };
    let raw = match pod.raw(&recording.store) {
        Ok(raw) => raw,
        Err(error) => return status::unreadable(&error),
    };
    let Ok(parsed) = serde_json::from_slice::<Pod>(&raw) else {
        return status::bad_request(&format!("the recorded pod {} cannot be read", pod.name()));
    };
    let container = match container(&parsed.spec, options.container.as_deref(), pod.name()) {
        Ok(container) => container,
        Err(problem) => return status::bad_request(&problem),
    };
    if parsed.spec.node_name.is_empty() {
        return Answer { status: 200, content_type: TEXT, body: Bytes::new() };
    }
    let suffix = if options.previous { ".previous" } else { "" };
    let Some(log) = recording.logs.get(&format!("{}/{container}{suffix}.log", pod.key())) else {
        return status::bad_request(&no_log(&parsed.status, &container, pod.name(), options.previous));
    };
    let selected = Opened::new(log, recording).and_then(|log| select(&log, &options, recording.now));
    match selected {
        Ok(Some(body)) => Answer { status: 200, content_type: TEXT, body },
        Ok(None) => status::bad_request(&format!(
            "the log of container {container:?} in pod {:?} is larger than {} MiB; ask for tailLines, sinceSeconds or limitBytes",
            pod.name(),
            LARGEST >> 20
        )),
        Err(error) => status::unreadable(&error),
    }
}

/// As the API server picks it: the only one, or the one that is named.
fn container(spec: &Spec, wanted: Option<&str>, pod: &str) -> Result<String, String> {
    let names = |containers: &[Named]| {
        containers.iter().map(|named| named.name.clone()).collect::<Vec<_>>().join(" ")
    };
    if let Some(wanted) = wanted {
        let all = spec.containers.iter().chain(&spec.init_containers).chain(&spec.ephemeral_containers);
        let found = all.map(|named| &named.name).find(|name| *name == wanted);
        return found.cloned().ok_or_else(|| format!("container {wanted} is not valid for pod {pod}"));
    }
    match spec.containers.as_slice() {
        [] => Err(format!("a container name must be specified for pod {pod}")),
        [only] => Ok(only.name.clone()),
        several => {
            let mut problem = format!(
                "a container name must be specified for pod {pod}, choose one of: [{}]",
                names(several)
            );
            if !spec.init_containers.is_empty() {
                problem.extend([" or one of the init containers: [", &names(&spec.init_containers), "]"]);
            }
            if !spec.ephemeral_containers.is_empty() {
                problem.extend([
                    " or one of the ephemeral containers: [",
                    &names(&spec.ephemeral_containers),
                    "]",
                ]);
            }
            Err(problem)
        }
    }
}

/// In the kubelet's words where the pod's status tells why.
fn no_log(pod_status: &PodStatus, container: &str, pod: &str, previous: bool) -> String {
    if previous {
        return format!("previous terminated container {container:?} in pod {pod:?} not found");
    }
    let statuses = pod_status.container_statuses.iter().chain(&pod_status.init_container_statuses);
    let mut statuses = statuses.chain(&pod_status.ephemeral_container_statuses);
    let Some(found) = statuses.find(|status| status.name == container) else {
        return format!("container {container:?} in pod {pod:?} is not available");
    };
    match found.state.waiting.as_ref().map(|waiting| waiting.reason.as_str()) {
        Some("ErrImagePull") => {
            format!("container {container:?} in pod {pod:?} is waiting to start: image can't be pulled")
        }
        Some("ImagePullBackOff") => {
            format!(
                "container {container:?} in pod {pod:?} is waiting to start: trying and failing to pull image"
            )
        }
        Some(reason) => format!("container {container:?} in pod {pod:?} is waiting to start: {reason}"),
        None => format!("the recording holds no log of container {container:?} in pod {pod:?}"),
    }
}

fn options(query: &[(String, String)], pod: &str, now: Timestamp) -> Result<Options, Answer> {
    let mut options = Options::default();
    let mut since_given = 0;
    for (key, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        match key.as_str() {
            "container" => options.container = Some(value.clone()),
            "previous" => options.previous = truth(value),
            "timestamps" => options.timestamps = truth(value),
            "tailLines" => options.tail_lines = Some(number(pod, key, value, 0)?),
            "limitBytes" => options.limit_bytes = Some(number(pod, key, value, 1)?),
            "sinceSeconds" => {
                let seconds = number(pod, key, value, 1)?;
                let duration = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
                options.since = Some(now.checked_sub(duration).unwrap_or(Timestamp::MIN));
                since_given += 1;
            }
            "sinceTime" => {
                let problem =
                    |_| status::bad_request(&format!("parsing time {value:?} as RFC 3339: cannot parse"));
                options.since = Some(value.parse().map_err(problem)?);
                since_given += 1;
            }
            "follow" if truth(value) => return Err(status::not_allowed("a recording cannot be followed")),
            _ => {}
        }
    }
    if since_given > 1 {
        let problem =
            "sinceSeconds: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
        return Err(status::invalid_log_options(pod, problem));
    }
    Ok(options)
}

/// As the API machinery reads a boolean: whatever is not false is true.
fn truth(value: &str) -> bool {
    !value.eq_ignore_ascii_case("false") && value != "0"
}

fn number(pod: &str, key: &str, value: &str, least: i64) -> Result<usize, Answer> {
    let Ok(number) = value.parse::<i64>() else {
        return Err(status::bad_request(&format!("strconv.ParseInt: parsing {value:?}: invalid syntax")));
    };
    let relation = if least == 0 { "greater than or equal to 0" } else { "greater than 0" };
    let invalid = format!("{key}: Invalid value: {number}: must be {relation}");
    let fits = usize::try_from(number).ok().filter(|_| number >= least);
    fits.ok_or_else(|| status::invalid_log_options(pod, &invalid))
}

/// In the kubelet's order: the tail, of it what is recent, of that the first bytes. None: more than can be answered.
fn select(log: &Opened<'_>, options: &Options, now: Timestamp) -> io::Result<Option<Bytes>> {
    let most = options.limit_bytes.unwrap_or(usize::MAX);
    let mut start = match options.tail_lines {
        Some(lines) => log.tail(lines)?,
        None => 0,
    };
    if options.since.is_some() {
        // What is recent is at the end.
        start = start.max(log.length().saturating_sub(LARGEST));
    }
    let plain = options.since.is_none() && options.timestamps == options.stamped;
    let wanted = if plain { (log.length() - start).min(most as u64) } else { log.length() - start };
    if wanted > LARGEST {
        return Ok(None);
    }
    if plain {
        return log.read(start, wanted).map(|bytes| Some(bytes.into()));
    }
    // A line without a time belongs to the one before it, which may be before the tail.
    let before = start.min(CONTEXT);
    let region = log.read(start - before, before + wanted)?;
    let first = usize::try_from(before).map_err(io::Error::other)?;
    let mut time = None;
    let mut selected = Vec::new();
    let mut position = 0;
    for line in region.split_inclusive(|byte| *byte == b'\n') {
        let wanted = position >= first;
        position += line.len();
        let (stamp, line) = if options.stamped { stamp(line) } else { (line_time::of(line, now), line) };
        time = stamp.or(time);
        // A log without any time is kept: it may be recent.
        let recent = options.since.is_none_or(|since| time.is_none_or(|time| time >= since));
        if !wanted || !recent {
            continue;
        }
        if let Some(time) = time.filter(|_| options.timestamps) {
            selected.extend_from_slice(format!("{time} ").as_bytes());
        }
        selected.extend_from_slice(line);
        if selected.len() >= most {
            break;
        }
    }
    selected.truncate(most);
    Ok(Some(selected.into()))
}

/// The kubelet's time before a line, and the line.
fn stamp(line: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ');
    let parts = end.and_then(|end| line.split_at_checked(end));
    let time = parts.and_then(|(time, _)| std::str::from_utf8(time).ok()?.parse().ok());
    match (time, parts) {
        (Some(time), Some((_, line))) => (Some(time), line.get(1..).unwrap_or_default()),
        _ => (None, line),
    }
}
