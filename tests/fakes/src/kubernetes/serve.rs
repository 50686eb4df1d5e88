//! One request, from its credential to its answer.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

use super::{
    Asked, Decision, Mood, Shared,
    answer::{self, Form},
    form, log,
    rbac::{Attributes, User},
    review,
    status::Status,
    target::{self, Query, Target, truth},
};

/// Parameters that an API server knows of reads.
const PARAMETERS: [&str; 18] = [
    "limit",
    "continue",
    "labelSelector",
    "fieldSelector",
    "resourceVersion",
    "resourceVersionMatch",
    "timeoutSeconds",
    "pretty",
    "includeObject",
    "watch",
    "container",
    "previous",
    "timestamps",
    "tailLines",
    "limitBytes",
    "sinceSeconds",
    "sinceTime",
    "follow",
];

/// A request, taken apart.
struct Question<'a> {
    method: &'a Method,
    path: &'a str,
    query: Query,
    headers: &'a HeaderMap,
    body: &'a [u8],
    target: Option<Target>,
    verb: &'static str,
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = target::query(uri.query().unwrap_or_default());
    let target = Target::parse(uri.path());
    let named = target.as_ref().is_some_and(|target| target.name.is_some());
    let question = Question {
        verb: verb(&method, named || target.is_none(), truth(&query, "watch")),
        method: &method,
        path: uri.path(),
        query,
        headers: &headers,
        body: &body,
        target,
    };
    shared.log().violations.extend(question.violations());
    let user = shared.user(answer::header(&headers, &AUTHORIZATION).as_str());
    let (decision, answer) = match (shared.mood(), &user) {
        (Mood::Refuses(status), _) => {
            let refused = Status::new(status, "InternalError", "the fake refuses everything");
            (Decision::Refused, Err(refused))
        }
        (Mood::Serves, None) => (Decision::Unauthenticated, Err(Status::unauthorized())),
        (Mood::Serves, Some(user)) => match question.authorise(&shared, user) {
            Err(forbidden) => (Decision::Forbidden, Err(forbidden)),
            Ok(()) => (Decision::Allowed, question.serve(&shared, user)),
        },
    };
    let status = answer.as_ref().err().map_or(200, Status::code);
    shared.log().asked.push(question.asked(uri.query(), user, decision, status));
    answer.into_response()
}

fn verb(method: &Method, named: bool, watch: bool) -> &'static str {
    match (method.as_str(), named, watch) {
        ("GET" | "HEAD", true, _) => "get",
        ("GET" | "HEAD", false, true) => "watch",
        ("GET" | "HEAD", false, false) => "list",
        ("POST", ..) => "create",
        ("PUT", ..) => "update",
        ("PATCH", ..) => "patch",
        ("DELETE", true, _) => "delete",
        ("DELETE", false, _) => "deletecollection",
        _ => "unknown",
    }
}

