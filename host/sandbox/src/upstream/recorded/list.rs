//! Lists: selection, pages, and the answer put together from the objects' own bytes.

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::kubernetes::KubernetesRequest;
use super::catalog::Kind;
use super::object::{Object, Place};
use super::spool::Store;
use super::{Answer, fields, labels, object, status};
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
    (objects, store): (&[Object], &Store),
    query: &[(String, String)],
    placeholder: &Placeholder<'_>,
) -> Answer {
    match page(request, (objects, store), query) {
        Ok(page) => render(kind, &page, store, placeholder),
        Err(problem) => status::bad_request(&problem),
    }
}

struct Page<'a> {
    objects: Vec<&'a Object>,
    proceed: Option<String>,
    remaining: Option<usize>,
}

/// An object that selectors look into; it is read when the first one does.
pub(super) struct Selected<'a> {
    pub(super) object: &'a Object,
    store: &'a Store,
    raw: OnceCell<Cow<'a, [u8]>>,
}

impl Selected<'_> {
    /// Empty when it cannot be read: then nothing matches it, and building the answer tells why.
    pub(super) fn raw(&self) -> &[u8] {
        self.raw.get_or_init(|| self.object.raw(self.store).unwrap_or_default())
    }
}

fn page<'a>(
    request: &KubernetesRequest,
    (objects, store): (&'a [Object], &'a Store),
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
    let scope = scope(objects, request.namespace.as_deref(), start.as_deref());
    let mut selected = scope.iter().filter(|object| {
        let selected = Selected { object, store, raw: OnceCell::new() };
        terms.iter().all(|term| term.matches(&selected))
            && (labels.is_empty() || matches_labels(&labels, selected.raw()))
    });
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let page: Vec<&Object> = selected.by_ref().take(limit).collect();
    // With a selector an API server cannot know, and does not say, how many remain.
    let counted = labels.is_empty() && terms.is_empty();
    let rest = if counted { scope.len() - page.len() } else { usize::from(selected.next().is_some()) };
    let last = page.last().filter(|_| rest > 0);
    let proceed = last.map(|object| token(object.key())).transpose()?;
    Ok(Page { proceed, remaining: (rest > 0 && counted).then_some(rest), objects: page })
}

/// The objects of a namespace behind a page's last one: together, because they are in order.
fn scope<'a>(objects: &'a [Object], namespace: Option<&str>, start: Option<&str>) -> &'a [Object] {
    let from = |key: &str| objects.partition_point(|object| object.key() < key);
    // `0` is what comes behind `/`.
    let (first, end) = match namespace {
        Some(namespace) => (from(&format!("{namespace}/")), from(&format!("{namespace}0"))),
        None => (0, objects.len()),
    };
    let after = start.map_or(0, |start| objects.partition_point(|object| object.key() <= start));
    objects.get(first.max(after)..end).unwrap_or_default()
}

fn matches_labels(selector: &[labels::Requirement], raw: &[u8]) -> bool {
    let labels = object::labels(raw);
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

fn render(kind: &Kind, page: &Page<'_>, store: &Store, placeholder: &Placeholder<'_>) -> Answer {
    let mut metadata = json!({"resourceVersion": RESOURCE_VERSION});
    if let Some(fields) = metadata.as_object_mut() {
        fields.extend(page.proceed.clone().map(|token| ("continue".to_owned(), token.into())));
        fields.extend(page.remaining.map(|count| ("remainingItemCount".to_owned(), count.into())));
    }
    let head = json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.group_version(), "metadata": metadata});
    let mut body = head.to_string().into_bytes();
    body.pop();
    body.extend_from_slice(b",\"items\":[");
    for (index, object) in page.objects.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        if let Err(withheld) = append(&mut body, object, store, placeholder) {
            return withheld;
        }
    }
    body.extend_from_slice(b"]}");
    Answer::json(200, body.into())
}

fn append(
    body: &mut Vec<u8>,
    object: &Object,
    store: &Store,
    placeholder: &Placeholder<'_>,
) -> Result<(), Answer> {
    if let Place::Stored(span) = object.place {
        return store.read(span, body).map_err(|error| status::unreadable(&error));
    }
    let raw = object.raw(store).map_err(|error| status::unreadable(&error))?;
    let masked =
        redact::mask_secrets(&raw, placeholder).map_err(|error| status::withheld(&error.to_string()))?;
    body.extend_from_slice(masked.trim_ascii_end());
    Ok(())
}
