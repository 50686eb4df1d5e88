//! Entra's refusals, word for word as far as they are known, in the bytes Entra sends: JSON whose
//! description holds `\r\n` and `\u0027`.

use std::time::SystemTime;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// What a refusal is about; its words name them.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    /// Validity of the assertion.
    pub(super) valid: Option<(SystemTime, SystemTime)>,
}

/// A refusal by its number.
pub(super) struct Refusal {
    pub(super) code: u32,
    /// OAuth's `error`.
    pub(super) error: &'static str,
    pub(super) status: u16,
    text: String,
    claims: bool,
}

const DOCUMENTATION: &str = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/// The refusal with this number. One that is not in the list comes as `invalid_request`, with Entra's shape.
pub(super) fn by_code(code: u32, about: &About, now: SystemTime) -> Refusal {
    let (error, status, text) = federation(code, about, now)
        .or_else(|| client(code, about))
        .or_else(|| request(code, about))
        .unwrap_or_else(|| ("invalid_request", 400, "The request was refused.".to_owned()));
    Refusal { code, error, status, text, claims: false }
}

/// Conditional Access wants more than this request can say.
pub(super) fn claims_challenge() -> Refusal {
    let text = "Due to a configuration change made by your administrator, or because you moved to a new \
                location, you must use multi-factor authentication to access the resource.";
    Refusal { code: 50076, error: "interaction_required", status: 400, text: text.to_owned(), claims: true }
}

type Words = (&'static str, u16, String);

fn federation(code: u32, about: &About, now: SystemTime) -> Option<Words> {
    let About { issuer, subject, audience, .. } = about;
    let check = format!(
        "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. \
         {DOCUMENTATION}"
    );
    let unmatched = |what: &str, value: &str| {
        let text = format!(
            "No matching federated identity record found for presented assertion {what} '{value}'. {check}"
        );
        ("invalid_client", 401, text)
    };
    Some(match code {
        70021 => (
            "invalid_request",
            400,
            format!(
                "No matching federated identity record found for presented assertion. Assertion Issuer: \
                 '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. {DOCUMENTATION}"
            ),
        ),
        700_211 => unmatched("issuer", issuer),
        700_212 => unmatched("audience", audience),
        700_213 => unmatched("subject", subject),
        700_024 => {
            let (from, to) = about.valid.unwrap_or((now, now));
            let text = format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from \
                 {}, expiry time of assertion {}. Review the documentation at \
                 https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
                precise(now),
                precise(from),
                precise(to)
            );
            ("invalid_client", 401, text)
        }
        90061 => ("invalid_request", 400, "Request to External OIDC endpoint failed.".to_owned()),
        700_023 => {
            ("invalid_client", 401, "Client assertion audience claim does not match Realm issuer.".to_owned())
        }
        50027 => ("invalid_client", 401, "JWT token is invalid or malformed.".to_owned()),
        _ => return None,
    })
}

fn client(code: u32, about: &About) -> Option<Words> {
    let About { tenant, client_id, .. } = about;
    Some(match code {
        700_016 => (
            "unauthorized_client",
            400,
            format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can \
                 happen if the application has not been installed by the administrator of the tenant or \
                 consented to by any user in the tenant. You may have sent your authentication request to the \
                 wrong tenant."
            ),
        ),
        7_000_229 => (
            "unauthorized_client",
            400,
            format!(
                "The client application {client_id} is missing service principal in the tenant {tenant}. See \
                 instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
            ),
        ),
        7_000_215 => (
            "invalid_client",
            401,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client \
                 secret value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        ),
        7_000_222 => (
            "invalid_client",
            401,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
                 create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate \
                 credentials for added security: https://aka.ms/certCreds."
            ),
        ),
        700_027 => (
            "invalid_client",
            401,
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on \
                 application. [Reason - The key was not found. Please visit the Azure Portal, Graph Explorer or \
                 directly use MS Graph to see configured keys for app Id '{client_id}'.]"
            ),
        ),
        7_000_216 => (
            "invalid_client",
            401,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant \
             type."
                .to_owned(),
        ),
        _ => return None,
    })
}

fn request(code: u32, about: &About) -> Option<Words> {
    let About { tenant, client_id, scope, .. } = about;
    let (error, status, text) = match code {
        90002 => (
            "invalid_request",
            400,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing \
                 into the correct cloud. Check with your subscription administrator, this may happen if there \
                 are no active subscriptions for the tenant."
            ),
        ),
        900_023 => (
            "invalid_request",
            400,
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            ),
        ),
        50194 => (
            "invalid_request",
            400,
            format!(
                "Application '{client_id}'(fake) is not configured as a multi-tenant application. Usage of the \
                 /common endpoint is not supported for such apps created after '10/15/2018'. Use a \
                 tenant-specific endpoint or configure the application to be multi-tenant."
            ),
        ),
        500_011 => (
            "invalid_resource",
            400,
            format!(
                "The resource principal named {scope} was not found in the tenant named {tenant}. This can \
                 happen if the application has not been installed by the administrator of the tenant or \
                 consented to by any user in the tenant. You might have sent your authentication request to \
                 the wrong tenant."
            ),
        ),
        70011 => (
            "invalid_scope",
            400,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input \
                 parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        ),
        1_002_012 => (
            "invalid_scope",
            400,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
                 value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        ),
        53003 => (
            "invalid_grant",
            400,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token \
             issuance."
                .to_owned(),
        ),
        50005 => (
            "interaction_required",
            400,
            "User tried to log in to a device from a platform (Unknown) that's currently not supported through \
             Conditional Access policy. Supported device platforms are: iOS, Android, Mac, and Windows flavors."
                .to_owned(),
        ),
        90033 => (
            "temporarily_unavailable",
            503,
            "A transient error has occurred. Please try again.".to_owned(),
        ),
        90006 => ("server_error", 500, "The service is temporarily unavailable.".to_owned()),
        _ => return None,
    };
    Some((error, status, text))
}

impl Refusal {
    /// The bytes, as Entra spells them.
    pub(super) fn body(&self, trace_id: &str, correlation_id: &str, now: SystemTime) -> String {
        let Self { code, error, text, .. } = self;
        let timestamp = stamp(now, "%Y-%m-%d %H:%M:%SZ");
        let description = format!(
            "AADSTS{code}: {text}\r\nTrace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}"
        );
        // Only inside strings can an apostrophe stand.
        let description = Value::from(description).to_string().replace('\'', "\\u0027");
        let claims = if self.claims {
            r#","suberror":"basic_action","claims":"{\"access_token\":{\"capolids\":{\"essential\":true,\"values\":[\"c7a1b2d3-0000-4000-8000-000000000001\"]}}}""#
        } else {
            ""
        };
        format!(
            r#"{{"error":"{error}","error_description":{description},"error_codes":[{code}],"timestamp":"{timestamp}","trace_id":"{trace_id}","correlation_id":"{correlation_id}","error_uri":"https://login.microsoftonline.com/error?code={code}"{claims}}}"#
        )
    }
}

/// A point in time in UTC.
pub(super) fn stamp(time: SystemTime, format: &str) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

fn precise(time: SystemTime) -> String {
    // Entra gives ten millionths of a second.
    stamp(time, "%Y-%m-%dT%H:%M:%S.%7fZ")
}
