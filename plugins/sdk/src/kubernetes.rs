//! Typed reads of a Kubernetes API, over [`Host::send`]: one upstream, its kinds, lists with paging, logs.

mod discovery;
mod page;
mod refusal;
mod resource;

use serde_json::Value;

use crate::{Host, Request};

use page::Detail;
pub use page::Page;
pub use refusal::ReadError;
use refusal::{read_json, read_text};
pub use resource::Resource;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// None: all namespaces.
    pub namespace: Option<String>,
    /// As the API server reads it.
    pub label_selector: Option<String>,
    /// As the API server reads it.
    pub field_selector: Option<String>,
}

/// How much of a log to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// None: the pod's only container.
    pub container: Option<String>,
    /// The instance before the last restart.
    pub previous: bool,
    /// Lines from the end.
    pub tail_lines: Option<u64>,
    /// Seconds back from now.
    pub since_seconds: Option<u64>,
    /// RFC 3339.
    pub since_time: Option<String>,
    /// Bytes at most.
    pub limit_bytes: Option<u64>,
    /// Prefix each line with its time.
    pub timestamps: bool,
}

/// Objects in a page: as many as `kubectl` asks for.
const PAGE: u32 = 500;

/// One cluster, by the upstream's name.
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    host: &'a Host,
    upstream: &'a str,
    detail: Detail,
}

impl<'a> Cluster<'a> {
    /// The upstream `kubernetes`.
    pub fn new(host: &'a Host) -> Self {
        Self::at(host, "kubernetes")
    }

    /// Another upstream of kind `kubernetes`.
    pub fn at(host: &'a Host, upstream: &'a str) -> Self {
        Self { host, upstream, detail: Detail::Full }
    }

    /// Lists without the API server's and kubectl's bookkeeping: which manager owns which field, and the last applied
    /// configuration. They are half of a list, and are not even parsed.
    #[must_use]
    pub fn lean(self) -> Self {
        Self { detail: Detail::Lean, ..self }
    }

    /// A GET of a path, as JSON.
    pub fn get_path(&self, path: &str) -> Result<Value, ReadError> {
        read_json(self.host.send(Request::get(self.upstream, path)))
    }

    /// One object.
    pub fn get(&self, resource: &Resource, namespace: Option<&str>, name: &str) -> Result<Value, ReadError> {
        self.get_path(&resource.path(namespace, Some(name)))
    }

    /// One page of a list.
    pub fn list_page(
        &self,
        resource: &Resource,
        options: &ListOptions,
        continue_token: Option<&str>,
    ) -> Result<Page, ReadError> {
        let answer = self.host.send(self.list_request(resource, options, continue_token));
        page::parse(resource, self.detail, answer)
    }

    /// Every object of a list, page by page. `visit` sees each page and may stop by returning false.
    pub fn list_pages(
        &self,
        resource: &Resource,
        options: &ListOptions,
        mut visit: impl FnMut(Page) -> bool,
    ) -> Result<(), ReadError> {
        let mut token: Option<String> = None;
        loop {
            let page = self.list_page(resource, options, token.as_deref())?;
            token.clone_from(&page.continue_token);
            if !visit(page) || token.is_none() {
                return Ok(());
            }
        }
    }

    /// Every object of a list, as `keep` makes them of each page. A server forgets a long list after some minutes:
    /// then it is read once more from the start.
    pub fn list_kept(
        &self,
        resource: &Resource,
        options: &ListOptions,
        keep: impl Fn(&mut Vec<Value>),
    ) -> Result<Vec<Value>, ReadError> {
        let read = || {
            let mut all = Vec::new();
            let ended = self.list_pages(resource, options, |mut page| {
                keep(&mut page.items);
                all.append(&mut page.items);
                true
            });
            (all, ended)
        };
        let (all, ended) = match read() {
            (begun, Err(ReadError::Invalid(_))) if !begun.is_empty() => read(),
            whole => whole,
        };
        ended.map(|()| all)
    }

    /// Every object of a list.
    pub fn list(&self, resource: &Resource, options: &ListOptions) -> Result<Vec<Value>, ReadError> {
        self.list_kept(resource, options, |_| {})
    }

    /// Several whole lists, their first pages read side by side.
    pub fn list_many(&self, wanted: &[(Resource, ListOptions)]) -> Vec<Result<Vec<Value>, ReadError>> {
        let requests =
            wanted.iter().map(|(resource, options)| self.list_request(resource, options, None)).collect();
        let first = self.host.send_all(requests);
        wanted
            .iter()
            .zip(first)
            .map(|((resource, options), answer)| {
                let mut page = page::parse(resource, self.detail, answer)?;
                let mut all = std::mem::take(&mut page.items);
                while let Some(token) = page.continue_token.take() {
                    page = match self.list_page(resource, options, Some(&token)) {
                        Err(ReadError::Invalid(_)) => return self.list(resource, options),
                        page => page?,
                    };
                    all.append(&mut page.items);
                }
                Ok(all)
            })
            .collect()
    }

    /// The end of a container's log, as text.
    pub fn logs(&self, namespace: &str, pod: &str, options: &LogOptions) -> Result<String, ReadError> {
        read_text(self.host.send(self.log_request(namespace, pod, options)))
    }

    /// Several logs, read side by side; answers keep the order.
    pub fn logs_many(&self, wanted: &[(String, String, LogOptions)]) -> Vec<Result<String, ReadError>> {
        let requests = wanted
            .iter()
            .map(|(namespace, pod, options)| self.log_request(namespace, pod, options))
            .collect();
        self.host.send_all(requests).into_iter().map(read_text).collect()
    }

    fn list_request(&self, resource: &Resource, options: &ListOptions, token: Option<&str>) -> Request {
        let mut request = Request::get(self.upstream, resource.path(options.namespace.as_deref(), None))
            .with_query("limit", PAGE.to_string());
        if let Some(selector) = &options.label_selector {
            request = request.with_query("labelSelector", selector);
        }
        if let Some(selector) = &options.field_selector {
            request = request.with_query("fieldSelector", selector);
        }
        if let Some(token) = token {
            request = request.with_query("continue", token);
        }
        request
    }

    fn log_request(&self, namespace: &str, pod: &str, options: &LogOptions) -> Request {
        let mut request =
            Request::get(self.upstream, format!("/api/v1/namespaces/{namespace}/pods/{pod}/log"));
        let numbers = [
            ("tailLines", options.tail_lines),
            ("sinceSeconds", options.since_seconds),
            ("limitBytes", options.limit_bytes),
        ];
        for (name, value) in numbers {
            if let Some(value) = value {
                request = request.with_query(name, value.to_string());
            }
        }
        if let Some(container) = &options.container {
            request = request.with_query("container", container);
        }
        if let Some(time) = &options.since_time {
            request = request.with_query("sinceTime", time);
        }
        for (name, wanted) in [("previous", options.previous), ("timestamps", options.timestamps)] {
            if wanted {
                request = request.with_query(name, "true");
            }
        }
        request
    }
}
