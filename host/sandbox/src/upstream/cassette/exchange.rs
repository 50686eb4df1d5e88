//! One recorded exchange as it stands in its file, and when two requests are the same one.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::upstream::target::ServiceRequest;

/// A request and what it was answered with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// Of the upstream; none: as `cassette.json` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    pub(super) request: Request,
    pub(super) response: Response,
}

/// A request. No header of it is kept: that is where the token was.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Query::is_empty")]
    pub(super) query: Query,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
}

/// Names and values: an object, or pairs where a name stands twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Query {
    Object(BTreeMap<String, String>),
    Pairs(Vec<(String, String)>),
}

/// A response.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// Almost every body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
    /// A body that is no JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// What a request is looked up by; the order of its query says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    method: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Default for Query {
    fn default() -> Self {
        Self::Pairs(Vec::new())
    }
}

impl Response {
    /// As it was written down.
    pub(super) fn new(status: u16, headers: BTreeMap<String, String>, body: &str) -> Self {
        let parsed = serde_json::from_str(body).ok();
        let text = (parsed.is_none() && !body.is_empty()).then(|| body.to_owned());
        Self { status, headers, body: parsed, text }
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        self.body.as_ref().map(Value::to_string).or_else(|| self.text.clone()).unwrap_or_default()
    }
}

impl Query {
    pub(super) fn of(pairs: &[(String, String)]) -> Self {
        let object: BTreeMap<String, String> = pairs.iter().cloned().collect();
        if object.len() == pairs.len() { Self::Object(object) } else { Self::Pairs(pairs.to_vec()) }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Object(object) => object.is_empty(),
            Self::Pairs(pairs) => pairs.is_empty(),
        }
    }

    fn sorted(self) -> Vec<(String, String)> {
        let mut pairs = match self {
            Self::Object(object) => object.into_iter().collect(),
            Self::Pairs(pairs) => pairs,
        };
        pairs.sort();
        pairs
    }
}

impl Request {
    /// What it is looked up by, and the body that has to be the same.
    pub(super) fn split(self) -> (Key, Option<Value>) {
        let key = Key {
            method: self.method.to_ascii_uppercase(),
            path: self.path.to_lowercase(),
            query: self.query.sorted(),
        };
        (key, self.body)
    }
}

impl Key {
    pub(super) fn of(request: &ServiceRequest, query: &[(String, String)]) -> Self {
        let path = request.path().to_lowercase();
        Self { method: request.method.to_string(), path, query: Query::of(query).sorted() }
    }

    pub(super) fn same_path(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path
    }
}

/// `GET /subscriptions/…?api-version=2024-08-01`.
impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            write!(formatter, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// A body to compare: what is no JSON is compared as text.
pub(super) fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}
