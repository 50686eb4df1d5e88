//! Refusals of the data plane, word for word as far as they are known; one for each class that a host tells
//! apart.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Where a throttled client reads how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// In `retry-after-ms`, and rounded up in `retry-after` and in the text.
    Milliseconds(u64),
    /// In `retry-after` and in the text.
    Seconds(u64),
    /// In the text alone.
    Text(u64),
    /// Nowhere.
    Nowhere,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 401: the token is missing, expired or of another audience.
    TokenRejected,
    /// 401: a token without the role; names principal and data action.
    RoleMissing,
    /// 401: the same, in the words that name neither.
    RoleMissingShort,
    /// 401: a wrong key.
    KeyInvalid,
    /// 401 with `WWW-Authenticate: … insufficient_claims`: continuous access evaluation.
    ClaimsChallenge,
    /// 403: the resource takes no keys.
    LocalAuthDisabled,
    /// 403: the firewall.
    NetworkDenied,
    /// 403: only private endpoints.
    PublicAccessDisabled,
    /// 400: a token on a regional endpoint.
    NoCustomDomain,
    /// 400: a token of another tenant.
    WrongTenant,
    /// 404: no such deployment.
    DeploymentMissing,
    /// 404: no such path, or no such api-version.
    WrongPath,
    /// 400: the model does not speak this API.
    OperationNotSupported,
    /// 400: chat refuses tools together with reasoning.
    ToolsNeedResponses,
    /// 400: the prompt was filtered; details in `innererror`.
    ContentFiltered,
    /// 400: the same with `inner_error`.
    ContentFilteredUnderscored,
    /// 400: too many tokens.
    ContextTooLong,
    /// 400: the model does not know this parameter.
    UnsupportedParameter(&'static str),
    /// 400: the same as Responses says it, without a code.
    UnsupportedWithoutCode(&'static str),
    /// 400: the model takes only the default of this parameter.
    UnsupportedValue(&'static str),
    /// 400: this api-version does not know this parameter.
    UnrecognizedArgument(&'static str),
    /// 400: Responses came with a later api-version.
    VersionTooOld,
    /// 400: encrypted reasoning of another resource.
    StaleReasoning,
    /// 429: too many tokens or requests per minute.
    RateLimited(Hint),
    /// 429 from API Management: `statusCode` and `message`.
    GatewayThrottled(u64),
    /// 429: no capacity.
    NoCapacity,
    /// 429: the quota is used up.
    QuotaExhausted,
    /// 408.
    Timeout,
    /// 409.
    Conflict,
    /// 500.
    ServerError,
    /// 502 with a page.
    BadGateway,
    /// 503.
    Unavailable,
    /// The connection ends without an answer.
    Dropped,
    /// The connection stays open without an answer.
    Silent,
}

/// What the words name.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) deployment: String,
    pub(super) object_id: String,
}

const MISSING: &str = "The API deployment for this resource does not exist. If you created the deployment within the \
                       last 5 minutes, please wait a moment and try again.";
const KEY: &str = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid \
                   key for an active subscription and use a correct regional API endpoint for your resource.";
const TOKEN: &str = "Unauthorized. Access token is missing, invalid, audience is incorrect \
                     (https://cognitiveservices.azure.com), or have expired.";
const ACTION: &str = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action";

fn coded(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

fn invalid(code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})
}

#[expect(clippy::wildcard_enum_match_arm, reason = "each function has the words of its own group")]
impl Refusal {
    /// The answer. [`Refusal::Dropped`] and [`Refusal::Silent`] have none: the endpoint looks after them.
    pub(super) fn respond(&self, about: &About) -> Response {
        if *self == Self::BadGateway {
            let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>Microsoft-Azure-Application-\
                        Gateway/v2</body>\r\n</html>\r\n";
            return (StatusCode::BAD_GATEWAY, [("content-type", "text/html")], page).into_response();
        }
        let (status, body) =
            self.access(about).or_else(|| self.request(about)).unwrap_or_else(|| self.load(about));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(body)).into_response();
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn access(&self, about: &About) -> Option<(u16, Value)> {
        Some(match self {
            Self::TokenRejected | Self::ClaimsChallenge => {
                (401, json!({"statusCode": 401, "message": TOKEN}))
            }
            Self::RoleMissing => {
                let message = format!(
                    "The principal `{}` lacks the required data action `{ACTION}` to perform `POST \
                     /openai/deployments/{{deployment-id}}/chat/completions` operation.",
                    about.object_id
                );
                (401, coded("PermissionDenied", &message))
            }
            Self::RoleMissingShort => {
                (401, coded("PermissionDenied", "Principal does not have access to API/Operation."))
            }
            Self::KeyInvalid => (401, coded("401", KEY)),
            Self::LocalAuthDisabled => {
                let message = "Key based authentication is disabled for this resource.";
                (403, coded("AuthenticationTypeDisabled", message))
            }
            Self::NetworkDenied => {
                (403, coded("AccessDenied", "Access denied due to Virtual Network/Firewall rules."))
            }
            Self::PublicAccessDisabled => {
                (403, coded("403", "Public access is disabled. Please configure private endpoint."))
            }
            Self::NoCustomDomain => {
                let message = "Please provide a custom subdomain for token authentication, otherwise API key is required.";
                (400, coded("BadRequest", message))
            }
            Self::WrongTenant => {
                let message =
                    "Token tenant 22222222-2222-4222-8222-222222222222 does not match resource tenant.";
                (400, coded("BadRequest", message))
            }
            _ => return None,
        })
    }

    fn request(&self, about: &About) -> Option<(u16, Value)> {
        let body = match self {
            Self::DeploymentMissing => return Some((404, coded("DeploymentNotFound", MISSING))),
            Self::WrongPath => return Some((404, coded("404", "Resource not found"))),
            Self::OperationNotSupported => {
                let message = format!(
                    "The chatCompletion operation does not work with the specified model, {}. Please choose \
                     different model and try again. You can learn more about which models can be used with each \
                     operation here: https://go.microsoft.com/fwlink/?linkid=2197993.",
                    about.deployment
                );
                coded("OperationNotSupported", &message)
            }
            Self::ToolsNeedResponses => {
                let message = format!(
                    "Function tools with reasoning_effort are not supported for {} in /v1/chat/completions. Please \
                     use /v1/responses instead.",
                    about.deployment
                );
                invalid(None, Some("reasoning_effort"), &message)
            }
            Self::ContentFiltered => filtered("innererror"),
            Self::ContentFilteredUnderscored => filtered("inner_error"),
            Self::ContextTooLong => {
                let message = "This model's maximum context length is 128000 tokens. However, your messages resulted \
                               in 131072 tokens. Please reduce the length of the messages.";
                invalid(Some("context_length_exceeded"), Some("messages"), message)
            }
            Self::UnsupportedParameter(name) => {
                let instead = match *name {
                    "max_tokens" => " Use 'max_completion_tokens' instead.",
                    _ => "",
                };
                let message =
                    format!("Unsupported parameter: '{name}' is not supported with this model.{instead}");
                invalid(Some("unsupported_parameter"), Some(name), &message)
            }
            Self::UnsupportedWithoutCode(name) => {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                invalid(None, Some(name), &message)
            }
            Self::UnsupportedValue(name) => {
                let message = format!(
                    "Unsupported value: '{name}' does not support this value with this model. Only the default (1) \
                     value is supported."
                );
                invalid(Some("unsupported_value"), Some(name), &message)
            }
            Self::UnrecognizedArgument(name) => {
                let message = format!("Unrecognized request argument supplied: {name}");
                invalid(None, None, &message)
            }
            Self::VersionTooOld => {
                let message =
                    "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later";
                coded("BadRequest", message)
            }
            Self::StaleReasoning => {
                let message = "The encrypted content gAAA...AAA= could not be verified. Reason: Encrypted content \
                               could not be decrypted or parsed.";
                invalid(Some("invalid_encrypted_content"), None, message)
            }
            _ => return None,
        };
        Some((400, body))
    }

    fn load(&self, about: &About) -> (u16, Value) {
        let server = |code: &str, message: &str| json!({"error": {"message": message, "type": "server_error", "param": null, "code": code}});
        match self {
            Self::RateLimited(hint) => {
                let wait = match hint {
                    Hint::Milliseconds(wait) => {
                        format!(" Please retry after {} seconds.", wait.div_ceil(1000))
                    }
                    Hint::Seconds(wait) | Hint::Text(wait) => format!(" Please retry after {wait} seconds."),
                    Hint::Nowhere => String::new(),
                };
                let message = format!(
                    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have \
                     exceeded token rate limit of your current OpenAI S0 pricing tier for {}.{wait} Please go here: \
                     https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.",
                    about.deployment
                );
                (429, coded("429", &message))
            }
            Self::GatewayThrottled(wait) => {
                let message = format!("Token limit is exceeded. Try again in {wait} seconds.");
                (429, json!({"statusCode": 429, "message": message}))
            }
            Self::NoCapacity => {
                let message = "The system is currently experiencing high demand and cannot process your request. Your \
                               request exceeds the maximum usage size allowed during peak load.";
                (429, coded("NoCapacity", message))
            }
            Self::QuotaExhausted => {
                let message = "You exceeded your current quota, please check your plan and billing details.";
                let body = json!({"error": {"message": message, "type": "insufficient_quota", "param": null,
                    "code": "insufficient_quota"}});
                (429, body)
            }
            Self::Timeout => (408, coded("Timeout", "The operation was timeout.")),
            Self::Conflict => {
                (409, coded("Conflict", "The resource is being changed. Please try again later."))
            }
            Self::Unavailable => (
                503,
                server("service_unavailable", "The service is temporarily unable to process your request."),
            ),
            _ => {
                let message = "The server had an error processing your request. Sorry about that! You can retry your \
                               request, or contact us through an Azure support request.";
                (500, server("InternalServerError", message))
            }
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::RateLimited(hint) => {
                let mut headers = vec![
                    ("x-ratelimit-limit-tokens", "30000".to_owned()),
                    ("x-ratelimit-remaining-tokens", "0".to_owned()),
                    ("x-ratelimit-reset-tokens", "12".to_owned()),
                ];
                match hint {
                    Hint::Milliseconds(wait) => {
                        headers.push(("retry-after-ms", wait.to_string()));
                        headers.push(("retry-after", wait.div_ceil(1000).to_string()));
                    }
                    Hint::Seconds(wait) => headers.push(("retry-after", wait.to_string())),
                    Hint::Text(_) | Hint::Nowhere => {}
                }
                headers
            }
            Self::GatewayThrottled(wait) => vec![("retry-after", wait.to_string())],
            Self::ClaimsChallenge => {
                let claims =
                    STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#);
                let challenge = format!(
                    "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                     error=\"insufficient_claims\", claims=\"{claims}\""
                );
                vec![("www-authenticate", challenge)]
            }
            _ => Vec::new(),
        }
    }
}

fn filtered(inner: &str) -> Value {
    let message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. \
                   Please modify your prompt and retry. To learn more about our content filtering policies please \
                   read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"error": {
        "message": message, "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        inner: {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe,
                "jailbreak": {"filtered": true, "detected": true},
            },
        },
    }})
}
