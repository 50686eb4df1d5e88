//! What providers put into an error, wherever they put it.

use serde_json::Value;

use crate::endpoint::Endpoint;

/// As much of an unknown body as a person needs to recognise it.
const QUOTED_CHARACTERS: usize = 500;

/// An error's body: `{"error": {…}}`, API Management's `{"statusCode", "message"}`, or plain text.
pub(super) struct Body {
    pub(super) code: String,
    pub(super) message: String,
    param: String,
    /// Everything in lower case, for the texts of which no code exists.
    all: String,
}

impl Body {
    pub(super) fn read(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let error = json.get("error").unwrap_or(&json);
        let word = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = if error.is_string() { word(Some(error)) } else { word(error.get("message")) };
        let code = word(error.get("code").filter(|code| !code.is_null()).or_else(|| error.get("type")));
        let message = if message.is_empty() { text.to_owned() } else { message };
        Self { code, message, param: word(error.get("param")), all: text.to_ascii_lowercase() }
    }

    /// Whether a text of lower-case letters is anywhere in the body.
    pub(super) fn has(&self, text: &str) -> bool {
        self.all.contains(text)
    }

    /// The categories that Azure marks as filtered, as ` (violence)`.
    pub(super) fn filtered_categories(&self) -> String {
        let body: Value = serde_json::from_str(&self.all).unwrap_or_default();
        let inner = ["innererror", "inner_error"].iter().find_map(|name| body.get("error")?.get(name));
        let results = inner.and_then(|inner| inner.get("content_filter_result")).and_then(Value::as_object);
        let filtered = |value: &Value| value.get("filtered").and_then(Value::as_bool).unwrap_or(false);
        let names = results.into_iter().flatten().filter(|(_, value)| filtered(value));
        let names = names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        if names.is_empty() { names } else { format!(" ({names})") }
    }

    /// The parameter that a 400 is about.
    pub(super) fn unsupported(&self) -> Option<String> {
        let refuses =
            ["unrecognized", "unknown", "unsupported", "not supported", "not permitted", "not allowed"];
        let refuses = refuses.iter().any(|word| self.message.to_ascii_lowercase().contains(word));
        if self.param == "stream_options" || (refuses && self.message.contains("stream_options")) {
            return Some("stream_options".to_owned());
        }
        // Of models that do not reason.
        if self.has("encrypted content is not supported") {
            return Some("include".to_owned());
        }
        if self.has("thinking.type.") && self.has("is not supported for this model") {
            return Some("thinking".to_owned());
        }
        for name in ["temperature", "top_p"] {
            if self.has(&format!("`{name}` is deprecated for this model")) {
                return Some(name.to_owned());
            }
        }
        let coded = matches!(self.code.as_str(), "unsupported_parameter" | "unsupported_value");
        // Responses leaves the code out.
        let said = ["unsupported parameter", "unsupported value"];
        let said = said.iter().any(|word| self.message.to_ascii_lowercase().starts_with(word));
        ((coded || said) && !self.param.is_empty()).then(|| self.param.clone())
    }

    /// What stands between two backticks or quotes and is a GUID: the principal that Azure names.
    pub(super) fn principal(&self) -> Option<&str> {
        let words = self.message.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
        words.into_iter().find(|word| {
            let parts: Vec<usize> = word.split('-').map(str::len).collect();
            parts == [8, 4, 4, 4, 12]
        })
    }

    /// The provider's own words: without secrets and control characters, and not too many.
    pub(super) fn quoted(&self, endpoint: &Endpoint) -> String {
        let text = endpoint.redact(&self.message);
        let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED_CHARACTERS);
        let clean: String = clean.collect();
        let clean = clean.trim().trim_end_matches('.');
        if clean.is_empty() { "no reason given".to_owned() } else { clean.to_owned() }
    }
}
