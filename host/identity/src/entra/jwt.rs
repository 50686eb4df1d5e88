//! A look at a token's claims. Nothing is verified: what is read here explains, and never decides about access.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The claims of a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// None: it is not a signed JWT.
    pub(super) fn peek(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() || !matches!(decode(header)?, Value::Object(_)) {
            return None;
        }
        match decode(payload)? {
            Value::Object(claims) => Some(Self(claims)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    /// A claim that is a text; of a list, its texts with spaces between.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(texts) => {
                let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                (!texts.is_empty()).then(|| texts.join(" "))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        }
    }

    /// A claim that is a moment, in seconds since 1970.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        // Some issuers write a fraction.
        value
            .as_u64()
            .or_else(|| value.as_f64().map(Duration::try_from_secs_f64)?.ok().map(|since| since.as_secs()))
    }

    /// The same as a moment of the wall clock.
    pub(super) fn moment(&self, name: &str) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.seconds(name)?))
    }
}

fn decode(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A token with these claims and a signature that nobody checks.
    pub(in crate::entra) fn token(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims))
    }

    #[test]
    fn claims_are_read_without_a_check_of_the_signature() {
        let claims =
            Claims::peek(&token(&json!({"aud": ["a", "b"], "sub": "s", "exp": 1_700_000_000.5}))).unwrap();
        assert_eq!(claims.text("aud").as_deref(), Some("a b"));
        assert_eq!(claims.text("sub").as_deref(), Some("s"));
        assert_eq!(claims.seconds("exp"), Some(1_700_000_000));
        assert_eq!(claims.text("exp"), None);
        assert_eq!(claims.seconds("sub"), None);
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        let whole = token(&json!({"aud": "a"}));
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            "e30.e30",
            "e30.e30.",
            "e30.W10.x",
            "e30.e30.x.y",
            whole.trim_start_matches('e'),
        ] {
            assert_eq!(Claims::peek(text), None, "{text}");
        }
        assert!(Claims::peek("e30.e30.x").is_some());
    }

    #[test]
    fn moments_beyond_any_clock_are_none() {
        let claims = Claims::peek(&token(&json!({"exp": u64::MAX, "nbf": -1, "iat": 1e300}))).unwrap();
        assert_eq!(claims.moment("exp"), None);
        assert_eq!(claims.moment("nbf"), None);
        assert_eq!(claims.moment("iat"), None);
    }
}
