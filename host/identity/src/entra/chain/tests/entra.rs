//! Links 1 and 2: what Entra answers, and what becomes of it.

use std::{
    fmt::{self, Write as _},
    time::SystemTime,
};

use super::super::super::fake::Sent;
use super::*;

const OUT_OF_TIME: &str = r#"{"error":"invalid_client","error_codes":[700024],
    "error_description":"AADSTS700024: Client assertion is not within its valid time range."}"#;

async fn error_of(status: u16, body: &'static str) -> AuthError {
    let entra = Fake::new(move |_, _| Reply::Answer(status, body.to_owned()));
    chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err()
}

#[tokio::test]
async fn sts_error_with_escapes_keeps_code_and_status() {
    let body = r#"{"error":"invalid_client","error_codes":[7000222],"trace_id":"trace-1","correlation_id":"corr-1",
        "error_description":"AADSTS7000222: The provided client secret keys for app \u0027app\u0027 are expired. Trace ID: trace-1\r\nCorrelation ID: corr-1"}"#;
    let error = error_of(401, body).await;
    assert_eq!((error.aadsts, error.status), (Some(7_000_222), Some(401)));
    assert_eq!(error.oauth_error.as_deref(), Some("invalid_client"));
    assert_eq!(
        (error.trace_id.as_deref(), error.correlation_id.as_deref()),
        (Some("trace-1"), Some("corr-1"))
    );
    let text = "client secret of client app in tenant contoso: \
                AADSTS7000222: The provided client secret keys for app 'app' are expired.";
    assert!(error.message.ends_with(text), "{error}");
}

#[tokio::test(start_paused = true)]
async fn sts_html_503_is_transient_with_status() {
    let error = error_of(503, "<html>\n<h1>Service\u{7} Unavailable</h1></html>").await;
    assert_eq!((error.kind, error.status), (AuthErrorKind::Transient, Some(503)));
    assert!(error.message.contains("503") && error.message.contains("Service Unavailable"), "{error}");
}

