//! Credentials that are recognised by what they look like: key blocks, signed tokens, vendors' prefixes.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use regex::Regex;

use super::{Redactor, patch::Patch};

/// Every alternative begins with a literal, so that the search skips over ordinary text.
const TOKENS: &str = r"(?x)
    (?P<jwt>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*)
  | (?P<token>gh[pousr]_[A-Za-z0-9]{16,} | github_pat_[A-Za-z0-9_]{16,} | gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_.-]{16,}
      | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,} | sk-[A-Za-z0-9_-]{20,} | [sr]k_(?:live|test)_[A-Za-z0-9]{16,}
      | npm_[A-Za-z0-9]{30,} | hf_[A-Za-z0-9]{30,} | dop_v1_[a-f0-9]{32,} | hvs\.[A-Za-z0-9_-]{20,} | AIza[A-Za-z0-9_-]{30,}
      | hooks\.slack\.com/services/[A-Za-z0-9/]{20,})
  | (?P<cloud>(?:AKIA|ASIA)[0-9A-Z]{16} | AccountKey=[A-Za-z0-9+/=]{16,})
  | (?P<hash>\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53} | \$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22})
  | (?P<scheme>[Bb]earer\s+|BEARER\s+|[Bb]asic\s+|BASIC\s+)(?P<value>[A-Za-z0-9._~+/=-]{8,})";

static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TOKENS).ok());

const HINTS: [&str; 24] = [
    "eyJ",
    "gh",
    "gl",
    "xox",
    "xapp-",
    "sk-",
    "k_",
    "npm_",
    "hf_",
    "dop_v1_",
    "hvs.",
    "AIza",
    "hooks.slack",
    "AKIA",
    "ASIA",
    "AccountKey=",
    "$2",
    "$apr1$",
    "earer",
    "BEARER",
    "asic",
    "BASIC",
    "github_pat_",
    "rk_",
];

const BEGIN: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY";

/// Private keys in PEM, also with escaped line ends; one that is cut off takes the rest of the text with it.
pub(super) fn private_keys(redactor: &Redactor, text: &str) -> Option<(String, usize)> {
    if !text.contains(PRIVATE) {
        return None;
    }
    let mut patch = Patch::new(text);
    let mut from = 0_usize;
    while let Some(begin) =
        text.get(from..).and_then(|rest| rest.find(BEGIN)).map(|at| at.saturating_add(from))
    {
        let rest = text.get(begin..).unwrap_or_default();
        let label_end = rest.get(BEGIN.len()..).and_then(|label| label.find("-----"));
        let label_end = label_end.map_or(rest.len(), |at| at.saturating_add(BEGIN.len()));
        from = begin.saturating_add(BEGIN.len());
        if label_end > 80 || !rest.get(..label_end).is_some_and(|label| label.contains(PRIVATE)) {
            continue;
        }
        let end = rest
            .find("-----END ")
            .and_then(|at| {
                let after = at.saturating_add("-----END ".len());
                rest.get(after..)?.find("-----").map(|close| after.saturating_add(close).saturating_add(5))
            })
            .unwrap_or(rest.len());
        let block = rest.get(..end).unwrap_or_default();
        from = begin.saturating_add(end);
        patch.replace(begin, from, &redactor.placeholder("pem", block.as_bytes()));
    }
    patch.finish()
}

/// Tokens with a vendor's prefix, JWTs, password hashes, and what follows `Bearer` and `Basic`.
pub(super) fn redact(redactor: &Redactor, text: &str) -> Option<(String, usize)> {
    if !HINTS.iter().any(|hint| text.contains(hint)) {
        return None;
    }
    let mut patch = Patch::new(text);
    for found in SHAPES.as_ref()?.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        if let Some(value) = found.name("value") {
            let basic = found
                .name("scheme")
                .is_some_and(|scheme| scheme.as_str().to_lowercase().starts_with("basic"));
            if is_header_value(value.as_str(), basic) {
                patch.replace(
                    value.start(),
                    value.end(),
                    &redactor.placeholder("header", value.as_str().as_bytes()),
                );
            }
            continue;
        }
        let before = text.get(..whole.start()).and_then(|head| head.chars().next_back());
        if before.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && found.name("jwt").is_none()
            && found.name("hash").is_none()
            && !escaped_before(text, whole.start())
        {
            continue;
        }
        if let Some(key) = whole.as_str().strip_prefix("AccountKey=") {
            let start = whole.end().saturating_sub(key.len());
            patch.replace(start, whole.end(), &redactor.placeholder("conn", key.as_bytes()));
            continue;
        }
        let kind = ["jwt", "token", "cloud", "hash"].into_iter().find(|kind| found.name(kind).is_some());
        let kind = match kind {
            Some("cloud") => "cloud-key",
            Some(kind) => kind,
            None => "token",
        };
        patch.replace(whole.start(), whole.end(), &redactor.placeholder(kind, whole.as_str().as_bytes()));
    }
    patch.finish()
}

/// The letter before is the `n` of an escaped line end, not a part of a word.
fn escaped_before(text: &str, start: usize) -> bool {
    text.get(..start).is_some_and(|head| ["\\n", "\\t", "\\r"].iter().any(|escape| head.ends_with(escape)))
}

/// `Basic authentication` and `bearer token` are prose.
fn is_header_value(value: &str, basic: bool) -> bool {
    if basic {
        return STANDARD.decode(value).is_ok_and(|decoded| decoded.contains(&b':')) || value.ends_with('=');
    }
    value.bytes().any(|byte| byte.is_ascii_digit())
        || value.len() >= 24
        || value.bytes().any(|byte| byte.is_ascii_uppercase())
}
