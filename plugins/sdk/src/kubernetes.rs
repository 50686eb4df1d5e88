//! Typed reads of a Kubernetes API, over [`Host::send`]: one upstream, its kinds, lists with paging, logs.

use serde::Deserialize;
use serde_json::Value;

use crate::{ErrorKind, Host, Request, Response, ToolError};

/// A kind as discovery tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Empty for the core group.
    pub group: String,
    /// For example `v1`.
    pub version: String,
    /// For example `deployments`.
    pub plural: String,
    /// For example `deployment`.
    pub singular: String,
    /// For example `Deployment`.
    pub kind: String,
    /// For example `deploy`.
    pub short_names: Vec<String>,
    /// Does an object live in a namespace?
    pub namespaced: bool,
    /// Can it be listed?
    pub listable: bool,
}

impl Resource {
    /// A kind that needs no discovery, because every cluster serves it.
    pub fn known(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_ascii_lowercase(),
            kind: kind.to_owned(),
            short_names: Vec::new(),
            namespaced,
            listable: true,
        }
    }

    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of the collection, or of one object in it.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if let (true, Some(namespace)) = (self.namespaced, namespace) {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

/// Why a read of the cluster gave nothing. Forbidden is its own answer: it never means "does not exist".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A served kind, but no such object.
    NotFound(String),
    /// The cluster does not serve this kind.
    NoSuchKind(String),
    /// The cluster, or the host's policy, does not permit the read.
    Forbidden(String),
    /// The cluster refused the credential.
    Unauthorized(String),
    /// Time-out, overload or a broken answer.
    Unavailable(String),
    /// The recording did not capture this.
    NotRecorded(String),
    /// The request itself made no sense to the cluster (a bad selector, an expired page).
    Invalid(String),
}

impl ReadError {
    /// The text for a person or a model.
    pub fn message(&self) -> &str {
        match self {
            Self::NotFound(text)
            | Self::NoSuchKind(text)
            | Self::Forbidden(text)
            | Self::Unauthorized(text)
            | Self::Unavailable(text)
            | Self::NotRecorded(text)
            | Self::Invalid(text) => text,
        }
    }
}

impl From<ReadError> for ToolError {
    fn from(error: ReadError) -> Self {
        let kind = match &error {
            ReadError::NotFound(_) | ReadError::NoSuchKind(_) | ReadError::NotRecorded(_) => {
                ErrorKind::NotFound
            }
            ReadError::Forbidden(_) => ErrorKind::PolicyDenied,
            ReadError::Unauthorized(_) => ErrorKind::Unauthorized,
            ReadError::Unavailable(_) => ErrorKind::Unavailable,
            ReadError::Invalid(_) => ErrorKind::InvalidArguments,
        };
        Self { retryable: kind == ErrorKind::Unavailable, ..Self::new(kind, error.message()) }
    }
}

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

/// One page of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Objects of the page, each with `apiVersion` and `kind` filled in.
    pub items: Vec<Value>,
    /// Where the next page begins.
    pub continue_token: Option<String>,
    /// How many objects follow, if the server tells.
    pub remaining: Option<u64>,
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
}

impl<'a> Cluster<'a> {
    /// The upstream `kubernetes`.
    pub fn new(host: &'a Host) -> Self {
        Self { host, upstream: "kubernetes" }
    }

