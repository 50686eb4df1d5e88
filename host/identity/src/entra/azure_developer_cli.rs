//! Link 7: whoever is signed in with `azd`.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions};
use serde_json::Value;

use crate::{AuthError, AuthErrorKind};

use super::{
    attempt::{Asked, Attempt, Refusal},
    command::{self, Ended, Runner},
    sentence, tool,
};

/// Runs `azd auth token` unless there is no `azd`.
pub(super) async fn attempt(runner: Arc<Runner>, asked: Asked<'_>) -> Attempt {
    if command::find(runner.path(), "azd").is_none() {
        return Err(Refusal::unavailable("`azd` is not on PATH"));
    }
    let options = AzureDeveloperCliCredentialOptions {
        tenant_id: asked.tenant.map(str::to_owned),
        executor: Some(Arc::<Runner>::clone(&runner)),
    };
    let unusable =
        |_| Refusal::failed(AuthErrorKind::Configuration, "`azd` can not be asked for this tenant");
    let credential = AzureDeveloperCliCredential::new(Some(options)).map_err(unusable)?;
    let answer = credential.get_token(&[asked.scope], None).await;
    answer.map(|token| tool::obtained(&token, "azd")).map_err(|_| refusal(runner.ended()))
}

fn refusal(ended: Option<Ended>) -> Refusal {
    let said = match ended {
        Some(Ended::Badly(_, said)) => said,
        Some(ended) => return tool::refusal("azd", &ended),
        None => {
            let message = "`azd` did not print a token that can be read; is it up to date?";
            return Refusal::failed(AuthErrorKind::Configuration, message);
        }
    };
    let message = sentence::one_line(&message(&said), &[]);
    let signed_out = said.contains("azd auth login") || message.contains("not logged in");
    if signed_out && !said.contains("AADSTS") {
        return Refusal::Unavailable(format!("`azd` is not signed in: {message}"));
    }
    let error = AuthError::new(AuthErrorKind::Refused, format!("`azd` failed: {message}"));
    AuthError { aadsts: tool::number_in(&said), ..error }.into()
}

/// What an error says in any of the three forms that versions of `azd` print, else the text itself.
fn message(said: &str) -> String {
    let whole = serde_json::from_str::<Value>(said).ok().into_iter();
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut messages: Vec<String> = Vec::new();
    for value in whole.chain(lines) {
        if let Some(text) = text_of(&value).filter(|text| !messages.contains(text)) {
            messages.push(text);
        }
    }
    if messages.is_empty() { said.to_owned() } else { messages.join("; ") }
}

/// `{"error", "message", "suggestion"}`, or `{"data": {"message"}}` with or without members around it.
fn text_of(value: &Value) -> Option<String> {
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())?;
        Some(text.to_owned())
    };
    let nested = value.get("data").and_then(|data| text(data, "message"));
    let message = nested.or_else(|| text(value, "message")).or_else(|| text(value, "error"))?;
    Some(match text(value, "suggestion") {
        Some(suggestion) => format!("{message} {suggestion}"),
        None => message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_an_error_are_read() {
        let cases = [
            (
                r#"{"error":"auth","message":"not signed in","suggestion":"Run azd auth login."}"#,
                "not signed in Run azd auth login.",
            ),
            (
                "{\"type\":\"consoleMessage\",\"data\":{\"message\":\"ERROR: a\\n\"}}\n{\"type\":\"consoleMessage\",\"data\":{\"message\":\"b\"}}",
                "ERROR: a; b",
            ),
            (
                r#"{"data":{"message":"fetching token: AADSTS50173: old"}}"#,
                "fetching token: AADSTS50173: old",
            ),
            ("ERROR: plain text", "ERROR: plain text"),
            (r#"{"data":{}}"#, r#"{"data":{}}"#),
        ];
        for (said, expected) in cases {
            assert_eq!(message(said), expected);
        }
    }
}