#[tokio::test]
async fn claims_challenge_is_reported() {
    let body = r#"{"error":"interaction_required","error_codes":[53003],"error_description":"AADSTS53003: Blocked.",
        "claims":"{\"access_token\":{\"acrs\":{}}}"}"#;
    let error = error_of(400, body).await;
    assert_eq!((error.kind, error.aadsts), (AuthErrorKind::ClaimsChallenge, Some(53003)));
    assert!(error.message.contains("Conditional Access"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_and_a_refusal_is_not() {
    let entra = Fake::new(|number, _| match number {
        0 => Reply::Answer(503, String::new()),
        1 => Reply::Nothing,
        _ => Reply::token("third"),
    });
    let acquired =
        chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(acquired.token.expose_secret(), "third");
    assert_eq!(entra.sent().len(), 3);

    let entra = Fake::new(|_, _| Reply::Answer(400, r#"{"error":"invalid_request"}"#.to_owned()));
    chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(entra.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_hint_is_passed_on_and_not_waited_for() {
    let entra = Fake::new(|_, _| Reply::With(429, "retry-after", "90".to_owned(), String::new()));
    let started = Instant::now();
    let error = chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(90)));
    assert_eq!(entra.sent().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_entra_that_never_answers_ends_in_half_a_minute() {
    let entra = Fake::new(|_, _| Reply::Never);
    let started = Instant::now();
    let error = chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Transient);
    assert!(error.message.contains("login.microsoftonline.com"), "{error}");
    assert!(started.elapsed() <= Duration::from_secs(40));
}

#[tokio::test]
async fn refresh_in_expiry_and_clock_come_from_the_answer() {
    let entra = Fake::new(|_, _| {
        let body = r#"{"token_type":"Bearer","expires_in":86400,"refresh_in":43200,"access_token":"t"}"#;
        Reply::With(200, "date", "Fri, 01 Jan 2100 00:00:00 GMT".to_owned(), body.to_owned())
    });
    let acquired =
        chain(principal(), &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(acquired.refresh_in, Some(Duration::from_hours(12)));
    assert!(acquired.clock_offset_seconds.expect("a date") > 365 * 24 * 3600);
    let left = acquired.expires_at.duration_since(SystemTime::now()).expect("in the future");
    assert!((86_000..=86_400).contains(&left.as_secs()), "{left:?}");
}

#[tokio::test]
async fn every_acquisition_asks_entra() {
    let entra = Fake::new(|number, _| Reply::token(&format!("t{number}")));
    let chain = chain(principal(), &entra, &Fake::silent());
    for expected in ["t0", "t1"] {
        let acquired = chain.acquire(&nobody(), SCOPE).await.expect("a token");
        assert_eq!(acquired.token.expose_secret(), expected);
    }
}

/// A pod whose token file is at `path`, be it there or not.
fn pod_with(path: &Path) -> Config {
    let (config, _file) = pod("");
    Config { federated_token_file: Some(path.to_owned()), ..config }
}

#[tokio::test]
async fn token_file_appears_later() {
    let entra = Fake::new(|_, _| Reply::token("t"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("azure-identity-token");
    let chain = chain(pod_with(&path), &entra, &Fake::silent());
    let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Configuration);
    assert!(error.message.contains("azure-identity-token"), "{error}");
    std::fs::write(&path, projected_token("a")).expect("written");
    assert_eq!(chain.acquire(&nobody(), SCOPE).await.expect("a token").link, Link::WorkloadIdentity);
}

/// With the path of webhooks up to 1.5.1 and that of 1.6.0: only the variable says where the file is.
#[tokio::test]
async fn federated_file_rotated_between_exchanges() {
    for mount in ["azure/tokens", "azure/wi/token"] {
        let entra = Fake::new(|_, _| Reply::token("t"));
        let folder = tempfile::tempdir().expect("a folder");
        let mount = folder.path().join(mount);
        std::fs::create_dir_all(&mount).expect("a folder");
        let path = mount.join("azure-identity-token");
        let chain = chain(pod_with(&path), &entra, &Fake::silent());
        for name in ["first", "second"] {
            std::fs::write(&path, projected_token(name) + "\n").expect("written");
            chain.acquire(&nobody(), SCOPE).await.expect("a token");
        }
        let sent: Vec<_> = entra.sent().iter().map(|sent| sent.field("client_assertion")).collect();
        assert_eq!(sent, [Some(projected_token("first")), Some(projected_token("second"))]);
        assert_eq!(entra.sent()[0].field("scope").as_deref(), Some(SCOPE));
    }
}

#[tokio::test]
async fn stale_assertion_after_24h_recovers() {
    let (config, file) = pod(&projected_token("stale"));
    let path = file.path().to_owned();
    let entra = Fake::new(move |_, sent| {
        if sent.field("client_assertion") == Some(projected_token("fresh")) {
            return Reply::token("t");
        }
        // While the stale one is refused, the kubelet puts the fresh one there.
        std::fs::write(&path, projected_token("fresh")).expect("written");
        Reply::Answer(401, OUT_OF_TIME.to_owned())
    });
    let chain = chain(config, &entra, &Fake::silent());
    chain.acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(entra.sent().len(), 2);
}

#[tokio::test]
async fn an_assertion_that_stays_stale_is_tried_twice() {
    let (config, _file) = pod(&projected_token("stale"));
    let entra = Fake::new(|_, _| Reply::Answer(401, OUT_OF_TIME.to_owned()));
    let error = chain(config, &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!((error.aadsts, entra.sent().len()), (Some(700_024), 2));
}

#[tokio::test(start_paused = true)]
async fn what_the_pod_lacks_is_named() {
    let absent = Fake::new(|_, _| Reply::Nothing);
    let config = Config { client_secret: None, in_pod: true, ..principal() };
    let error = chain(config, &Fake::silent(), &absent).acquire(&nobody(), SCOPE).await.unwrap_err();
    let reason = detail(&error.links, Link::WorkloadIdentity);
    assert!(reason.contains(r#"azure.workload.identity/use: "true""#), "{reason}");

    let (config, _file) = pod(&projected_token("a"));
    let config = Config { client_id: None, ..config };
    let error = chain(config, &Fake::silent(), &absent).acquire(&nobody(), SCOPE).await.unwrap_err();
    let reason = detail(&error.links, Link::WorkloadIdentity);
    assert!(reason.contains("azure.workload.identity/client-id"), "{reason}");
}

#[tokio::test]
async fn identity_bindings_are_refused_by_name() {
    let (config, _file) = pod(&projected_token("a"));
    let config = Config { identity_binding: vec!["AZURE_KUBERNETES_TOKEN_PROXY".to_owned()], ..config };
    let error = chain(config, &Fake::silent(), &Fake::silent()).acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::Configuration);
    assert!(error.message.contains("AZURE_KUBERNETES_TOKEN_PROXY"), "{error}");
}

/// Collects everything that is logged, by whatever library, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        write!(self.0.lock().expect("no panic"), "{field}={value:?} ").expect("written");
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_errors_debug_or_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    tracing::info!("the log works");
    let mut shown = String::new();
    let replies: [fn(usize, &Sent) -> Reply; 5] = [
        |_, _| Reply::token("canary-token"),
        |_, sent| Reply::Answer(400, sent.body.clone()),
        |_, sent| {
            let body =
                serde_json::json!({"error": "x", "error_description": sent.body, "trace_id": sent.body});
            Reply::Answer(400, body.to_string())
        },
        |_, _| Reply::Answer(200, r#"{"access_token":"canary-token","expires_in":"never"}"#.to_owned()),
        |_, _| Reply::Answer(500, r#"{"error":"x","access_token":"canary-token"}"#.to_owned()),
    ];
    for reply in replies {
        let (pod, _file) = pod(&projected_token("canary-assertion"));
        for config in [principal(), pod] {
            let chain = chain(config, &Fake::new(reply), &Fake::silent());
            match chain.acquire(&nobody(), SCOPE).await {
                Ok(acquired) => write!(shown, "{acquired:?}"),
                Err(error) => write!(shown, "{error:?} {error}"),
            }
            .expect("written");
            write!(shown, "{chain:?}").expect("written");
        }
    }
    let logged = log.0.lock().expect("no panic").clone();
    assert!(logged.contains("the log works"));
    let assertion = projected_token("canary-assertion");
    let signature = assertion.rsplit('.').next().expect("a signature").to_owned();
    for secret in ["canary-secret", "canary-token", "canary-assertion", &assertion, &signature] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!logged.contains(secret), "{secret} in the log");
    }
}
