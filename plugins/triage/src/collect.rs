//! Reads what the rules need: whole lists side by side, then the logs of unhealthy containers only.

mod calm;

use std::collections::{BTreeMap, BTreeSet};

use holmes_plugin::Host;
use holmes_plugin::kubernetes::{Cluster, ListOptions, LogOptions, ReadError, Resource};
use holmes_protocol::ReadOutcome;
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::object::{Object, Seconds};
use crate::observations::{Kind, LogKey, Observations, SOURCES, Source, slim};

/// Enough for a stack trace and what led to it.
pub(crate) const LOG_LINES: u64 = 200;
/// A line can be a megabyte; 64 KiB is more than a model would read of one container.
const LOG_BYTES: u64 = 64 * 1024;
/// Replicas fail alike: two of them tell whether they do.
const PODS_PER_OWNER: usize = 2;
/// Kinds with thousands of objects: read page by page, so that what no rule reads is dropped at once.
const LARGE: [Kind; 6] = [Kind::Pod, Kind::Event, Kind::ReplicaSet, Kind::Secret, Kind::ConfigMap, Kind::Job];
/// Logs are the slowest read; beyond this many the cluster has another problem than one container.
const MOST_LOGS: usize = 96;

/// Workloads that run well and whose logs are read when somebody asks for more.
const DEEP_OWNERS: usize = 20;

/// Whose logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// Those of containers that are not well.
    Unhealthy,
    /// Also those of some workloads that run.
    Deep,
}

/// Reads a cluster, or one namespace of it and what belongs to the whole cluster.
pub fn collect(host: &Host, namespace: Option<&str>, now: Seconds, logs: Logs) -> Observations {
    let cluster = Cluster::new(host).lean();
    let mut observations =
        Observations { namespace: namespace.map(str::to_owned), ..Observations::default() };
    host.progress(0, None, "reading the cluster's objects");
    let groups = cluster.get_path("/apis");
    if let Err(error @ ReadError::Unavailable(_)) = &groups {
        // Whoever does not answer this answers nothing: seventy more requests would only wait.
        for source in SOURCES {
            observations.add_failure(source.kind, outcome(error), error.message().to_owned());
        }
        return observations;
    }
    let served = served(&groups, &mut observations);
    let (large, small): (Vec<&Source>, Vec<&Source>) =
        served.into_iter().partition(|source| LARGE.contains(&source.kind));
    let wanted: Vec<(Resource, ListOptions)> =
        small.iter().map(|source| request(source, namespace)).collect();
    for (source, answer) in small.iter().zip(cluster.list_many(&wanted)) {
        store(&mut observations, source, answer);
    }
    for source in large {
        let (resource, options) = request(source, namespace);
        let read = cluster.list_kept(&resource, &options, |items| {
            if source.kind == Kind::Event {
                items.retain(|event| !calm::is_history(event, now));
            }
            for item in items {
                slim(item);
                if source.kind == Kind::Pod {
                    calm::strip(item);
                }
            }
        });
        store(&mut observations, source, read);
    }
    host.progress(1, None, "reading the logs of unhealthy containers");
    read_logs(&cluster, &mut observations, now, logs);
    observations
}

/// Which kinds there are. What is not installed is not asked for, kind by kind.
fn served(groups: &Result<Value, ReadError>, observations: &mut Observations) -> Vec<&'static Source> {
    let installed = |source: &Source| match groups {
        Ok(list) => list.items("/groups").iter().any(|group| group.text("/name") == source.group),
        Err(_) => false,
    };
    let (asked, absent): (Vec<&Source>, Vec<&Source>) =
        SOURCES.iter().partition(|source| source.built_in || installed(source));
    for source in absent {
        // When the groups could not be read, nobody knows: that is told as any other read that failed.
        match groups {
            Ok(_) => observations.add_failure(source.kind, ReadOutcome::NoSuchKind, String::new()),
            Err(error) => {
                observations.add_failure(source.kind, outcome(error), error.message().to_owned());
            }
        }
    }
    asked
}

fn request(source: &Source, namespace: Option<&str>) -> (Resource, ListOptions) {
    let resource =
        Resource::known(source.group, source.version, source.plural, source.name, source.namespaced);
    let namespace = namespace.filter(|_| source.namespaced).map(str::to_owned);
    (resource, ListOptions { namespace, ..ListOptions::default() })
}

