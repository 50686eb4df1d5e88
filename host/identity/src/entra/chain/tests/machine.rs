//! Link 3: the metadata service and App Service.

use super::*;

const NOT_FOUND: &str = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;

/// A metadata service: it refuses whoever does not send its header.
fn machine(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::new(move |_, sent| {
        if sent.headers.contains_key("metadata") {
            return answer();
        }
        Reply::Answer(400, r#"{"error":"invalid_request","error_description":"no header"}"#.to_owned())
    })
}

fn alone() -> Config {
    Config { token_credentials: Some("ManagedIdentityCredential".to_owned()), ..Config::default() }
}

fn token(expires_on: &str) -> Reply {
    Reply::Answer(200, format!(r#"{{"access_token":"t","expires_on":{expires_on}}}"#))
}

async fn error_of(config: Config, local: &Fake) -> AuthError {
    chain(config, &Fake::silent(), local).acquire(&nobody(), SCOPE).await.unwrap_err()
}

async fn token_of(config: Config, local: &Fake) -> Acquired {
    chain(config, &Fake::silent(), local).acquire(&nobody(), SCOPE).await.expect("a token")
}

#[tokio::test(start_paused = true)]
async fn no_imds_chain_under_2s() {
    let local = Fake::new(|_, _| Reply::Never);
    let chain = chain(Config::default(), &Fake::silent(), &local);
    let started = Instant::now();
    let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(error.kind, AuthErrorKind::NoCredential);
    assert!(detail(&error.links, Link::ManagedIdentity).contains("metadata service"));
    chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(local.sent().len(), 1, "the answer is kept");
    assert!(!local.sent()[0].headers.contains_key("metadata"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_slow_once_is_found_after_a_minute() {
    let local = Fake::new(|number, sent| match (number, sent.headers.contains_key("metadata")) {
        (0, _) => Reply::Never,
        (_, false) => Reply::Answer(400, r#"{"error":"invalid_request"}"#.to_owned()),
        (_, true) => token("1900000000"),
    });
    let chain = chain(Config::default(), &Fake::silent(), &local);
    for _ in 0..5 {
        chain.acquire(&nobody(), SCOPE).await.unwrap_err();
        tokio::time::advance(Duration::from_secs(11)).await;
    }
    assert_eq!(local.sent().len(), 1, "for a minute the answer is kept");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(chain.acquire(&nobody(), SCOPE).await.expect("a token").link, Link::ManagedIdentity);
    tokio::time::advance(Duration::from_hours(24)).await;
    chain.acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(local.sent().len(), 4, "two probes, two tokens: a service that is there stays");
}

#[tokio::test(start_paused = true)]
async fn callers_together_ask_once_whether_there_is_a_service() {
    let local = Fake::new(|_, _| Reply::Never);
    let chain = chain(Config::default(), &Fake::silent(), &local);
    let who = nobody();
    let calls = futures::future::join_all((0..5).map(|_| chain.acquire(&who, SCOPE))).await;
    assert!(calls.iter().all(Result::is_err));
    assert_eq!(local.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn docker_desktops_answer_is_not_a_metadata_service() {
    let local =
        Fake::new(|_, _| Reply::Answer(403, "connecting to 169.254.169.254: host unreachable".to_owned()));
    let error = error_of(Config::default(), &local).await;
    assert_eq!((local.sent().len(), error.kind), (1, AuthErrorKind::NoCredential));
}

#[tokio::test(start_paused = true)]
async fn imds_404_one_call_inside_sdk() {
    let local = machine(|| Reply::Answer(404, NOT_FOUND.to_owned()));
    let started = Instant::now();
    let error = error_of(Config::default(), &local).await;
    assert_eq!(local.sent().len(), 1 + 3, "one probe, and the chain's own three tries");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!((error.kind, error.status), (AuthErrorKind::Transient, Some(404)));
}

#[tokio::test(start_paused = true)]
async fn a_pinned_managed_identity_is_not_probed_and_waits_for_a_renewal() {
    let started = Instant::now();
    let gone = Fake::new(move |_, sent| {
        assert!(sent.headers.contains_key("metadata"), "no probe");
        if started.elapsed() < Duration::from_secs(40) {
            return Reply::Answer(410, r#"{"error":"gone"}"#.to_owned());
        }
        token("1900000000")
    });
    assert_eq!(token_of(alone(), &gone).await.link, Link::ManagedIdentity);
    assert!(started.elapsed() <= Duration::from_secs(75));
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_is_told_when_the_time_is_over() {
    let gone = Fake::new(|_, _| Reply::Answer(410, r#"{"error":"being renewed"}"#.to_owned()));
    let error = error_of(alone(), &gone).await;
    assert_eq!((error.kind, error.status), (AuthErrorKind::Transient, Some(410)));
    assert!(error.message.contains("being renewed"), "{error}");
}

#[tokio::test]
async fn imds_host_override() {
    let local = machine(|| token("\"1900000000\""));
    let config = Config { imds_host: Some("http://127.0.0.1:8181/".to_owned()), ..Config::default() };
    token_of(config, &local).await;
    for sent in local.sent() {
        let expected = "http://127.0.0.1:8181/metadata/identity/oauth2/token?api-version=";
        assert!(sent.url.starts_with(expected), "{}", sent.url);
    }
    assert_eq!(local.sent()[1].field("resource").as_deref(), Some("https://cognitiveservices.azure.com"));
}

#[tokio::test]
async fn imds_integer_expiry() {
    let local = machine(|| token("1900000000"));
    let acquired = token_of(Config::default(), &local).await;
    let expected = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    assert_eq!(acquired.expires_at, expected);
    assert!(local.sent()[1].url.starts_with("http://169.254.169.254/"), "{}", local.sent()[1].url);
}

#[tokio::test]
async fn imds_400_text_kept() {
    for config in [Config::default(), alone()] {
        let error = error_of(config, &machine(|| Reply::Answer(400, NOT_FOUND.to_owned()))).await;
        assert_eq!(error.kind, AuthErrorKind::NoCredential);
        assert!(error.message.contains("Identity not found"), "{error}");
        let links = outcomes(&error.links);
        assert!(links.contains(&(Link::ManagedIdentity, LinkOutcome::Unavailable)), "{links:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_metadata_answer_in_another_form_is_no_metadata_service() {
    for status in [200, 502] {
        let local = machine(move || Reply::Answer(status, "<html>".to_owned()));
        let error = error_of(Config::default(), &local).await;
        assert_eq!(error.kind, AuthErrorKind::NoCredential, "{error}");
    }
}

#[tokio::test]
async fn another_metadata_error_ends_the_chain() {
    let local = machine(|| Reply::Answer(403, r#"{"error":"forbidden"}"#.to_owned()));
    let error = error_of(Config::default(), &local).await;
    assert_eq!((error.kind, error.status), (AuthErrorKind::Refused, Some(403)));
    assert_eq!(outcomes(&error.links)[3].1, LinkOutcome::Skipped);
}

#[tokio::test]
async fn mi_uses_client_id() {
    for (own, expected) in [(None, "env-client"), (Some("entry-client"), "entry-client")] {
        let local = machine(|| token("1900000000"));
        let config = Config { client_id: Some("env-client".to_owned()), ..Config::default() };
        let who = Identity { client_id: own.map(str::to_owned), ..nobody() };
        chain(config, &Fake::silent(), &local).acquire(&who, SCOPE).await.expect("a token");
        assert_eq!(local.sent()[1].field("client_id").as_deref(), Some(expected));
    }
}

fn app_service() -> Config {
    Config {
        identity_endpoint: Some("http://127.0.0.1:41/msi/token".to_owned()),
        identity_header: Some(SecretString::from("canary-header")),
        client_id: Some("app".to_owned()),
        ..Config::default()
    }
}

#[tokio::test]
async fn app_service_is_asked_with_its_header() {
    let local = Fake::new(|_, _| token("\"1900000000\""));
    let chain = chain(app_service(), &Fake::silent(), &local);
    chain.acquire(&nobody(), SCOPE).await.expect("a token");
    let sent = local.sent();
    assert_eq!(sent.len(), 1, "no probe");
    assert!(sent[0].url.starts_with("http://127.0.0.1:41/msi/token?"), "{}", sent[0].url);
    assert_eq!(sent[0].field("api-version").as_deref(), Some("2019-08-01"));
    assert_eq!(sent[0].field("client_id").as_deref(), Some("app"));
    assert_eq!(sent[0].headers.get("x-identity-header").map(String::as_str), Some("canary-header"));
    assert!(!format!("{chain:?}").contains("canary-header"));
}

#[tokio::test]
async fn app_services_refusal_ends_the_chain_with_its_own_text() {
    let body = r#"{"statusCode":400,"message":"No User Assigned Identity, sent canary-header"}"#;
    let error = error_of(app_service(), &Fake::new(move |_, _| Reply::Answer(400, body.to_owned()))).await;
    assert_eq!(error.status, Some(400));
    assert!(error.message.contains("No User Assigned Identity"), "{error}");
    assert!(!format!("{error:?}").contains("canary-header"));
}

#[tokio::test(start_paused = true)]
async fn azure_arc_is_named_as_unsupported() {
    let error = error_of(Config { identity_header: None, ..app_service() }, &Fake::silent()).await;
    assert!(detail(&error.links, Link::ManagedIdentity).contains("Azure Arc"));
}
