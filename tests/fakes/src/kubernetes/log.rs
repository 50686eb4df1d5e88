//! `pods/log`, as the API server checks it and the kubelet answers it.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    clock,
    content::{Content, text},
    status::Status,
    target::{Query, Target, truth},
};

/// A container's log.
pub(super) fn log(content: &Content, target: &Target, query: &Query) -> Result<String, Status> {
    let pod = Target { subresource: None, ..target.clone() };
    let found = content.get(&pod).ok_or_else(|| Status::not_found(&pod))?;
    let name = pod.name.unwrap_or_default();
    let limits = Limits::read(&name, query)?;
    if truth(query, "follow") {
        return Err(Status::method_not_allowed());
    }
    let container = container(found, &name, query)?;
    if text(found, "/spec/nodeName").is_empty() {
        return Ok(String::new());
    }
    let previous = truth(query, "previous");
    let suffix = if previous { ".previous" } else { "" };
    let file = format!("{}/{name}/{container}{suffix}.log", pod.namespace.unwrap_or_default());
    let Some(log) = content.logs.get(&file) else {
        return Err(Status::bad_request(no_log(found, &container, &name, previous)));
    };
    Ok(limits.select(log, content, truth(query, "timestamps")))
}

fn container(pod: &Value, name: &str, query: &Query) -> Result<String, Status> {
    let names = |list: &str| -> Vec<String> {
        let containers = pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array);
        containers.into_iter().flatten().map(|container| text(container, "/name")).collect()
    };
    let main = names("containers");
    if let Some(wanted) = query.get("container").filter(|wanted| !wanted.is_empty()) {
        let all = [main, names("initContainers"), names("ephemeralContainers")].concat();
        let valid = all.contains(wanted);
        let invalid = || Status::bad_request(format!("container {wanted} is not valid for pod {name}"));
        return valid.then(|| wanted.clone()).ok_or_else(invalid);
    }
    match main.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let init = names("initContainers");
            let more = if init.is_empty() {
                String::new()
            } else {
                format!(" or one of the init containers: [{}]", init.join(" "))
            };
            Err(Status::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]{more}",
                several.join(" ")
            )))
        }
    }
}

/// In the kubelet's words where the pod's status tells why.
fn no_log(pod: &Value, container: &str, name: &str, previous: bool) -> String {
    if previous {
        return format!("previous terminated container \"{container}\" in pod \"{name}\" not found");
    }
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let statuses = lists.iter().filter_map(|list| pod.pointer(&format!("/status/{list}"))?.as_array());
    let status = statuses.flatten().find(|status| text(status, "/name") == container);
    let waiting = status.map(|status| text(status, "/state/waiting/reason"));
    match waiting.as_deref() {
        None => format!("container \"{container}\" in pod \"{name}\" is not available"),
        Some("ErrImagePull") => {
            format!("container \"{container}\" in pod \"{name}\" is waiting to start: image can't be pulled")
        }
        Some("ImagePullBackOff") => format!(
            "container \"{container}\" in pod \"{name}\" is waiting to start: trying and failing to pull image"
        ),
        Some("") => format!("unable to retrieve container logs for {container}"),
        Some(reason) => format!("container \"{container}\" in pod \"{name}\" is waiting to start: {reason}"),
    }
}

/// How much of a log is wanted.
struct Limits {
    tail: Option<usize>,
    bytes: Option<usize>,
    since: Option<Timestamp>,
}

impl Limits {
    fn read(pod: &str, query: &Query) -> Result<Self, Status> {
        let number = |name: &str, least: i64| -> Result<Option<i64>, Status> {
            let Some(value) = query.get(name).filter(|value| !value.is_empty()) else { return Ok(None) };
            let syntax =
                |_| Status::bad_request(format!("strconv.ParseInt: parsing \"{value}\": invalid syntax"));
            let value: i64 = value.parse().map_err(syntax)?;
            if value < least {
                let words = if least == 0 { "greater than or equal to 0" } else { "greater than 0" };
                let problem = format!("{name}: Invalid value: {value}: must be {words}");
                return Err(Status::invalid_log_options(pod, &problem));
            }
            Ok(Some(value))
        };
        let seconds = number("sinceSeconds", 1)?;
        let time = match query.get("sinceTime").filter(|value| !value.is_empty()) {
            None => None,
            Some(time) => Some(
                time.parse::<Timestamp>()
                    .map_err(|_| Status::bad_request(format!("parsing time \"{time}\" as RFC 3339")))?,
            ),
        };
        if seconds.is_some() && time.is_some() {
            let problem =
                "sinceSeconds: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
            return Err(Status::invalid_log_options(pod, problem));
        }
        let since = seconds.map(|seconds| Timestamp::now() - SignedDuration::from_secs(seconds));
        let size = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok());
        Ok(Self {
            tail: size(number("tailLines", 0)?),
            bytes: size(number("limitBytes", 1)?),
            since: since.or(time),
        })
    }

    /// In the kubelet's order: the tail, of it what is recent, of that the first bytes.
    fn select(&self, log: &str, content: &Content, stamped: bool) -> String {
        let lines: Vec<&str> = log.split_inclusive('\n').collect();
        let first = lines.len().saturating_sub(self.tail.unwrap_or(usize::MAX));
        // The container runtime stamps every line; a recording has only what the application wrote.
        let mut time = None;
        let mut selected = String::new();
        for (index, line) in lines.into_iter().enumerate() {
            time = clock::of_line(line, content.recorded).map(|own| own + content.moved_by).or(time);
            let recent = self.since.is_none_or(|since| time.is_none_or(|time| time >= since));
            if index < first || !recent {
                continue;
            }
            if let Some(time) = time.filter(|_| stamped) {
                // Writing to a string can not fail.
                let _ = write!(selected, "{time} ");
            }
            selected.push_str(line);
        }
        let mut end = self.bytes.unwrap_or(usize::MAX).min(selected.len());
        while !selected.is_char_boundary(end) {
            end -= 1;
        }
        selected.truncate(end);
        selected
    }
}
