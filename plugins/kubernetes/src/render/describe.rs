//! Descriptions: one stable order of sections for every kind, whatever the server's version.

mod autoscaler;
mod container;
mod generic;
mod network;
mod node;
mod pod;
mod report;
mod storage;
mod volume;
mod workload;

use holmes_plugin::{Host, serde_json::Value};

pub(crate) use report::Report;

use crate::{
    age::Now,
    budget,
    events::{self, About},
    field,
    scope::Scope,
};

/// Annotations are often long and seldom the answer.
const ANNOTATION: usize = 300;

/// Events that a description shows.
const EVENTS: usize = 40;

/// The object in full: metadata, what is specific to the kind, conditions, events.
pub(crate) fn text(host: &Host, scope: &Scope, object: &Value) -> Report {
    let now = Now::of(host);
    let mut report = Report::default();
    metadata(&mut report, object, now);
    match (scope.resource.group.as_str(), scope.resource.plural.as_str()) {
        ("", "pods") => pod::describe(&mut report, object, now),
        ("", "nodes") => node::describe(&mut report, host, object),
        ("", "services") => network::service(&mut report, host, object),
        ("networking.k8s.io", "ingresses") => network::ingress(&mut report, host, object),
        ("", "persistentvolumeclaims") => storage::claim(&mut report, host, object),
        ("apps", _) if object.pointer("/spec/template").is_some() => {
            workload::describe(&mut report, host, object, now);
        }
        ("batch", "jobs" | "cronjobs") => workload::describe(&mut report, host, object, now),
        ("autoscaling", "horizontalpodautoscalers") => autoscaler::describe(&mut report, object, now),
        _ => generic::describe(&mut report, object),
    }
    conditions(&mut report, object, now);
    happened(&mut report, host, object, now);
    for note in &scope.notes {
        report.line(0, format!("-- note: {note}"));
    }
    report
}

fn metadata(report: &mut Report, object: &Value, now: Now) {
    let namespace = field::namespace(object);
    report.field(0, "Name", field::name(object));
    report.field(0, "Namespace", if namespace.is_empty() { "(cluster-wide)" } else { namespace });
    report.field(
        0,
        "Kind",
        &format!("{} ({})", field::text(object, "/kind"), field::text(object, "/apiVersion")),
    );
    let created = field::text(object, "/metadata/creationTimestamp");
    if !created.is_empty() {
        report.field(0, "Created", &format!("{created} ({} ago)", now.age(created)));
    }
    let deleted = field::text(object, "/metadata/deletionTimestamp");
    if !deleted.is_empty() {
        let finalizers: Vec<String> =
            field::list(object, "/metadata/finalizers").iter().map(field::plain).collect();
        let waiting = if finalizers.is_empty() { "none".to_owned() } else { finalizers.join(", ") };
        report.field(
            0,
            "Terminating since",
            &format!("{deleted} ({} ago); finalizers: {waiting}", now.age(deleted)),
        );
    }
    report.field(0, "Labels", &field::pairs(object, "/metadata/labels"));
    if field::entries(object, "/metadata/annotations").next().is_some() {
        report.line(0, "Annotations:");
        for (key, value) in field::entries(object, "/metadata/annotations") {
            report.field(1, key, &budget::line(&field::plain(value), ANNOTATION));
        }
    }
    let owners = field::list(object, "/metadata/ownerReferences").iter();
    let owners: Vec<String> = owners
        .map(|owner| format!("{}/{}", field::text(owner, "/kind"), field::text(owner, "/name")))
        .collect();
    report.field(0, "Controlled by", &owners.join(", "));
}

fn conditions(report: &mut Report, object: &Value, now: Now) {
    let conditions = field::list(object, "/status/conditions");
    if conditions.is_empty() {
        return;
    }
    report.line(0, "Conditions:");
    for condition in conditions {
        let mut text = format!("{}={}", field::text(condition, "/type"), field::text(condition, "/status"));
        let reason = field::text(condition, "/reason");
        if !reason.is_empty() {
            text.push_str(&format!("  {reason}"));
        }
        let since = field::text(condition, "/lastTransitionTime");
        if !since.is_empty() {
            text.push_str(&format!("  for {}", now.age(since)));
        }
        let message = field::text(condition, "/message");
        if !message.is_empty() {
            text.push_str(&format!("  {}", budget::line(message, 1_000)));
        }
        report.line(1, text);
    }
}

fn happened(report: &mut Report, host: &Host, object: &Value, now: Now) {
    let found = match events::about(host, About::object(object)) {
        Ok(found) => found,
        Err(error) => return report.line(0, format!("Events: unknown ({error})")),
    };
    let shown = found.events.len().min(EVENTS);
    let lines = events::lines(found.events.get(..shown).unwrap_or_default(), now);
    if lines.is_empty() {
        report.line(0, "Events: none now (clusters usually keep them for an hour)");
    } else {
        report.line(0, format!("Events ({shown} of {}, newest first):", found.events.len()));
    }
    for line in lines {
        report.line(1, line);
    }
    if found.earlier > 0 {
        report.line(
            1,
            format!("({} events are about an earlier object of this name and left out)", found.earlier),
        );
    }
}
