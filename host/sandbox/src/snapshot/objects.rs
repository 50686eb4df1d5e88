//! Every object of one kind: a page in memory, redacted, and on to the disk.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::api::Refusal;
use super::files::Entry;
use super::kinds::Kind;
use super::pods::Pod;
use super::{RecordError, Recorder};

/// Objects of a page: what kubectl asks for, and what API servers are sized for.
const PAGE: usize = 500;

/// A page that is larger is asked for again in smaller pieces: Secrets of Helm have a megabyte each.
const LARGEST_PAGE: usize = 32 << 20;

/// By how much smaller.
const SMALLER: usize = 8;

/// A token that expires is one of a list that took minutes; a list that always does will not end.
const RESTARTS: u32 = 3;

/// What became of a kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Every object is recorded.
    Whole,
    /// Not permitted, in one of the namespaces at least.
    Forbidden,
    /// No complete list.
    Unavailable { status: u16, message: String },
}

/// What was read of a kind.
pub(super) struct Read {
    pub(super) outcome: Outcome,
    pub(super) objects: usize,
    /// Of core pods alone.
    pub(super) pods: Vec<Pod>,
}

/// Where in a list the next page begins, and how many objects it may have.
struct Place {
    token: Option<String>,
    limit: usize,
    restarts: u32,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(rename = "continue", default)]
    token: String,
}

impl Recorder<'_> {
    /// Records a kind. What is left of an interrupted list is removed: half of it would look like all.
    pub(super) async fn kind(&self, kind: &Kind) -> Result<Read, RecordError> {
        let entry = self.files.entry(&kind.file())?;
        let mut list = List { recorder: self, kind, entry, objects: 0, pods: Vec::new() };
        let namespaces = &self.options.namespaces;
        let scopes: Vec<Option<&str>> = if kind.namespaced && !namespaces.is_empty() {
            namespaces.iter().map(|namespace| Some(namespace.as_str())).collect()
        } else {
            vec![None]
        };
        let mut outcome = Outcome::Whole;
        for scope in scopes {
            match list.scope(scope).await? {
                Outcome::Whole => {}
                // The recording can say so of the kind as a whole only, and must not say less.
                Outcome::Forbidden => outcome = Outcome::Forbidden,
                failed @ Outcome::Unavailable { .. } => {
                    outcome = failed;
                    break;
                }
            }
        }
        let List { mut entry, mut objects, pods, .. } = list;
        if outcome != Outcome::Whole {
            self.budget.refund(entry.cut(0)?);
            objects = 0;
        }
        if objects == 0 {
            entry.discard()?;
        } else {
            entry.write(b"\n]}\n")?;
            entry.finish()?;
        }
        Ok(Read { outcome, objects, pods })
    }
}

struct List<'a> {
    recorder: &'a Recorder<'a>,
    kind: &'a Kind,
    entry: Entry,
    objects: usize,
    pods: Vec<Pod>,
}

impl List<'_> {
    /// All pages of the cluster, or of a namespace.
    async fn scope(&mut self, namespace: Option<&str>) -> Result<Outcome, RecordError> {
        let begin = (self.entry.mark(), self.objects, self.pods.len());
        let mut place = Place { token: None, limit: PAGE, restarts: 0 };
        loop {
            let limit = place.limit.to_string();
            let mut query = vec![("limit", limit.as_str())];
            query.extend(place.token.as_deref().map(|token| ("continue", token)));
            let answer = self.recorder.api.get(&self.kind.path(namespace), &query, LARGEST_PAGE).await;
            match answer {
                Ok(body) => match serde_json::from_slice::<Page<'_>>(&body) {
                    Ok(page) => {
                        for item in page.items.unwrap_or_default() {
                            self.item(item)?;
                        }
                        if page.metadata.token.is_empty() {
                            return Ok(Outcome::Whole);
                        }
                        place.token = Some(page.metadata.token);
                    }
                    Err(error) => return Ok(failed(503, format!("the list can not be read: {error}"))),
                },
                Err(Refusal::Expired) if place.token.is_some() && place.restarts < RESTARTS => {
                    self.recorder.budget.refund(self.entry.cut(begin.0)?);
                    self.objects = begin.1;
                    self.pods.truncate(begin.2);
                    place = Place { token: None, limit: place.limit, restarts: place.restarts + 1 };
                }
                Err(Refusal::TooLarge) if place.limit > 1 => place.limit = (place.limit / SMALLER).max(1),
                Err(Refusal::Unauthorized) => return Err(RecordError::Unauthorized),
                Err(Refusal::Forbidden(_)) => return Ok(Outcome::Forbidden),
                Err(Refusal::Expired) => return Ok(failed(410, "the list expires while it is read".into())),
                Err(Refusal::TooLarge) => {
                    return Ok(failed(503, format!("an object has more than {LARGEST_PAGE} bytes")));
                }
                Err(Refusal::Failed { status, message }) => return Ok(failed(status, message)),
            }
        }
    }

    fn item(&mut self, raw: &RawValue) -> Result<(), RecordError> {
        let Ok(mut object) = serde_json::from_str::<Value>(raw.get()) else { return Ok(()) };
        if self.kind.is("", "pods") {
            self.pods.extend(Pod::read(&object));
        }
        self.recorder.redaction.object(self.kind, &mut object);
        let text = object.to_string();
        let before: &[u8] = if self.objects == 0 {
            b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n"
        } else {
            b",\n"
        };
        if !self.recorder.budget.spend(before.len() + text.len()) {
            return Err(RecordError::TooLarge { limit: self.recorder.budget.limit });
        }
        self.entry.write(before)?;
        self.entry.write(text.as_bytes())?;
        self.objects += 1;
        Ok(())
    }
}

fn failed(status: u16, message: String) -> Outcome {
    Outcome::Unavailable { status, message }
}
