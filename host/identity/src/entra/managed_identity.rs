//! Link 3: the identity of the app or of the machine, from App Service or the instance metadata service.

use std::{sync::Arc, time::Duration};

use azure_core::{credentials::TokenCredential, http::Url};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{AuthError, AuthErrorKind};

use super::{
    Config,
    attempt::{Asked, Attempt, Obtained, Refusal},
    authority::Authority,
    dialect::Dialect,
    exchange::obtained,
    imds, sentence,
    transport::{Answer, Capture, Route, Seen},
    wire::Wires,
};

/// All tries as one link of the chain.
const IN_CHAIN: Duration = Duration::from_secs(5);
/// All tries when nothing else is left: the service may be away (410) for up to 70 s while it is renewed.
const PINNED: Duration = Duration::from_secs(70);
const FIRST_PAUSE: Duration = Duration::from_millis(800);
const TRIES: u32 = 3;
const PINNED_TRIES: u32 = 5;

/// Who answers for the machine.
struct Source {
    route: Route,
    name: &'static str,
    app_service: bool,
}

/// Asks App Service if its variables are set, else the metadata service if there is one.
pub(super) async fn attempt(
    config: &Config,
    authority: &Authority,
    wires: &Wires,
    presence: &imds::Presence,
    asked: Asked<'_>,
) -> Attempt {
    let source = source(config)?;
    if let (Route::Host(host), false) = (&source.route, asked.pinned)
        && let Err(reason) = presence.check(&wires.local, host).await
    {
        return Err(Refusal::Unavailable(format!("the instance metadata service {reason}")));
    }
    let limit = if asked.pinned { PINNED } else { IN_CHAIN };
    let mut last = None;
    let tries = async {
        let mut pause = FIRST_PAUSE;
        for number in 1_u32.. {
            let seen = match once(&source, authority, wires, asked).await? {
                Ok(obtained) => return Ok(obtained),
                Err(seen) => seen,
            };
            last.clone_from(&seen);
            let away = matches!(&seen, Some(Seen::Answer(Answer { status: 410, .. })));
            let most = if asked.pinned { PINNED_TRIES } else { TRIES };
            if !passing(seen.as_ref()) || (number >= most && !(asked.pinned && away)) {
                return Err(refusal(seen, &source));
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Err(refusal(None, &source))
    };
    let result = timeout(limit, tries).await;
    result.unwrap_or_else(|_| Err(refusal(last, &source)))
}

fn source(config: &Config) -> Result<Source, Refusal> {
    match (&config.identity_endpoint, &config.identity_header) {
        (Some(endpoint), Some(header)) => {
            let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let Some(url) = url else {
                return Err(Refusal::failed(AuthErrorKind::Configuration, "IDENTITY_ENDPOINT is no address"));
            };
            Ok(Source {
                route: Route::AppService(url, header.clone()),
                name: "App Service",
                app_service: true,
            })
        }
        (Some(_), None) => Err(Refusal::unavailable(
            "IDENTITY_ENDPOINT without IDENTITY_HEADER means Azure Arc, whose identity is not supported",
        )),
        (None, _) => {
            let host = imds::host(config.imds_host.as_deref())?;
            Ok(Source { route: Route::Host(host), name: "the instance metadata service", app_service: false })
        }
    }
}

/// One request. The inner error is what became of it.
async fn once(
    source: &Source,
    authority: &Authority,
    wires: &Wires,
    asked: Asked<'_>,
) -> Result<Result<Obtained, Option<Seen>>, Refusal> {
    let capture = Capture::new(&wires.local, source.route.clone(), Dialect::ManagedIdentity);
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: asked.client.map(|client| UserAssignedId::ClientId(client.to_owned())),
        client_options: capture.options(authority),
    };
    // It looks at the process for the kinds of managed identity that it does not know either.
    let Ok(credential) = ManagedIdentityCredential::new(Some(options)) else {
        return Err(Refusal::unavailable(
            "the managed identity of Azure Arc, Azure ML, Cloud Shell or Service Fabric is not supported",
        ));
    };
    let credential: Arc<dyn TokenCredential> = credential;
    match credential.get_token(&[asked.scope], None).await {
        Ok(token) => Ok(Ok(obtained(&token, &capture, "managed identity"))),
        Err(_) => Ok(Err(capture.seen())),
    }
}

/// What another try may cure.
fn passing(seen: Option<&Seen>) -> bool {
    matches!(seen, Some(Seen::Answer(Answer { status: 404 | 410 | 429 | 500.., .. })))
}

/// As in Python's chain: no answer, an answer in another form and "no such identity" mean that there is none.
fn refusal(seen: Option<Seen>, source: &Source) -> Refusal {
    let name = source.name;
    let answer = match seen {
        Some(Seen::Answer(answer)) => answer,
        other => {
            let reason = match other {
                Some(Seen::Nothing(reason)) => sentence::one_line(&reason, &[]),
                Some(Seen::Answer(_)) | None => "in time".to_owned(),
            };
            let text = format!("{name} did not answer ({reason})");
            return if source.app_service {
                Refusal::failed(AuthErrorKind::Transient, text)
            } else {
                Refusal::Unavailable(text)
            };
        }
    };
    let secrets = if let Route::AppService(_, header) = &source.route { vec![header] } else { Vec::new() };
    let status = answer.status;
    let Some(said) = said(&answer.body).filter(|_| status >= 300) else {
        let text = format!("{name} answered {status} in a form that is not its own");
        return if source.app_service {
            Refusal::failed(AuthErrorKind::Transient, text)
        } else {
            Refusal::Unavailable(text)
        };
    };
    let text = format!("{name} answered {status}: {}", sentence::first_line(&said, &secrets));
    if status == 400 && !source.app_service {
        return Refusal::Unavailable(text);
    }
    let kind = if matches!(status, 404 | 408 | 410 | 429 | 500..) {
        AuthErrorKind::Transient
    } else {
        AuthErrorKind::Refused
    };
    let error = AuthError::new(kind, text);
    AuthError { status: Some(status), retry_after: answer.retry_after, ..error }.into()
}

/// The sentence in an error, or the error itself; none if it is no JSON.
fn said(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let answer = answer.as_object()?;
    let texts = ["error_description", "message", "Message", "error"].into_iter();
    let mut texts = texts.filter_map(|name| answer.get(name));
    let nested = |value: &Value| value.get("message").and_then(Value::as_str).map(str::to_owned);
    let text = texts.find_map(|value| value.as_str().map(str::to_owned).or_else(|| nested(value)));
    Some(text.unwrap_or_else(|| "no reason given".to_owned()))
}