fn store(observations: &mut Observations, source: &Source, answer: Result<Vec<Value>, ReadError>) {
    match answer {
        Ok(items) => observations.add(source.kind, items),
        Err(error) => observations.add_failure(source.kind, outcome(&error), error.message().to_owned()),
    }
}

fn read_logs(cluster: &Cluster<'_>, observations: &mut Observations, now: Seconds, logs: Logs) {
    let mut keys = wanted_logs(observations, now);
    if logs == Logs::Deep {
        keys.extend(running_logs(observations, &keys));
    }
    observations.logs_left_out = keys.len().saturating_sub(MOST_LOGS) as u64;
    keys.truncate(MOST_LOGS);
    let requests: Vec<(String, String, LogOptions)> = keys
        .iter()
        .map(|key| {
            let options = LogOptions {
                container: Some(key.container.clone()),
                previous: key.previous,
                tail_lines: Some(LOG_LINES),
                limit_bytes: Some(LOG_BYTES),
                ..LogOptions::default()
            };
            (key.namespace.clone(), key.pod.clone(), options)
        })
        .collect();
    let answers = cluster.logs_many(&requests);
    for (key, answer) in keys.into_iter().zip(answers) {
        observations.logs.insert(key, answer.map_err(|error| outcome(&error)));
    }
}

/// Which logs the rules may want: of containers that failed lately or do not become ready.
fn wanted_logs(observations: &Observations, now: Seconds) -> Vec<LogKey> {
    let lost: Vec<&str> = observations
        .items(Kind::Node)
        .iter()
        .filter(|node| !node.condition_is("Ready", "True"))
        .map(Value::name)
        .collect();
    let mut per_owner: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut keys = Vec::new();
    for pod in observations.items(Kind::Pod) {
        // The kubelet of a lost node would only let the read time out.
        if lost.contains(&pod.text("/spec/nodeName")) || pod.text("/status/phase") == "Succeeded" {
            continue;
        }
        for container in containers(pod).into_iter().filter(|container| container.is_unhealthy(now)) {
            let owner = pod.text("/metadata/ownerReferences/0/uid");
            let owner = if owner.is_empty() { pod.uid() } else { owner };
            let count = per_owner.entry((owner.to_owned(), container.name().to_owned())).or_default();
            *count += 1;
            if *count <= PODS_PER_OWNER {
                keys.extend(log_keys(&container));
            }
        }
    }
    keys
}

/// One running pod of each of the first workloads.
fn running_logs(observations: &Observations, known: &[LogKey]) -> Vec<LogKey> {
    let mut owners = BTreeSet::new();
    let mut keys = Vec::new();
    for pod in observations.items(Kind::Pod).iter().filter(|pod| pod.condition_is("Ready", "True")) {
        let owner = (pod.namespace(), pod.text("/metadata/ownerReferences/0/uid"));
        if owners.len() == DEEP_OWNERS || !owners.insert(owner) {
            continue;
        }
        let running = containers(pod).into_iter().filter(Container::is_running);
        keys.extend(running.flat_map(|container| log_keys(&container)).filter(|key| !known.contains(key)));
    }
    keys
}

fn log_keys(container: &Container<'_>) -> Vec<LogKey> {
    let key = |previous| LogKey {
        namespace: container.pod.namespace().to_owned(),
        pod: container.pod.name().to_owned(),
        container: container.name().to_owned(),
        previous,
    };
    let mut keys = Vec::new();
    if container.has_started() {
        keys.push(key(false));
    }
    if container.restarts() > 0 {
        keys.push(key(true));
    }
    keys
}

fn outcome(error: &ReadError) -> ReadOutcome {
    match error {
        ReadError::NotFound(_) => ReadOutcome::NotFound,
        ReadError::NoSuchKind(_) => ReadOutcome::NoSuchKind,
        ReadError::Forbidden(_) => ReadOutcome::Forbidden,
        ReadError::Unauthorized(_) => ReadOutcome::Unauthorized,
        ReadError::NotRecorded(_) => ReadOutcome::NotRecorded,
        ReadError::Unavailable(_) | ReadError::Invalid(_) => ReadOutcome::Unavailable,
    }
}
