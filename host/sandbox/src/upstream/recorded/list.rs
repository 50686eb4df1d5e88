//! Lists: selection, pages, and the answer put together from the objects' own bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::kubernetes::KubernetesRequest;
use super::catalog::Kind;
use super::object::Object;
use super::{Answer, fields, labels, status};
use crate::redact::{self, Placeholder};

/// A recording has one state; the value is opaque to clients.
const RESOURCE_VERSION: &str = "1";

/// What a continue token holds, in the API server's own form.
#[derive(Serialize, Deserialize)]
struct Position {
    v: String,
    rv: i64,
    start: String,
}

/// The selected objects as one page of a typed list.
pub(super) fn answer(
    request: &KubernetesRequest,
    kind: &Kind,
    objects: &[Object],
    query: &[(String, String)],
    placeholder: &Placeholder<'_>,
) -> Answer {
    match page(request, objects, query) {
        Ok(page) => render(kind, &page, placeholder),
        Err(problem) => status::bad_request(&problem),
    }
}

struct Page<'a> {
    objects: Vec<&'a Object>,
    proceed: Option<String>,
    remaining: Option<usize>,
}

fn page<'a>(
    request: &KubernetesRequest,
    objects: &'a [Object],
    query: &[(String, String)],
) -> Result<Page<'a>, String> {
    let parameter = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let labels = labels::parse(parameter("labelSelector").unwrap_or_default())?;
    let selector = parameter("fieldSelector").unwrap_or_default();
    let terms = fields::parse(selector, &request.group, &request.resource)?;
    let limit = match parameter("limit") {
        Some(text) => {
            text.parse::<i64>().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?
        }
        None => 0,
    };
    let start = parameter("continue").map(position).transpose()?;
    let mut selected = objects
        .iter()
        .filter(|object| request.namespace.as_deref().is_none_or(|namespace| object.namespace() == namespace))
        .filter(|object| start.as_deref().is_none_or(|start| object.key() > start))
        .filter(|object| terms.iter().all(|term| term.matches(object)))
        .filter(|object| labels.is_empty() || matches_labels(&labels, object));
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let page: Vec<&Object> = selected.by_ref().take(limit).collect();
    let rest = selected.count();
    let last = page.last().filter(|_| rest > 0);
    // With a selector an API server cannot know, and does not say, how many remain.
    let counted = labels.is_empty() && terms.is_empty();
    let proceed = last.map(|object| token(object.key())).transpose()?;
    Ok(Page { proceed, remaining: (rest > 0 && counted).then_some(rest), objects: page })
}

fn matches_labels(selector: &[labels::Requirement], object: &Object) -> bool {
    let labels = object.labels();
    selector.iter().all(|requirement| requirement.matches(&labels))
}

fn token(key: &str) -> Result<String, String> {
    let position = Position { v: "meta.k8s.io/v1".into(), rv: 1, start: format!("{key}\0") };
    serde_json::to_vec(&position).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|error| error.to_string())
}

fn position(token: &str) -> Result<String, String> {
    let invalid = |why: String| format!("invalid continue token: continue key is not valid: {why}");
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|error| invalid(error.to_string()))?;
    let position: Position = serde_json::from_slice(&json).map_err(|error| invalid(error.to_string()))?;
    if position.v != "meta.k8s.io/v1" {
        return Err(invalid(format!("server does not recognize this encoded version {:?}", position.v)));
    }
    position.start.strip_suffix('\0').map(str::to_owned).ok_or_else(|| invalid("invalid start key".into()))
}

fn render(kind: &Kind, page: &Page<'_>, placeholder: &Placeholder<'_>) -> Answer {
    let mut metadata = json!({"resourceVersion": RESOURCE_VERSION});
    if let Some(fields) = metadata.as_object_mut() {
        fields.extend(page.proceed.clone().map(|token| ("continue".to_owned(), token.into())));
        fields.extend(page.remaining.map(|count| ("remainingItemCount".to_owned(), count.into())));
    }
    let head = json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.group_version(), "metadata": metadata});
    let mut body = head.to_string().into_bytes();
    body.pop();
    body.reserve(page.objects.iter().map(|object| object.raw.len() + 1).sum::<usize>() + 12);
    body.extend_from_slice(b",\"items\":[");
    for (index, object) in page.objects.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        if object.secret {
            match redact::mask_secrets(&object.raw, placeholder) {
                Ok(masked) => body.extend_from_slice(masked.trim_ascii_end()),
                Err(error) => return status::withheld(&error.to_string()),
            }
        } else {
            body.extend_from_slice(&object.raw);
        }
    }
    body.extend_from_slice(b"]}");
    Answer::json(200, body.into())
}
