//! The same for people: resource, verbs, where, who needs it, and what is lost without it.

use std::fmt::Write as _;

use super::{
    Answer,
    builtin::Scope,
    needs::{Need, Resource},
    text::{one_line, wrapped},
};

/// Columns of the text under a resource.
const TEXT: usize = 92;

pub(super) fn print(answer: &Answer<'_>) -> String {
    let toolsets: Vec<&str> = answer.toolsets.iter().map(|about| about.name.as_str()).collect();
    let place = match answer.arguments.namespace.as_slice() {
        [] => "in all namespaces".to_owned(),
        names => format!("in {}, and objects of the whole cluster", names.join(", ")),
    };
    let mut text = format!("What {} read {place}:\n", toolsets.join(", "));
    for (resource, need) in &answer.needs.resources {
        text.push_str(&row(resource, need));
    }
    if !answer.left_out.is_empty() {
        text.push_str("\nLeft out:\n");
    }
    for (resource, need) in &answer.left_out {
        text.push_str(&row(resource, need));
    }
    if !answer.needs.every_kind.is_empty() {
        let names: Vec<&str> = answer.needs.every_kind.iter().map(String::as_str).collect();
        let _ = write!(
            text,
            "\nAsked for every kind: {}. Only the built-in kinds are named above; custom resources are not.\n",
            names.join(", ")
        );
    }
    text
}

fn row(resource: &Resource, need: &Need) -> String {
    let verbs: Vec<&str> = need.verbs.iter().map(|verb| verb.as_str()).collect();
    let scope = match need.scope {
        Scope::Namespace => "namespace",
        Scope::Cluster => "cluster",
    };
    // Writing to a string can not fail.
    let mut text = String::new();
    let _ = writeln!(text, "\n{}  {}  ({scope})", one_line(&resource.qualified()), verbs.join(", "));
    for (toolset, lost) in &need.loses {
        for (index, line) in wrapped(&format!("without it, {toolset}: {lost}"), TEXT).iter().enumerate() {
            let _ = writeln!(text, "  {}{line}", if index == 0 { "" } else { "  " });
        }
    }
    text
}
