//! An answer that is not 2xx, told as what it means for the reader. Decided by status and code, never by prose.

use serde_json::Value;

use crate::{
    ErrorKind, Response, ToolError,
    azure::role::{Service, explanation},
};

/// Characters of Azure's own words that a model may read; they hold what the service was given, and little else.
const LONGEST: usize = 800;

/// Codes by which a 403 says that a role is missing, rather than a firewall or a policy.
const ROLE_CODES: [&str; 5] = [
    "AuthorizationFailed",
    "LinkedAuthorizationFailed",
    "InsufficientAccessError",
    "AuthorizationPermissionMismatch",
    "Forbidden",
];

/// The answer, if it is one of 2xx.
pub(super) fn accepted(answer: Result<Response, ToolError>, service: Service) -> Result<Response, ToolError> {
    let response = answer?;
    if (200..300).contains(&response.status()) { Ok(response) } else { Err(refusal(response, service)) }
}

/// The answer of 2xx as JSON.
pub(super) fn json(answer: Result<Response, ToolError>, service: Service) -> Result<Value, ToolError> {
    accepted(answer, service)?.json()
}

fn refusal(response: Response, service: Service) -> ToolError {
    let status = response.status();
    let wait = wait(response.headers());
    let body: Value = response.json().unwrap_or(Value::Null);
    let Told { code, message } = Told::read(&body);
    let told = if message.is_empty() {
        format!("Azure answered {status} {code}")
    } else {
        format!("{code}: {message}")
    };
    let told = told.trim();
    match (status, code.as_str()) {
        (401, _) => ToolError::new(
            ErrorKind::Unauthorized,
            format!(
                "Azure did not accept the credential ({told}); `holmes-host auth check` says which one was used, and why"
            ),
        ),
        (403, code) if code.is_empty() || ROLE_CODES.contains(&code) => {
            ToolError::new(ErrorKind::PolicyDenied, explanation(service, code, &message))
        }
        (403, _) => {
            ToolError::new(ErrorKind::PolicyDenied, format!("Azure does not permit this read. {told}"))
        }
        (404, code) => ToolError::new(ErrorKind::NotFound, format!("{told}{}", what_to_check(code))),
        (409, "MissingSubscriptionRegistration") => ToolError::new(
            ErrorKind::Unsupported,
            format!(
                "{told} The subscription does not use this service yet (az provider show --namespace NAMESPACE)."
            ),
        ),
        (413, _) | (_, "ResponseSizeError" | "ResponsePayloadTooLarge") => ToolError::new(
            ErrorKind::TooLarge,
            format!("{told} Ask for less: fewer rows, fewer columns, a shorter time."),
        ),
        (429, _) => again(ErrorKind::RateLimited, format!("Azure asks to slow down: {told}{wait}")),
        (408 | 500.., _) => again(ErrorKind::Unavailable, format!("Azure answered {status}: {told}{wait}")),
        _ => ToolError::new(
            ErrorKind::InvalidArguments,
            format!("Azure did not understand the request. {told}"),
        ),
    }
}

fn again(kind: ErrorKind, message: String) -> ToolError {
    ToolError { retryable: true, ..ToolError::new(kind, message) }
}

/// What an error body says: Resource Manager wraps it into `error`, the activity log does not.
struct Told {
    code: String,
    message: String,
}

