//! What a refusal of Entra says, read from the answer itself: kind, codes, ids and Entra's own sentence.

use secrecy::SecretString;
use serde::Deserialize;

use crate::{AuthError, AuthErrorKind};

use super::{
    sentence,
    transport::{Answer, Seen},
};

/// Codes of Entra that another try may cure: it timed out, was throttled, or a part of it was away.
const TRANSIENT: [u32; 5] = [90006, 90012, 90024, 90033, 90055];
/// Codes with which Conditional Access wants a person or a device.
const CONDITIONAL: [u32; 8] = [50005, 50076, 50079, 53000, 53001, 53002, 53003, 530_004];

/// Entra's error body. Every member may be missing or of another type; what does not fit is not there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: Option<String>,
    error_description: Option<String>,
    error_codes: Vec<serde_json::Value>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
    suberror: Option<String>,
    claims: Option<serde_json::Value>,
}

/// What was tried, for the sentence.
pub(super) struct Tried<'a> {
    /// `client secret`, `projected token`, `certificate`.
    pub(super) source: &'a str,
    pub(super) client: &'a str,
    pub(super) tenant: &'a str,
    pub(super) authority: &'a str,
    /// What must not appear, should the answer repeat it.
    pub(super) secrets: &'a [&'a SecretString],
}

/// An error from what became of a token request.
pub(super) fn of_entra(seen: Option<Seen>, tried: &Tried<'_>) -> AuthError {
    let answer = match seen {
        Some(Seen::Answer(answer)) => answer,
        Some(Seen::Nothing(reason)) => {
            let reason = sentence::one_line(&reason, tried.secrets);
            let message = format!(
                "Entra at {} did not answer ({reason}); is it reachable, and is a proxy needed?",
                tried.authority
            );
            return AuthError::new(AuthErrorKind::Transient, message);
        }
        None => {
            let message = format!("the {} could not be sent to Entra", tried.source);
            return AuthError::new(AuthErrorKind::Configuration, message);
        }
    };
    match serde_json::from_slice::<Refused>(&answer.body) {
        Ok(refused) if refused.error.is_some() || refused.error_description.is_some() => {
            refusal(&answer, refused, tried)
        }
        Ok(_) | Err(_) => unreadable(&answer, tried),
    }
}

/// Entra's own words.
fn refusal(answer: &Answer, refused: Refused, tried: &Tried<'_>) -> AuthError {
    let description = refused.error_description.unwrap_or_default();
    let number = refused.error_codes.first().and_then(serde_json::Value::as_u64);
    let aadsts = number.and_then(|number| u32::try_from(number).ok()).or_else(|| number_in(&description));
    let oauth = refused.error.map(|error| sentence::first_line(&error, tried.secrets));
    let wants_more = refused.claims.is_some()
        || [&oauth, &refused.suberror].into_iter().flatten().any(|word| word == "interaction_required")
        || aadsts.is_some_and(|number| CONDITIONAL.contains(&number));
    let passing = matches!(answer.status, 408 | 429 | 500..)
        || aadsts.is_some_and(|number| TRANSIENT.contains(&number))
        || oauth.as_deref().is_some_and(|error| matches!(error, "temporarily_unavailable" | "server_error"));
    let kind = match (wants_more, passing) {
        (true, _) => AuthErrorKind::ClaimsChallenge,
        (false, true) => AuthErrorKind::Transient,
        (false, false) => AuthErrorKind::Refused,
    };
    let mut text = sentence::first_line(&description, tried.secrets);
    if text.is_empty() {
        text = oauth.clone().unwrap_or_default();
    }
    let mut message = format!(
        "Entra refused the {} of client {} in tenant {}: {text}",
        tried.source, tried.client, tried.tenant
    );
    if wants_more {
        message.push_str(
            " (it asks for more than a token request can carry; exempt this identity from the Conditional Access policy)",
        );
    }
    let id = |id: Option<String>| {
        id.map(|id| sentence::first_line(&id, tried.secrets)).filter(|id| !id.is_empty())
    };
    AuthError {
        aadsts,
        oauth_error: oauth,
        status: Some(answer.status),
        trace_id: id(refused.trace_id),
        correlation_id: id(refused.correlation_id),
        retry_after: answer.retry_after,
        ..AuthError::new(kind, message)
    }
}