    /// Another upstream of kind `kubernetes`.
    pub fn at(host: &'a Host, upstream: &'a str) -> Self {
        Self { host, upstream }
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
        parse_page(resource, answer)
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

    /// Every object of a list.
    pub fn list(&self, resource: &Resource, options: &ListOptions) -> Result<Vec<Value>, ReadError> {
        let mut all = Vec::new();
        self.list_pages(resource, options, |page| {
            all.extend(page.items);
            true
        })?;
        Ok(all)
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
                let mut page = parse_page(resource, answer)?;
                let mut all = std::mem::take(&mut page.items);
                while let Some(token) = page.continue_token.take() {
                    page = self.list_page(resource, options, Some(&token))?;
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

    /// Every kind that the cluster serves, core group first, then in discovery's order, each group in its
    /// preferred version. A group that does not answer is left out.
    pub fn resources(&self) -> Result<Vec<Resource>, ReadError> {
        let core = self.get_path("/api")?;
        let core_version = core.pointer("/versions/0").and_then(Value::as_str).unwrap_or("v1").to_owned();
        let mut versions = vec![(String::new(), core_version)];
        let groups: GroupList = serde_json::from_value(self.get_path("/apis")?)
            .map_err(|error| ReadError::Unavailable(format!("discovery is not readable: {error}")))?;
        versions.extend(groups.groups.into_iter().filter_map(|group| {
            let version = group.preferred_version.or_else(|| group.versions.into_iter().next())?;
            Some((group.name, version.version))
        }));
        let requests = versions
            .iter()
            .map(|(group, version)| {
                let path = if group.is_empty() {
                    format!("/api/{version}")
                } else {
                    format!("/apis/{group}/{version}")
                };
                Request::get(self.upstream, path)
            })
            .collect();
        let mut resources = Vec::new();
        for ((group, version), answer) in versions.iter().zip(self.host.send_all(requests)) {
            let Ok(list) = read_json(answer) else { continue };
            let Ok(list) = serde_json::from_value::<ResourceList>(list) else { continue };
            resources.extend(list.resources.into_iter().filter(|resource| !resource.name.contains('/')).map(
                |resource| Resource {
                    group: group.clone(),
                    version: version.clone(),
                    singular: if resource.singular_name.is_empty() {
                        resource.kind.to_ascii_lowercase()
                    } else {
                        resource.singular_name
                    },
                    listable: resource.verbs.iter().any(|verb| verb == "list"),
                    plural: resource.name,
                    kind: resource.kind,
                    short_names: resource.short_names,
                    namespaced: resource.namespaced,
                },
            ));
        }
        Ok(resources)
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

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<Version>,
    preferred_version: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiResource {
    name: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    namespaced: bool,
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
}

fn parse_page(resource: &Resource, answer: Result<Response, ToolError>) -> Result<Page, ReadError> {
    let mut list = read_json(answer)?;
    let mut items = match list.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    for item in &mut items {
        if let Some(object) = item.as_object_mut() {
            object.entry("apiVersion").or_insert_with(|| Value::String(resource.api_version()));
            object.entry("kind").or_insert_with(|| Value::String(resource.kind.clone()));
        }
    }
    let token = list.pointer("/metadata/continue").and_then(Value::as_str);
    Ok(Page {
        items,
        continue_token: token.filter(|token| !token.is_empty()).map(str::to_owned),
        remaining: list.pointer("/metadata/remainingItemCount").and_then(Value::as_u64),
    })
}

fn read_json(answer: Result<Response, ToolError>) -> Result<Value, ReadError> {
    let response = succeeded(answer)?;
    response.json().map_err(|error| ReadError::Unavailable(error.message))
}

fn read_text(answer: Result<Response, ToolError>) -> Result<String, ReadError> {
    let response = succeeded(answer)?;
    response.text().map_err(|error| ReadError::Unavailable(error.message))
}

fn succeeded(answer: Result<Response, ToolError>) -> Result<Response, ReadError> {
    let response = answer.map_err(|error| {
        if error.kind == ErrorKind::PolicyDenied {
            ReadError::Forbidden(error.message)
        } else if error.kind == ErrorKind::Unauthorized {
            ReadError::Unauthorized(error.message)
        } else {
            ReadError::Unavailable(error.message)
        }
    })?;
    if (200..300).contains(&response.status()) { Ok(response) } else { Err(refusal(response)) }
}

/// Reads a `Status` into what it means for the reader.
fn refusal(response: Response) -> ReadError {
    let code = response.status();
    let status: Value = response.json().unwrap_or(Value::Null);
    let message = status.get("message").and_then(Value::as_str).unwrap_or_default();
    let message =
        if message.is_empty() { format!("the API server answered {code}") } else { message.to_owned() };
    let reason = status.get("reason").and_then(Value::as_str).unwrap_or_default();
    match code {
        // The API server answers an unknown path with a bare 404 of no particular object.
        404 if reason == "NotRecorded" => ReadError::NotRecorded(message),
        404 if status.pointer("/details/name").is_some() => ReadError::NotFound(message),
        404 => ReadError::NoSuchKind(message),
        401 => ReadError::Unauthorized(message),
        403 => ReadError::Forbidden(message),
        400 | 410 | 422 => ReadError::Invalid(message),
        _ => ReadError::Unavailable(message),
    }
}