impl Told {
    fn read(body: &Value) -> Self {
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let mut message = text(error, "message");
        // Log Analytics keeps the useful sentence in the innermost error, Resource Graph in the details.
        let mut inner = error.get("innererror").or_else(|| error.get("innerError"));
        let mut details: Vec<String> = Vec::new();
        while let Some(next) = inner {
            details.push(text(next, "message"));
            inner = next.get("innererror").or_else(|| next.get("innerError"));
        }
        let listed = error.get("details").and_then(Value::as_array).into_iter().flatten();
        details.extend(listed.map(|detail| text(detail, "message")));
        for detail in details.iter().filter(|detail| !detail.is_empty()) {
            if !message.contains(detail.as_str()) {
                message = format!("{message} {detail}");
            }
        }
        Self { code: bounded(&text(error, "code"), 80), message: bounded(message.trim(), LONGEST) }
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// One line of so many characters.
fn bounded(text: &str, longest: usize) -> String {
    let flat: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(longest)
        .collect();
    if text.chars().nth(longest).is_some() { format!("{flat}…") } else { flat }
}

fn what_to_check(code: &str) -> &'static str {
    match code {
        "SubscriptionNotFound" => {
            " Check the subscription id, and that the identity has a role in it: a subscription without any role \
             looks like this, too."
        }
        "ResourceGroupNotFound" => {
            " Check the group's name and the subscription; Resource Graph tells the group of a resource."
        }
        // A recording says itself what it lacks.
        "NotRecorded" => "",
        _ => {
            " Check name, resource group and subscription; Resource Graph finds a resource by its name: \
             resources | where name =~ 'NAME' | project id, type, location"
        }
    }
}

/// When to come back, as the headers say it.
fn wait(headers: &[(String, String)]) -> String {
    let named = |wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let clean = |value: &&str| value.len() <= 40 && value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if let Some(seconds) = named("retry-after").filter(clean) {
        let unit = if seconds.bytes().all(|byte| byte.is_ascii_digit()) { " seconds" } else { "" };
        return format!("; retry after {seconds}{unit}");
    }
    named("x-ms-user-quota-resets-after")
        .filter(clean)
        .map(|time| format!("; the quota is renewed in {time}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::Bytes;

    fn told(status: u16, headers: &[(&str, &str)], body: &Value) -> ToolError {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = Box::new(Bytes { rest: body.to_string().into_bytes().into() });
        accepted(Ok(Response { status, headers, body }), Service::Arm).unwrap_err()
    }

    #[test]
    fn a_missing_role_names_role_scope_and_command() {
        let message = "The client 'c' with object id '99999999-8888-7777-6666-555555555555' does not have authorization to perform action 'Microsoft.Insights/eventtypes/values/read' over scope '/subscriptions/11111111-2222-3333-4444-555555555555' or the scope is invalid. If access was recently granted, please refresh your credentials.";
        let error = told(403, &[], &json!({"error": {"code": "AuthorizationFailed", "message": message}}));
        assert_eq!(error.kind, ErrorKind::PolicyDenied);
        assert!(!error.retryable);
        assert!(
            error
                .message
                .contains("role \"Reader\" at scope /subscriptions/11111111-2222-3333-4444-555555555555"),
            "{error}"
        );
        assert!(
            error.message.contains("az role assignment create --assignee-object-id 99999999-"),
            "{error}"
        );
    }

    #[test]
    fn not_found_says_what_to_check() {
        let table = [
            ("SubscriptionNotFound", "has a role in it"),
            ("ResourceGroupNotFound", "the group of a resource"),
            ("ResourceNotFound", "where name =~ 'NAME'"),
        ];
        for (code, hint) in table {
            let error = told(404, &[], &json!({"error": {"code": code, "message": "was not found."}}));
            assert_eq!(error.kind, ErrorKind::NotFound);
            assert!(error.message.starts_with(code) && error.message.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_busy_azure_says_when_to_come_back() {
        let body =
            json!({"error": {"code": "TooManyRequests", "message": "The request is being throttled."}});
        let error = told(429, &[("Retry-After", "17")], &body);
        assert_eq!((error.kind, error.retryable), (ErrorKind::RateLimited, true));
        assert!(error.message.ends_with("retry after 17 seconds"), "{error}");
        let error = told(429, &[("x-ms-user-quota-resets-after", "00:00:05")], &body);
        assert!(error.message.ends_with("renewed in 00:00:05"), "{error}");
        let error = told(503, &[], &Value::Null);
        assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, true));
    }

    #[test]
    fn a_bad_query_shows_the_innermost_sentence() {
        let body = json!({"error": {
            "code": "BadArgumentError", "message": "The request had some invalid properties",
            "innererror": {"code": "SemanticError", "message": "A semantic error occurred.",
                "innererror": {"code": "SEM0100", "message": "'where' operator: Failed to resolve column named 'x'"}},
        }});
        let error = told(400, &[], &body);
        assert_eq!(error.kind, ErrorKind::InvalidArguments);
        assert!(error.message.contains("Failed to resolve column named 'x'"), "{error}");
    }

    #[test]
    fn a_body_without_error_object_and_a_body_that_is_not_json_are_read() {
        let error = told(401, &[], &json!({"code": "ExpiredAuthenticationToken", "message": "expired"}));
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        assert!(error.message.contains("ExpiredAuthenticationToken"), "{error}");
        let body = Box::new(Bytes { rest: b"<html>".to_vec().into() });
        let error =
            accepted(Ok(Response { status: 502, headers: Vec::new(), body }), Service::Logs).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }

    #[test]
    fn a_long_message_is_cut() {
        let error = told(400, &[], &json!({"error": {"code": "X", "message": "ä\n".repeat(10_000)}}));
        assert!(
            error.message.chars().count() < 900 && !error.message.contains('\n'),
            "{}",
            error.message.len()
        );
    }
}
