//! Pods: the STATUS column as kubectl computes it (`printPod` in kubernetes/pkg/printers), restarts with
//! the last reason.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, field};

pub(super) const LAYOUT: Layout =
    Layout { columns: &["READY", "STATUS", "RESTARTS", "IP", "NODE"], row, counted: Some("STATUS") };

/// A restart in the last hour is worth seeing even when the pod looks well at the moment.
const RECENT: i64 = 3_600;

fn row(pod: &Value, now: Now) -> Row {
    let status = status(pod);
    let (ready, wanted) = readiness(pod);
    let last = last_termination(pod);
    let recent = last
        .and_then(|terminated| now.since(field::text(terminated, "/finishedAt")))
        .is_some_and(|seconds| seconds < RECENT);
    let well = match status.as_str() {
        "Running" => ready == wanted && !recent,
        "Completed" | "Succeeded" => true,
        _ => false,
    };
    let cells = [
        format!("{ready}/{wanted}"),
        status,
        restarts(pod, now),
        field::text(pod, "/status/podIP").to_owned(),
        field::text(pod, "/spec/nodeName").to_owned(),
    ];
    Row::new(cells, Health::problem_if(!well))
}

/// What kubectl shows as STATUS.
pub(crate) fn status(pod: &Value) -> String {
    let phase = field::text_or(pod, "/status/phase", "Unknown");
    let mut reason = field::text_or(pod, "/status/reason", phase).to_owned();
    if field::condition(pod, "PodScheduled").is_some_and(|it| field::text(it, "/reason") == "SchedulingGated")
    {
        "SchedulingGated".clone_into(&mut reason);
    }
    let initializing = initializing(pod);
    match initializing {
        Some(found) if !field::condition_holds(pod, "Initialized") => reason = found,
        _ => reason = running_reason(pod, reason),
    }
    if field::text(pod, "/metadata/deletionTimestamp").is_empty() {
        return reason;
    }
    match (field::text(pod, "/status/reason"), phase) {
        ("NodeLost", _) => "Unknown".to_owned(),
        (_, "Succeeded" | "Failed") => reason,
        _ => "Terminating".to_owned(),
    }
}

/// The first init container that is not done, as `Init:…`.
fn initializing(pod: &Value) -> Option<String> {
    let total = field::list(pod, "/spec/initContainers").len();
    let statuses = field::list(pod, "/status/initContainerStatuses");
    statuses.iter().enumerate().find_map(|(index, status)| {
        let waiting = field::text(status, "/state/waiting/reason");
        if let Some(terminated) = status.pointer("/state/terminated") {
            return (field::number(terminated, "/exitCode") != 0)
                .then(|| format!("Init:{}", ended(terminated)));
        }
        if is_sidecar(pod, field::text(status, "/name")) && field::is_true(status, "/started") {
            return None;
        }
        if waiting.is_empty() || waiting == "PodInitializing" {
            return Some(format!("Init:{index}/{total}"));
        }
        Some(format!("Init:{waiting}"))
    })
}

/// kubectl walks the containers from the last to the first, so the first one's reason wins.
fn running_reason(pod: &Value, mut reason: String) -> String {
    let mut running = false;
    for status in field::list(pod, "/status/containerStatuses").iter().rev() {
        let waiting = field::text(status, "/state/waiting/reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut reason);
        } else if let Some(terminated) = status.pointer("/state/terminated") {
            reason = ended(terminated);
        } else if field::is_true(status, "/ready") && status.pointer("/state/running").is_some() {
            running = true;
        }
    }
    if reason == "Completed" && running {
        let ready = field::condition_holds(pod, "Ready");
        (if ready { "Running" } else { "NotReady" }).clone_into(&mut reason);
    }
    reason
}

fn ended(terminated: &Value) -> String {
    let reason = field::text(terminated, "/reason");
    if !reason.is_empty() {
        return reason.to_owned();
    }
    match field::number(terminated, "/signal") {
        0 => format!("ExitCode:{}", field::number(terminated, "/exitCode")),
        signal => format!("Signal:{signal}"),
    }
}

fn is_sidecar(pod: &Value, name: &str) -> bool {
    field::list(pod, "/spec/initContainers").iter().any(|container| {
        field::text(container, "/name") == name && field::text(container, "/restartPolicy") == "Always"
    })
}

fn readiness(pod: &Value) -> (usize, usize) {
    let sidecars: Vec<&Value> = field::list(pod, "/status/initContainerStatuses")
        .iter()
        .filter(|status| is_sidecar(pod, field::text(status, "/name")))
        .collect();
    let statuses = field::list(pod, "/status/containerStatuses").iter().chain(sidecars.iter().copied());
    let ready = statuses.filter(|status| field::is_true(status, "/ready")).count();
    (ready, field::list(pod, "/spec/containers").len() + sidecars.len())
}

/// Every container's status, init containers first.
pub(crate) fn container_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["/status/initContainerStatuses", "/status/containerStatuses", "/status/ephemeralContainerStatuses"]
        .into_iter()
        .flat_map(|pointer| field::list(pod, pointer))
}

fn last_termination(pod: &Value) -> Option<&Value> {
    container_statuses(pod)
        .filter_map(|status| status.pointer("/lastState/terminated"))
        .max_by_key(|terminated| crate::age::parse(field::text(terminated, "/finishedAt")))
}

/// `13 (5m ago, OOMKilled, exit 137)`.
pub(crate) fn restarts(pod: &Value, now: Now) -> String {
    let count: i64 = container_statuses(pod).map(|status| field::number(status, "/restartCount")).sum();
    let Some(last) = last_termination(pod).filter(|_| count > 0) else { return count.to_string() };
    let ago = now.age(field::text(last, "/finishedAt"));
    let code = field::number(last, "/exitCode");
    format!("{count} ({ago} ago, {}, exit {code})", ended(last))
}
