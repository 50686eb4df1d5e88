//! What a guest may see of a service's answer: a few headers, and a body without credentials.

use std::borrow::Cow;

use http::HeaderMap;

use super::{Kind, SendError};
use crate::redact::{self, Placeholder};

/// Response headers that a guest may see; the rest, cookies and redirects included, stays here.
const HEADERS: [&str; 12] = [
    "content-type",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "warning",
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "x-ms-user-quota-remaining",
    "x-ms-user-quota-resets-after",
    "x-ms-resource-graph-request-id",
    "x-ms-throttling-version",
];

/// One header for each of Resource Manager's many budgets.
const BUDGETS: &str = "x-ms-ratelimit-remaining-";

/// Whether a guest may see the header of this name, in lower case.
pub(super) fn is_shown(name: &str) -> bool {
    HEADERS.contains(&name) || name.starts_with(BUDGETS)
}

/// The headers that a guest may see.
pub(super) fn headers(headers: &HeaderMap, redact: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let shown = headers.iter().filter(|(name, _)| is_shown(name.as_str()));
    shown.filter_map(|(name, value)| Some((name.to_string(), redact(value.to_str().ok()?)))).collect()
}

/// The body as a guest may see it. Logs are masked by shape. What describes resources either parses and is masked, or is withheld; an
/// error in a proxy's own words describes none.
pub(super) fn body<'a>(
    kind: Kind,
    status: u16,
    text: &'a str,
    placeholder: &Placeholder<'_>,
) -> Result<Cow<'a, str>, SendError> {
    if text.trim().is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    if !kind.describes_resources() {
        return Ok(redact::azure::logs::mask(text, placeholder));
    }
    match redact::azure::mask(text, placeholder) {
        Ok(masked) => Ok(masked),
        Err(_) if status >= 400 => Ok(redact::azure::logs::mask(text, placeholder)),
        Err(error) => Err(SendError::Withheld(error.to_string())),
    }
}
