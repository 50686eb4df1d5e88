//! Refusals for who asks: which of several things it is, and the command that repairs it.

use http::StatusCode;

use super::body::Body;
use crate::{LlmErrorKind, endpoint::Endpoint};

/// The role that lets a principal use deployments.
const ROLE: &str = "Cognitive Services OpenAI User";
/// The action behind it.
const ACTION: &str = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action";

/// Whether a 400 is about the credential all the same.
pub(super) fn is_about_access(body: &Body) -> bool {
    body.has("custom subdomain") || wrong_tenant(body)
}

/// A 401, a 403, or a 400 that is one.
pub(super) fn refused(status: StatusCode, body: &Body, endpoint: &Endpoint) -> (LlmErrorKind, String) {
    let host = endpoint.host();
    if wrong_tenant(body) {
        let message = format!(
            "the token is one of another tenant than `{host}` belongs to: set `tenant_id` in the entry, or `AZURE_TENANT_ID`"
        );
        return (LlmErrorKind::WrongTenant, message);
    }
    if body.has("custom subdomain") {
        let message = format!(
            "`{host}` takes no tokens because its resource has no custom subdomain: \
             az cognitiveservices account update --name NAME --resource-group GROUP --custom-domain NAME"
        );
        return (LlmErrorKind::NoCustomDomain, message);
    }
    if body.has("permissiondenied")
        || body.has("lacks the required data action")
        || body.has("does not have access to api")
    {
        return (LlmErrorKind::RoleMissing, role_missing(body, &host));
    }
    if body.has("authenticationtypedisabled") || body.has("key based authentication is disabled") {
        let message = format!(
            "`{host}` takes no keys: use Entra: remove `api_key` from the entry and set AZURE_AD_TOKEN_AUTH=true"
        );
        return (LlmErrorKind::LocalAuthDisabled, message);
    }
    if ["virtual network", "firewall", "public access is disabled"].iter().any(|word| body.has(word)) {
        let message = format!(
            "`{host}` refuses this network: use its private endpoint, or allow this address in its firewall"
        );
        return (LlmErrorKind::NetworkDenied, message);
    }
    if body.has("audience is incorrect") || body.has("access token is missing") || body.has("have expired") {
        let message = format!(
            "`{host}` refused the credential: a token for another audience or tenant, or one whose time is over; \
             check `azure_scope` and `tenant_id`, and with a key `api_key`"
        );
        return (LlmErrorKind::TokenRejected, message);
    }
    // A gateway may speak of a key although a token was sent.
    if status == StatusCode::UNAUTHORIZED && !endpoint.by_key {
        let message = format!("`{host}` refused the token: {}", body.quoted(endpoint));
        return (LlmErrorKind::TokenRejected, message);
    }
    if status == StatusCode::UNAUTHORIZED && names_a_key(body) {
        let message = format!(
            "`{host}` refused the key: check `api_key`, and that `api_base` is the resource the key belongs to"
        );
        return (LlmErrorKind::KeyInvalid, message);
    }
    let message = match status {
        StatusCode::UNAUTHORIZED => format!("`{host}` refused the credential: {}", body.quoted(endpoint)),
        _ => format!("`{host}` denies access: {}", body.quoted(endpoint)),
    };
    (LlmErrorKind::Unauthorized, message)
}

fn names_a_key(body: &Body) -> bool {
    ["subscription key", "api key", "api_key", "x-api-key", "incorrect api"].iter().any(|word| body.has(word))
}

fn wrong_tenant(body: &Body) -> bool {
    body.has("does not match resource tenant") || (body.has("token tenant") && body.has("resource tenant"))
}

fn role_missing(body: &Body, host: &str) -> String {
    let principal = body.principal().unwrap_or("PRINCIPAL-ID");
    let name = host.split('.').next().unwrap_or("NAME");
    format!(
        "`{host}` knows the principal {principal}, but it lacks the data action `{ACTION}`; a new role needs 5 to 10 minutes to work: \
         az role assignment create --assignee {principal} --role \"{ROLE}\" --scope \
         $(az cognitiveservices account list --query \"[?name=='{name}' || properties.customSubDomainName=='{name}'].id\" --output tsv)"
    )
}