/// Something else answered in Entra's place, or Entra in another language.
fn unreadable(answer: &Answer, tried: &Tried<'_>) -> AuthError {
    let text = sentence::one_line(&String::from_utf8_lossy(&answer.body), tried.secrets);
    let text: String = text.chars().take(120).collect();
    let kind = match answer.status {
        400..=407 | 409..=428 | 430..=499 => AuthErrorKind::Refused,
        _ => AuthErrorKind::Transient,
    };
    let hint = match answer.status {
        200..=299 => "without a token in it",
        300..=399 => {
            "which would lead elsewhere and is not followed; a proxy or a login page stands in between"
        }
        _ => "not in Entra's form; does a proxy stand in between?",
    };
    // A success that could not be read may hold a token in a form that nobody expected.
    let quoted =
        if text.is_empty() || answer.status < 300 { String::new() } else { format!(" (\"{text}\")") };
    let message = format!("{} answered {}, {hint}{quoted}", tried.authority, answer.status);
    AuthError {
        status: Some(answer.status),
        retry_after: answer.retry_after,
        ..AuthError::new(kind, message)
    }
}

/// The number behind the first `AADSTS` of a text.
pub(super) fn number_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> AuthError {
        let secret = SecretString::from("canary-secret");
        let tried = Tried {
            source: "client secret",
            client: "app",
            tenant: "contoso",
            authority: "https://login.example",
            secrets: &[&secret],
        };
        let answer =
            Answer { status, retry_after: None, clock_offset_seconds: None, body: body.as_bytes().to_vec() };
        let error = of_entra(Some(Seen::Answer(answer)), &tried);
        assert!(!error.message.contains("canary-secret") && !error.message.contains('\n'), "{error}");
        error
    }

    #[test]
    fn the_number_comes_from_the_codes_or_from_the_text() {
        let body = r#"{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7: x"}"#;
        assert_eq!(error(401, body).aadsts, Some(7_000_215));
        let body =
            r#"{"error":"invalid_request","error_description":"AADSTS900023: Specified tenant is odd."}"#;
        assert_eq!(error(400, body).aadsts, Some(900_023));
        for body in [r#"{"error":"x","error_description":"AADSTSx"}"#, r#"{"error":"x","error_codes":["y"]}"#]
        {
            assert_eq!(error(400, body).aadsts, None);
        }
    }

    #[test]
    fn a_secret_that_comes_back_is_not_repeated() {
        let body = r#"{"error":"canary-secret","error_description":"you sent canary-secret","trace_id":"canary-secret"}"#;
        let error = error(400, body);
        assert!(!format!("{error:?}").contains("canary-secret"));
    }

    #[test]
    fn kinds_follow_status_and_code() {
        use AuthErrorKind::{ClaimsChallenge, Refused, Transient};
        let cases = [
            (401, r#"{"error":"invalid_client","error_codes":[7000215]}"#, Refused),
            (400, r#"{"error":"invalid_request","error_codes":[90033]}"#, Transient),
            (503, r#"{"error":"temporarily_unavailable"}"#, Transient),
            (400, r#"{"error":"temporarily_unavailable"}"#, Transient),
            (429, r#"{"error":"throttled"}"#, Transient),
            (400, r#"{"error":"interaction_required","claims":"{}"}"#, ClaimsChallenge),
            (400, r#"{"error":"invalid_grant","error_codes":[53003]}"#, ClaimsChallenge),
            (403, "<html>blocked</html>", Refused),
            (502, "<html>bad gateway</html>", Transient),
            (302, "", Transient),
            (200, "{}", Transient),
            (400, "[]", Refused),
        ];
        for (status, body, kind) in cases {
            let error = error(status, body);
            assert_eq!(error.kind, kind, "{status} {body}");
            assert_eq!(error.status, Some(status));
        }
    }

    #[test]
    fn a_success_without_a_token_is_never_quoted() {
        assert!(!error(200, r#"{"AccessToken":"canary"}"#).message.contains("canary"));
    }
}
