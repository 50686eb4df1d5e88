//! `pods/log`: the container that is meant, the part that is asked for, and the answers without a log.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::object::Object;
use super::{Answer, Recording, line_time, status};

const TEXT: &str = "text/plain";

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
}

pub(super) fn answer(recording: &Recording, pod: &Object, query: &[(String, String)]) -> Answer {
    let options = match options(query, pod.name(), recording.now) {
        Ok(options) => options,
        Err(answer) => return answer,
    };
    let Ok(parsed) = serde_json::from_slice::<Pod>(&pod.raw) else {
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
    match recording.logs.get(&format!("{}/{container}{suffix}.log", pod.key())) {
        Some(log) => Answer { status: 200, content_type: TEXT, body: select(log, &options, recording.now) },
        None => status::bad_request(&no_log(&parsed.status, &container, pod.name(), options.previous)),
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

/// In the kubelet's order: the tail, of it what is recent, of that the first bytes.
fn select(log: &Bytes, options: &Options, now: Timestamp) -> Bytes {
    if options.tail_lines.is_none() && options.since.is_none() && !options.timestamps {
        return log.slice(..options.limit_bytes.unwrap_or(usize::MAX).min(log.len()));
    }
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    let first = lines.len().saturating_sub(options.tail_lines.unwrap_or(usize::MAX));
    // A line without a time belongs to the one before it. A log without any time is kept: it may be recent.
    let mut time = None;
    let mut selected = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        time = line_time::of(line, now).or(time);
        let recent = options.since.is_none_or(|since| time.is_none_or(|time| time >= since));
        if index < first || !recent {
            continue;
        }
        if let Some(time) = time.filter(|_| options.timestamps) {
            selected.extend_from_slice(format!("{time} ").as_bytes());
        }
        selected.extend_from_slice(line);
    }
    selected.truncate(options.limit_bytes.unwrap_or(usize::MAX));
    selected.into()
}
