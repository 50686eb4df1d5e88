//! Tool `fetch_pod_logs`.

use holmes_plugin::prelude::*;

use crate::{
    age::Now,
    logs::{
        filter::Filters,
        line,
        pods::{self, Found},
        report::Searched,
        streams,
        window::Window,
    },
    names,
};

/// HolmesGPT's default.
const LIMIT: usize = 100;

/// Which lines of which pods.
#[arguments]
pub struct FetchPodLogs {
    /// Exact name of the pod; with `*` for any letters several are read, for example `worker-*`.
    pub pod_name: Option<String>,
    /// Namespace.
    pub namespace: String,
    /// Label selector, for example `app=web`: reads all pods that match it (and `pod_name`, if given).
    pub label_selector: Option<String>,
    /// RFC 3339, or negative seconds before `end_time`, for example `-3600`. Default: 7 days.
    pub start_time: Option<Moment>,
    /// RFC 3339, or negative seconds before now. Default: now.
    pub end_time: Option<Moment>,
    /// How many of the newest matching lines to return. Default: 100.
    pub limit: Option<u32>,
    /// Regular expression, case-insensitive: only matching lines.
    pub filter: Option<String>,
    /// Regular expression, case-insensitive: no matching lines.
    pub exclude_filter: Option<String>,
}

/// A time: models send numbers and strings alike.
#[arguments]
#[serde(untagged)]
pub enum Moment {
    /// Seconds.
    Seconds(i64),
    /// RFC 3339, or a number in quotes.
    Text(String),
}

impl Moment {
    fn text(&self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Reads the logs of all containers of one pod or of several, also from before the last restart, merged by
/// time: the newest lines that match, equal lines in a row folded, then a footer with counts, window and limits.
#[tool(read_only)]
pub fn fetch_pod_logs(host: &Host, arguments: FetchPodLogs) -> Result<Output, ToolError> {
    let namespace = names::one_namespace(&arguments.namespace)?;
    let start = arguments.start_time.as_ref().map(Moment::text);
    let end = arguments.end_time.as_ref().map(Moment::text);
    let window = Window::parse(start.as_deref(), end.as_deref(), Now::of(host))?;
    let filters = Filters::parse(arguments.filter.as_deref(), arguments.exclude_filter.as_deref())?;
    let (name, labels) = (arguments.pod_name.as_deref(), arguments.label_selector.as_deref());
    let pods = match pods::find(host, &namespace, name, labels)? {
        Found::Pods(pods) => pods,
        Found::Nothing(why) => return Ok(Output::no_data(why)),
    };
    let mut logs = streams::read(host, &pods.streams, pods.count, window, &filters)?;
    let lines = line::fold(line::merge(std::mem::take(&mut logs.lines)));
    let searched =
        Searched { pods: &pods.told, namespace: &namespace, window, filters: &filters, notes: pods.notes };
    if lines.is_empty() {
        return Ok(Output::no_data(searched.nothing(&logs)));
    }
    let limit = arguments.limit.map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(LIMIT)).max(1);
    Ok(searched.output(host, &lines, &logs, limit))
}

#[cfg(test)]
mod tests;
