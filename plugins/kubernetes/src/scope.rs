//! What a call looks at: a kind, a namespace or all of them, selectors. Every result says it.

use holmes_plugin::{
    Host, ToolError,
    kubernetes::{ListOptions, Resource},
    serde_json::{Value, json},
};

use crate::{
    kind::{self, Found},
    names,
};

/// What a call looks at.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The kind.
    pub resource: Resource,
    /// Namespace and selectors.
    pub options: ListOptions,
    /// What the reader should know about how the call was understood.
    pub notes: Vec<String>,
}

impl Scope {
    /// Of a kind, in a namespace or in all of them.
    pub(crate) fn parse(host: &Host, kind: &str, namespace: Option<&str>) -> Result<Self, ToolError> {
        let namespace = names::namespace(namespace)?;
        let Found { resource, note } = kind::resolve(host, kind)?;
        let mut notes: Vec<String> = note.into_iter().collect();
        if let (Some(namespace), false) = (&namespace, resource.namespaced) {
            notes.push(format!(
                "{} are cluster-wide: namespace `{namespace}` has no meaning for them",
                resource.plural
            ));
        }
        let namespace = namespace.filter(|_| resource.namespaced);
        Ok(Self { resource, options: ListOptions { namespace, ..ListOptions::default() }, notes })
    }

    /// Narrowed by selectors of the API server; empty ones count as none.
    #[must_use]
    pub(crate) fn selected(mut self, labels: Option<&str>, fields: Option<&str>) -> Self {
        let given = |selector: Option<&str>| {
            selector.map(str::trim).filter(|selector| !selector.is_empty()).map(str::to_owned)
        };
        self.options.label_selector = given(labels);
        self.options.field_selector = given(fields);
        self
    }

    /// Over the objects of that name, wherever they are.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Self {
        let options =
            ListOptions { field_selector: Some(format!("metadata.name={name}")), ..ListOptions::default() };
        Self { resource: self.resource.clone(), options, notes: Vec::new() }
    }

    /// Would rows need a column for the namespace?
    pub(crate) fn spans_namespaces(&self) -> bool {
        self.resource.namespaced && self.options.namespace.is_none()
    }

    /// `pods (v1)`.
    pub(crate) fn kind(&self) -> String {
        format!("{} ({})", self.resource.plural, self.resource.api_version())
    }

    /// `namespace billing`, `all namespaces`, `cluster-wide`.
    pub(crate) fn place(&self) -> String {
        match &self.options.namespace {
            Some(namespace) => format!("namespace {namespace}"),
            None if self.resource.namespaced => "all namespaces".to_owned(),
            None => "cluster-wide".to_owned(),
        }
    }

    /// `label selector app=x`, `no selector`.
    pub(crate) fn selector(&self) -> String {
        let named = |what: &str, selector: &Option<String>| {
            selector.as_ref().map(|it| format!("{what} selector {it}"))
        };
        let parts: Vec<String> =
            [named("label", &self.options.label_selector), named("field", &self.options.field_selector)]
                .into_iter()
                .flatten()
                .collect();
        if parts.is_empty() { "no selector".to_owned() } else { parts.join(", ") }
    }

    /// As the query tools report it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "resource": self.resource.plural,
            "api_version": self.resource.api_version(),
            "namespace": self.options.namespace,
            "label_selector": self.options.label_selector,
            "field_selector": self.options.field_selector,
        })
    }
}
