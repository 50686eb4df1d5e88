//! Masks credentials in what Azure says about resources: by the names of properties, and by shapes that nothing but
//! a credential has. What merely refers to one (`keyVaultUri`, `secretName`) stays readable.

pub(crate) mod logs;
mod names;
mod shapes;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::names::{is_reference, is_secret, is_secret_id};
use super::{MaskError, Placeholder};

/// The placeholder's kind.
const KIND: &str = "azure";

/// Documents in strings of documents that are looked into; what lies deeper is masked whole.
const DEEPEST: usize = 4;

/// Values that stand for themselves where a credential might have stood.
const HARMLESS: [&str; 5] = ["", "true", "false", "null", "none"];

/// Siblings of a `key` that names something: a setting, what a rate limit counts, a label.
const NAMED: [&str; 4] = ["value", "values", "renewalPeriod", "operator"];

/// The text of one JSON document without credentials; unchanged text when there are none.
pub(crate) fn mask<'a>(text: &'a str, placeholder: &Placeholder<'_>) -> Result<Cow<'a, str>, MaskError> {
    let mut document: Value = serde_json::from_str(text)?;
    // The depth is bounded by the parser's own recursion limit, here and in every string.
    if (Walk { placeholder, depth: DEEPEST }).value(&mut document) {
        Ok(Cow::Owned(document.to_string()))
    } else {
        Ok(Cow::Borrowed(text))
    }
}

/// A way through a document. Each step is true when something was masked.
#[derive(Clone, Copy)]
struct Walk<'a> {
    placeholder: &'a Placeholder<'a>,
    depth: usize,
}

impl Walk<'_> {
    fn value(self, value: &mut Value) -> bool {
        match value {
            Value::Array(items) => items.iter_mut().fold(false, |masked, item| self.value(item) | masked),
            Value::Object(object) => self.object(object),
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn object(self, object: &mut Map<String, Value>) -> bool {
        // An entry of a list of settings: the name stands beside the value.
        let has_value = object.contains_key("value");
        let speaks = |key: &&str| object.get(*key).and_then(Value::as_str).is_some_and(is_secret);
        let secure = object
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("secure")));
        let pair =
            has_value && (secure || object.contains_key("keyName") || ["name", "key"].iter().any(speaks));
        let key_is_name = NAMED.iter().any(|sibling| object.contains_key(*sibling));
        let mut masked = false;
        for (key, value) in object.iter_mut() {
            let address =
                is_secret_id(key) && value.as_str().is_some_and(|text| text.starts_with("https://"));
            let named = is_secret(key) && !(key_is_name && key == "key") && !address;
            masked |= if named || (pair && key == "value") { self.hide(value) } else { self.value(value) };
        }
        masked
    }

    /// Masks every string below a secret's name, but for those that say what it is called and where it is.
    fn hide(self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.replace(text),
            Value::Array(items) => items.iter_mut().fold(false, |masked, item| self.hide(item) | masked),
            Value::Object(object) => object.iter_mut().fold(false, |masked, (key, value)| {
                let reference = value.is_string() && is_reference(key) && !is_secret(key);
                masked | if reference { self.value(value) } else { self.hide(value) }
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// A text of which nothing is known but what it is: a document, a credential by its shape, or harmless.
    fn text(self, text: &mut String) -> bool {
        if text.trim_start().starts_with(['{', '[']) {
            match serde_json::from_str::<Value>(text) {
                Ok(_) if self.depth == 0 => return self.replace(text),
                Ok(mut document) => {
                    let masked = Self { depth: self.depth - 1, ..self }.value(&mut document);
                    if masked {
                        *text = document.to_string();
                    }
                    return masked;
                }
                // A document that is too deep to be looked at is not let through for that.
                Err(error) if error.to_string().starts_with("recursion limit") => return self.replace(text),
                Err(_) => {}
            }
        }
        shapes::is_in(text) && self.replace(text)
    }

    fn replace(self, text: &mut String) -> bool {
        let masked = text.starts_with("<redacted:") && text.ends_with('>');
        let harmless = HARMLESS.iter().any(|word| word.eq_ignore_ascii_case(text));
        let reference = text.starts_with("/subscriptions/") || is_public_key(text);
        if masked || harmless || (reference && !shapes::is_in(text)) {
            return false;
        }
        *text = (self.placeholder)(KIND, text.as_bytes());
        true
    }
}

/// A line of `authorized_keys`.
fn is_public_key(text: &str) -> bool {
    let named = text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-");
    named
        && text.split(' ').nth(1).is_some_and(|key| key.starts_with("AAAA"))
        && text.trim_end().lines().count() == 1
}
