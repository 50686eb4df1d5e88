//! `coredns-config`: the Corefile, the operator's additions included, keeps names of the cluster from resolving:
//! no `kubernetes` plugin for them, a `template`, `rewrite` or `hosts` that answers in its place, a `forward` to
//! itself, or a file that `CoreDNS` does not start with. Critical once somebody complains, a warning before.
//!
//! Not on: further zones, and rewrites of names that no Service has.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::complaint::{Complaint, complaints};
use super::endpoints::{pods_of_service, workloads_of};
use super::resolver;
use crate::containers::{Container, containers};
use crate::decode::corefile::{Directive, parse};
use crate::draft::Draft;
use crate::object::{Object, parse_time};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

mod answer;
#[cfg(test)]
mod tests;

pub(super) const RULE: Rule = Rule {
    id: "coredns-config",
    subject: Subject::ControlPlane,
    reads: &[Kind::ConfigMap],
    explains: &[
        Effect::Dependents,
        Effect::Rule("coredns-unhealthy"),
        Effect::Rule("crashloop"),
        Effect::Rule("system-daemonset-unhealthy"),
    ],
    yields_to: &[],
    evaluate,
};

/// What is wrong with one file of the configuration.
struct Fault<'a> {
    configuration: &'a Value,
    file: &'a str,
    what: String,
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let configurations = resolver::configurations(view);
    let Some(first) = configurations.first().copied() else { return Vec::new() };
    if !view.is_complete(Kind::ConfigMap, "kube-system") {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (container, previous, number, line) in own_words(view) {
        let fault = Fault { configuration: first, file: "Corefile", what: line.trim().to_owned() };
        let mut draft = draft(view, &fault, Severity::Critical, Confidence::High);
        let instance = if previous { ":previous" } else { "" };
        draft.log(container.pod, format!("{}{instance}:{number}", container.name()), line);
        draft.takes_down.insert(container.pod.key());
        draft.takes_down.insert(view.top(container.pod).key());
        drafts.push(draft);
    }
    let faults = faults(view, &configurations);
    let complaints = if faults.is_empty() { Vec::new() } else { complaints(view) };
    let complaints: Vec<&Complaint<'_>> =
        complaints.iter().filter(|complaint| is_about_the_cluster(view, complaint)).collect();
    for fault in &faults {
        let severity = if complaints.is_empty() { Severity::Warning } else { Severity::Critical };
        let mut draft = draft(view, fault, severity, Confidence::Medium);
        if let Some(complaint) = complaints.first() {
            complaint.words.cite(&mut draft, &complaint.container);
            draft.affects(complaint.container.pod);
        }
        for complaint in &complaints {
            complaint.suffers(view, &mut draft);
        }
        drafts.push(draft);
    }
    drafts
}

/// Lines in which `CoreDNS` itself says that it does not work with its configuration, one of each replica.
fn own_words<'a>(view: &View<'a>) -> Vec<(Container<'a>, bool, usize, &'a str)> {
    let complains = |line: &str| {
        ["plugin/loop: Loop", "Error during parsing", "Corefile:"].iter().any(|words| line.contains(words))
    };
    let pods = resolver::service(view).map(|service| pods_of_service(view, service)).unwrap_or_default();
    let replicas = pods.into_iter().flat_map(containers);
    replicas
        .filter_map(|container| {
            [false, true].into_iter().find_map(|previous| {
                let mut lines = view.log(&container, previous)?.lines().enumerate();
                let (index, line) = lines.find(|(_, line)| complains(line))?;
                Some((container, previous, index + 1, line))
            })
        })
        .collect()
}

fn is_about_the_cluster<'a>(view: &View<'a>, complaint: &Complaint<'a>) -> bool {
    let line = &complaint.words.line;
    let named = line.line.contains(".svc") || !complaint.services(view).is_empty();
    line.class == "dep-dns" && named
}

fn faults<'a>(view: &View<'a>, configurations: &[&'a Value]) -> Vec<Fault<'a>> {
    let files: Vec<(&'a Value, &'a str, Vec<Directive<'a>>)> = configurations
        .iter()
        .flat_map(|map| map.pairs("/data").into_iter().map(move |(file, text)| (*map, file, parse(text))))
        .collect();
    let kubernetes: Vec<&Directive<'_>> =
        files.iter().flat_map(|(_, _, file)| file.iter().flat_map(|one| within(one, "kubernetes"))).collect();
    let zones = kubernetes.iter().flat_map(|plugin| plugin.arguments());
    let names = zones.map(|zone| zone.trim_end_matches('.'));
    let is_reverse = |zone: &str| zone.rsplit('.').next() == Some("arpa");
    let domain = names.into_iter().find(|zone| !is_reverse(zone)).unwrap_or("cluster.local");
    let mut found = Vec::new();
    if kubernetes.is_empty()
        && let Some((map, file, _)) = files.iter().find(|(_, file, _)| *file == "Corefile")
    {
        let what = format!("no server block has the `kubernetes` plugin, so no name in {domain} resolves");
        found.push(Fault { configuration: map, file, what });
    }
    let judge = answer::Judge { view, domain };
    for (map, file, directives) in &files {
        let whats = directives.iter().flat_map(|directive| judge.faults(directive));
        found.extend(whats.map(|what| Fault { configuration: map, file, what }));
    }
    found
}

/// The directive and those inside it that have this name.
fn within<'d, 't>(directive: &'d Directive<'t>, name: &str) -> Vec<&'d Directive<'t>> {
    let mut found: Vec<&Directive<'t>> = directive.inside.iter().flat_map(|one| within(one, name)).collect();
    if directive.name() == name {
        found.push(directive);
    }
    found
}

fn draft<'a>(view: &View<'a>, fault: &Fault<'a>, severity: Severity, confidence: Confidence) -> Draft {
    let configuration = fault.configuration;
    let mut draft = Draft::new(RULE.id, "", severity, configuration);
    draft.confidence(confidence);
    draft.collapse = format!("{} {}", configuration.key(), fault.what);
    draft.parameters.push(fault.what.clone());
    draft.field(configuration, &format!(".data['{}']", fault.file));
    let service = resolver::service(view);
    draft.takes_down.extend(service.map(Object::key));
    let workloads = service.into_iter().flat_map(|service| workloads_of(view, service));
    for workload in workloads.filter(|workload| workload.kind() != "Pod") {
        draft.affects(workload);
    }
    let times = configuration.items("/metadata/managedFields").iter().filter_map(|one| one.time("/time"));
    let changed = times.max().or_else(|| parse_time(configuration.text("/metadata/creationTimestamp")));
    draft.since_at(changed, format!("the newest of {} .metadata.managedFields", configuration.key()));
    draft.summary(format!("{} of ConfigMap {}: {}", fault.file, configuration.name(), fault.what));
    let (namespace, name) = (configuration.namespace(), configuration.name());
    draft.check(&["kubectl", "-n", namespace, "get", "configmap", name, "-o", "yaml"], "the whole Corefile");
    draft
}
