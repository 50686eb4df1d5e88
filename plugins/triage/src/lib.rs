//! Toolset triage: deterministic rules that find root causes without a model.
//!
//! [`collect`] reads a cluster, [`evaluate`] is a pure function of what was read and a moment, [`render`]
//! writes the report for a model. The rules are in `rules/`, what they have to decode in `decode/`.

mod address;
mod blame;
mod collect;
mod configuration;
mod containers;
mod decode;
mod draft;
mod graph;
mod kinds;
mod object;
mod observations;
mod redact;
mod render;
mod report;
mod rollup;
mod rules;
mod template;
mod view;

use holmes_plugin::prelude::*;

pub use collect::{Logs, collect};
pub use object::resolve;
pub use observations::{Kind, List, LogKey, Observations, SOURCES, Source};
pub use render::render;
pub use report::{Options, Suppress, evaluate};

/// Where to look.
#[arguments]
#[derive(Default)]
pub struct Triage {
    /// Look at one namespace only. Leave out for the whole cluster.
    pub namespace: Option<String>,
    /// Tell only what touches objects with these labels, such as `app=web,tier=front`.
    pub selector: Option<String>,
    /// Show also what is worth knowing but is no failure.
    #[serde(default)]
    pub notes: bool,
    /// Read also the logs of containers that run well, and look for complaints in them.
    #[serde(default)]
    pub deep: bool,
    /// Tell also what an annotation in the cluster asks not to be told.
    #[serde(default)]
    pub no_suppress: bool,
}

impl Triage {
    fn options(&self) -> Result<Options, ToolError> {
        let selector = self.selector.clone().filter(|selector| !selector.is_empty());
        if let Some(selector) = selector.as_ref().filter(|selector| !report::is_selector(selector)) {
            let message = format!(
                "`{selector}` is no selector that triage follows; write labels as `app=web,tier=front`"
            );
            return Err(ToolError::new(ErrorKind::InvalidArguments, message));
        }
        let suppress = if self.no_suppress { Suppress::Never } else { Suppress::AsAsked };
        Ok(Options { notes: self.notes, selector, deep: self.deep, suppress })
    }
}

/// Finds what is broken in the cluster, and the root cause of it, by fixed rules over the state of objects,
/// events and the logs of failing containers. Read-only. Call it first when the question is why something
/// does not work: each finding names its root object, the evidence and the symptoms that it explains.
#[tool(read_only)]
pub fn triage(host: &Host, arguments: Triage) -> Result<Output, ToolError> {
    let now = i64::try_from(host.now_unix_ms() / 1000).unwrap_or(i64::MAX);
    let options = arguments.options()?;
    let namespace = arguments.namespace.filter(|namespace| !namespace.is_empty());
    let logs = if options.deep { Logs::Deep } else { Logs::Unhealthy };
    let observations = collect(host, namespace.as_deref(), now, logs);
    // Without a single answer there is nothing to evaluate, and "no problems found" would be a lie.
    if let Some(reason) = report::nothing_was_read(&observations) {
        return Err(ToolError::new(
            ErrorKind::Unavailable,
            format!("the cluster could not be read: {reason}"),
        ));
    }
    if let Some(namespace) = namespace.as_deref().filter(|name| report::is_missing(&observations, name)) {
        let near = report::nearest_namespace(&observations, namespace);
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(ToolError::new(
            ErrorKind::NotFound,
            format!("namespace `{namespace}` does not exist in this cluster{hint}"),
        ));
    }
    let report = evaluate(&observations, now, &options);
    Output::text(render(&report)).and_data(report)
}

holmes_plugin::toolset!(triage);

#[cfg(test)]
mod tests {
    use holmes_plugin::testing::Canned;

    use super::*;

    #[test]
    fn a_cluster_that_answers_nothing_is_an_error_and_not_a_healthy_one() {
        let down =
            Canned::new().respond(|_| Some((500, br#"{"message":"etcd is away","code":500}"#.to_vec())));
        let error = triage(&down.host(), Triage::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("etcd is away"), "{}", error.message);
    }
}
