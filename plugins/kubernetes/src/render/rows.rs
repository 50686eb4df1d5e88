//! One object as one row: compact wide tables for common kinds, a generic row for all others.

mod batch;
mod config;
mod generic;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod pod;
pub(crate) mod scaling;
mod storage;
mod workload;

use holmes_plugin::{kubernetes::Resource, serde_json::Value};

use crate::{age::Now, field, scope::Scope};

/// Does a reader who looks for trouble want this row first?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// Something is visibly wrong.
    Problem,
    /// Nothing is visibly wrong.
    Fine,
}

impl Health {
    /// A problem, if so.
    pub(crate) fn problem_if(problem: bool) -> Self {
        if problem { Self::Problem } else { Self::Fine }
    }
}

/// One object as cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// As many as there are columns.
    pub cells: Vec<String>,
    /// Whether it belongs on top.
    pub health: Health,
}

impl Row {
    fn new<const N: usize>(cells: [String; N], health: Health) -> Self {
        Self { cells: cells.into(), health }
    }
}

/// How a kind is shown as rows: between NAME and AGE come these columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Column headers, without NAMESPACE, NAME, AGE and LABELS.
    pub columns: &'static [&'static str],
    /// Cells for exactly those columns.
    pub row: fn(&Value, Now) -> Row,
    /// The column that is worth counting over a whole list.
    pub counted: Option<&'static str>,
}

/// What frames the cells of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Begin with the namespace.
    pub namespace: bool,
    /// Then the name, and the age at the end. An event's own say nothing that its columns do not.
    pub identity: bool,
    /// End with the labels.
    pub labels: bool,
}

impl Frame {
    /// What a scope's rows need.
    pub(crate) fn of(scope: &Scope) -> Self {
        let identity = scope.resource.kind != "Event";
        Self { namespace: scope.spans_namespaces(), identity, labels: false }
    }

    /// With the labels.
    #[must_use]
    pub(crate) fn with_labels(self) -> Self {
        Self { labels: true, ..self }
    }
}

impl Layout {
    /// The layout of a kind.
    pub(crate) fn of(resource: &Resource) -> Self {
        match (resource.group.as_str(), resource.plural.as_str()) {
            ("", "pods") => pod::LAYOUT,
            ("", "nodes") => node::LAYOUT,
            ("", "services") => network::SERVICE,
            ("", "endpoints") => network::ENDPOINTS,
            ("discovery.k8s.io", "endpointslices") => network::SLICE,
            ("networking.k8s.io", "ingresses") => network::INGRESS,
            ("", "persistentvolumeclaims") => storage::CLAIM,
            ("", "persistentvolumes") => storage::VOLUME,
            ("storage.k8s.io", "storageclasses") => storage::CLASS,
            ("", "namespaces") => config::NAMESPACE,
            ("", "configmaps" | "secrets") => config::KEYS,
            ("", "resourcequotas") => config::QUOTA,
            ("" | "events.k8s.io", "events") => config::EVENT,
            ("apps", "deployments") => workload::DEPLOYMENT,
            ("apps", "replicasets") => workload::REPLICAS,
            ("apps", "statefulsets") => workload::STATEFUL,
            ("apps", "daemonsets") => workload::DAEMON,
            ("batch", "jobs") => batch::JOB,
            ("batch", "cronjobs") => batch::CRONJOB,
            ("autoscaling", "horizontalpodautoscalers") => scaling::AUTOSCALER,
            ("policy", "poddisruptionbudgets") => scaling::BUDGET,
            _ => generic::LAYOUT,
        }
    }

    /// All columns of a table.
    pub(crate) fn headers<'a>(&self, frame: Frame) -> Vec<&'a str> {
        let mut headers = Vec::new();
        headers.extend(frame.namespace.then_some("NAMESPACE"));
        headers.extend(frame.identity.then_some("NAME"));
        headers.extend(self.columns);
        headers.extend(frame.identity.then_some("AGE"));
        headers.extend(frame.labels.then_some("LABELS"));
        headers
    }

    /// All cells of an object.
    pub(crate) fn cells(&self, object: &Value, frame: Frame, now: Now) -> Row {
        let Row { cells, health } = (self.row)(object, now);
        let mut all = Vec::with_capacity(cells.len() + 4);
        all.extend(frame.namespace.then(|| field::namespace(object).to_owned()));
        all.extend(frame.identity.then(|| field::name(object).to_owned()));
        all.extend(cells);
        all.extend(frame.identity.then(|| now.age(field::text(object, "/metadata/creationTimestamp"))));
        all.extend(frame.labels.then(|| field::pairs(object, "/metadata/labels")));
        Row { cells: all, health }
    }
}

/// Names and images of the containers in a pod template.
fn images(object: &Value, template: &str) -> String {
    let containers = field::list(object, &format!("{template}/spec/containers"));
    containers.iter().map(|container| field::text(container, "/image")).collect::<Vec<_>>().join(",")
}

/// `a=b,…` of a label selector in either form.
pub(crate) fn selector(object: &Value, pointer: &str) -> String {
    let labels = field::pairs(object, &format!("{pointer}/matchLabels"));
    let expressions = field::list(object, &format!("{pointer}/matchExpressions")).iter().map(|expression| {
        let values: Vec<String> = field::list(expression, "/values").iter().map(field::plain).collect();
        format!(
            "{} {} ({})",
            field::text(expression, "/key"),
            field::text(expression, "/operator"),
            values.join(",")
        )
    });
    std::iter::once(labels)
        .filter(|labels| !labels.is_empty())
        .chain(expressions)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests;
