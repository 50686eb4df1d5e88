//! Two forms of a successful answer, rebuilt so that `azure_identity` reads what it expects.
//!
//! It refuses an integer where the metadata service used to give a string, wants members that some services
//! leave out, and adds whatever number it finds to the clock, which an absurd one overflows.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

/// Longer than any token lives; a number above it is nonsense.
const LONGEST_LIFE_SECONDS: i64 = 10 * 365 * 24 * 3600;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Entra's token endpoint: `expires_in`.
    Entra,
    /// The metadata service and App Service: `expires_on`.
    ManagedIdentity,
}

impl Dialect {
    /// The answer as the library expects it, and `refresh_in`. None: it holds no token, or no expiry.
    pub(super) fn rebuild(self, body: &[u8]) -> Option<(Vec<u8>, Option<Duration>)> {
        let answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let token = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())?;
        let lifetime = answer.get("expires_in").and_then(integer);
        let rebuilt = match self {
            Self::Entra => {
                let lifetime = lifetime?.clamp(0, LONGEST_LIFE_SECONDS);
                json!({
                    "access_token": token,
                    "expires_in": lifetime,
                    "ext_expires_in": lifetime,
                    "token_type": "Bearer",
                })
            }
            Self::ManagedIdentity => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
                let now = i64::try_from(now.as_secs()).ok()?;
                let given = answer.get("expires_on").and_then(integer);
                let end = given.or_else(|| lifetime?.checked_add(now))?;
                let end = end.clamp(0, now.saturating_add(LONGEST_LIFE_SECONDS));
                let resource = answer.get("resource").and_then(Value::as_str).unwrap_or_default();
                json!({
                    "access_token": token,
                    "expires_on": end.to_string(),
                    "resource": resource,
                    "token_type": "Bearer",
                })
            }
        };
        let refresh_in = answer.get("refresh_in").and_then(integer).filter(|seconds| *seconds > 0);
        let refresh_in = refresh_in.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        Some((serde_json::to_vec(&rebuilt).ok()?, refresh_in))
    }
}

/// A whole number, as a number or as a string.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuilt(dialect: Dialect, body: &str) -> Option<Value> {
        dialect.rebuild(body.as_bytes()).map(|(body, _)| serde_json::from_slice(&body).expect("JSON"))
    }

    #[test]
    fn numbers_may_be_strings_and_missing_members_are_added() {
        let answer = rebuilt(Dialect::ManagedIdentity, r#"{"access_token":"t","expires_on":1700000000}"#);
        assert_eq!(
            answer,
            Some(json!({"access_token":"t","expires_on":"1700000000","resource":"","token_type":"Bearer"}))
        );
        let answer = rebuilt(Dialect::Entra, r#"{"access_token":"t","expires_in":"3599"}"#).expect("a token");
        assert_eq!(answer["expires_in"], 3599);
    }

    #[test]
    fn absurd_lifetimes_are_bounded() {
        let body = format!(r#"{{"access_token":"t","expires_in":{}}}"#, i64::MAX);
        assert_eq!(rebuilt(Dialect::Entra, &body).expect("a token")["expires_in"], LONGEST_LIFE_SECONDS);
        let body = format!(r#"{{"access_token":"t","expires_on":{}}}"#, i64::MAX);
        let end = rebuilt(Dialect::ManagedIdentity, &body).expect("a token")["expires_on"].clone();
        assert!(end.as_str().expect("a string").len() <= 10);
    }

    #[test]
    fn an_answer_without_token_or_expiry_is_none() {
        for body in ["", "null", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":"t"}"#] {
            assert_eq!(rebuilt(Dialect::Entra, body), None, "{body}");
            assert_eq!(rebuilt(Dialect::ManagedIdentity, body), None, "{body}");
        }
    }

    #[test]
    fn refresh_in_is_read() {
        let body = br#"{"access_token":"t","expires_in":86400,"refresh_in":"43200"}"#;
        let (_, refresh_in) = Dialect::Entra.rebuild(body).expect("a token");
        assert_eq!(refresh_in, Some(Duration::from_hours(12)));
    }
}
