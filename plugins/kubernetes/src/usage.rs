//! Usage from the metrics API, which not every cluster serves.

use holmes_plugin::{
    ErrorKind, Host, Output, ToolError,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use crate::{budget, read, render::table, scope::Scope};

/// The metrics of pods or nodes, in one namespace or everywhere.
pub(crate) fn scope(plural: &str, kind: &str, namespace: Option<String>) -> Scope {
    let resource = Resource::known("metrics.k8s.io", "v1beta1", plural, kind, plural == "pods");
    Scope { resource, options: ListOptions { namespace, ..ListOptions::default() }, notes: Vec::new() }
}

/// Reads the metrics; a cluster without the API gets a plain answer.
pub(crate) fn each(host: &Host, scope: &Scope, visit: impl FnMut(Value)) -> Result<usize, ToolError> {
    read::each(host, scope, visit).map_err(|error| {
        if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unavailable) {
            let message = format!(
                "no usage can be told: the metrics API (metrics.k8s.io) is not served or does not answer ({error}). \
                 That says nothing about the workloads; requests and limits are in kubectl_describe"
            );
            return ToolError { message, ..error };
        }
        error
    })
}

/// Rows, heaviest first, with a footer; what does not fit is said.
pub(crate) fn output(
    host: &Host,
    columns: &[&str],
    mut rows: Vec<(f64, Vec<String>)>,
    footer: &str,
) -> Output {
    rows.sort_by(|left, right| right.0.total_cmp(&left.0));
    let cells: Vec<&[String]> = rows.iter().map(|(_, cells)| cells.as_slice()).collect();
    let text = table::lines(columns, &cells).join("\n");
    let head = budget::head(&text, budget::bytes(host));
    let shown = head.lines().count().saturating_sub(1);
    let footer = format!("\n\n-- {shown} of {} {footer}", rows.len());
    if head.len() == text.len() {
        return Output::text(format!("{text}{footer}"));
    }
    Output::text(format!("{head}{footer}\n-- the rest is left out for size: name a namespace")).truncated()
}