impl Question<'_> {
    /// What no reader sends.
    fn violations(&self) -> Vec<String> {
        let Self { method, path, .. } = self;
        let mut broken = Vec::new();
        let review = self.target.as_ref().is_some_and(review::is_review) && *method == Method::POST;
        if !review && (*method != Method::GET || !self.body.is_empty()) {
            broken.push(format!("{method} {path} with {} bytes", self.body.len()));
        }
        if self.verb == "watch" || truth(&self.query, "follow") {
            broken.push(format!("a watch of {path}"));
        }
        let unknown = self.query.keys().filter(|name| !PARAMETERS.contains(&name.as_str()));
        broken.extend(unknown.map(|name| format!("the parameter `{name}` of {path}")));
        let headers = self.headers.keys().map(ToString::to_string);
        let headers = headers.filter(|name| name.starts_with("impersonate-"));
        broken.extend(headers.map(|name| format!("the header `{name}`")));
        if self.target.is_none() && !is_known(path) {
            broken.push(format!("the path {path}"));
        }
        broken
    }

    fn authorise(&self, shared: &Shared, user: &User) -> Result<(), Status> {
        let access = shared.access();
        let Some(target) = &self.target else {
            let permitted = access.permits(user, Attributes::Path { verb: self.verb, path: self.path });
            let refused = || Status::forbidden_path(&user.name, self.verb, self.path);
            return permitted.then_some(()).ok_or_else(refused);
        };
        // A list of one name is permitted by that name.
        let mut target = target.clone();
        if target.name.is_none() && ["list", "watch"].contains(&self.verb) {
            let selector = self.query.get("fieldSelector").map(String::as_str).unwrap_or_default();
            let exact = selector.split(',').find_map(|one| one.strip_prefix("metadata.name="));
            target.name = exact.map(|name| name.trim_start_matches('=').to_owned());
        }
        let permitted = access.permits(user, Attributes::Resource { verb: self.verb, target: &target });
        permitted.then_some(()).ok_or_else(|| Status::forbidden(&user.name, self.verb, &target))
    }

    fn serve(&self, shared: &Shared, user: &User) -> Result<Response, Status> {
        let form = answer::form(self.headers).ok_or_else(Status::not_acceptable)?;
        let content = shared.content();
        let Some(target) = &self.target else {
            return self.document(&content, form);
        };
        if let Some(unavailable) =
            content.unavailable(&target.group, Some(&target.version), Some(&target.plural))
        {
            return Err(unavailable);
        }
        let served = content.discovery.served(target).ok_or_else(Status::not_served)?;
        let misplaced = target.namespace.is_some() && !served.namespaced && target.plural != "namespaces";
        if misplaced || (target.name.is_some() && served.namespaced && target.namespace.is_none()) {
            return Err(Status::not_served());
        }
        if self.verb == "create" && review::is_review(target) {
            let review = review::answer(&shared.access(), user, target, self.body)?;
            return Ok((StatusCode::CREATED, answer::json_of(&review)).into_response());
        }
        if !["get", "list"].contains(&self.verb) || !served.verbs.iter().any(|verb| verb == self.verb) {
            return Err(Status::method_not_allowed());
        }
        let read = match (&target.name, target.subresource.as_deref()) {
            (Some(_), Some("log")) => {
                let text = log::log(&content, target, &self.query)?;
                return Ok(answer::raw("text/plain", text));
            }
            (Some(_), Some("proxy")) => {
                let name = target.name.as_deref().unwrap_or_default();
                let message = format!("no endpoints available for service \"{name}\"");
                return Err(Status::new(503, "ServiceUnavailable", message));
            }
            (Some(_), None | Some("status")) => {
                content.get(target).cloned().ok_or_else(|| Status::not_found(target))?
            }
            (_, Some(_)) => return Err(Status::not_served()),
            (None, None) => content.list(target, &served, &self.query, self.path, &mut shared.pages())?,
        };
        let read = match form {
            Form::Whole => read,
            Form::Table => form::table(&read, target, &self.query),
            Form::Metadata => form::metadata(&read),
            Form::Aggregated => return Err(Status::not_acceptable()),
        };
        Ok(answer::objects(&read, self.headers))
    }

    /// The version, discovery, or whether the server lives.
    fn document(&self, content: &super::content::Content, form: Form) -> Result<Response, Status> {
        let path = self.path.trim_matches('/');
        match path {
            "version" => return Ok(answer::json_of(&content.version)),
            "healthz" | "livez" | "readyz" => return Ok(answer::raw("text/plain", "ok")),
            "api" | "apis" if form == Form::Aggregated => {
                let all = content.discovery.aggregated(path).ok_or_else(Status::not_served)?;
                let media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
                return Ok(answer::raw(media, all.to_string()));
            }
            _ => {}
        }
        let mut parts = path.strip_prefix("apis/").unwrap_or_default().split('/');
        let group = parts.next().filter(|group| !group.is_empty());
        if let Some(unavailable) = group.and_then(|group| content.unavailable(group, parts.next(), None)) {
            return Err(unavailable);
        }
        let document = content.discovery.document(path).ok_or_else(Status::not_served)?;
        Ok(answer::json_of(document))
    }

    fn asked(&self, query: Option<&str>, user: Option<User>, decision: Decision, status: u16) -> Asked {
        let target = self.target.as_ref();
        let resource = target.map(|target| match target.group.as_str() {
            "" => target.rule_resource(),
            group => format!("{}.{group}", target.rule_resource()),
        });
        Asked {
            method: self.method.to_string(),
            path: self.path.to_owned(),
            query: query.unwrap_or_default().to_owned(),
            user: user.map(|user| user.name).unwrap_or_default(),
            verb: self.verb.to_owned(),
            resource: resource.unwrap_or_else(|| self.path.to_owned()),
            namespace: target.and_then(|target| target.namespace.clone()),
            name: target.and_then(|target| target.name.clone()),
            decision,
            status,
        }
    }
}

/// The version, discovery, and whether the server lives.
fn is_known(path: &str) -> bool {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    matches!(
        segments.as_slice(),
        ["version" | "healthz" | "livez" | "readyz" | "api" | "apis"]
            | ["api" | "apis", _]
            | ["apis", _, _]
            | ["openapi", "v3", ..]
    )
}
