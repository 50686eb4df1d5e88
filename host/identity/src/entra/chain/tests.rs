//! The walk over the links; what one link does is in the tests of its method.

use std::io::Write;

use secrecy::SecretString;
use tokio::time::Instant;

use super::super::fake::{Fake, Reply, chain, projected_token};
use super::*;

mod entra;
mod machine;
mod tools;

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

fn nobody() -> Identity {
    Identity::default()
}

/// A service principal with a secret.
fn principal() -> Config {
    Config {
        tenant_id: Some("contoso".to_owned()),
        client_id: Some("app".to_owned()),
        client_secret: Some(SecretString::from("canary-secret")),
        ..Config::default()
    }
}

/// A pod that the webhook changed, and its token's file.
fn pod(token: &str) -> (Config, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(token.as_bytes()).expect("written");
    let config = Config {
        client_secret: None,
        federated_token_file: Some(file.path().to_owned()),
        in_pod: true,
        ..principal()
    };
    (config, file)
}

fn outcomes(links: &[LinkReport]) -> Vec<(Link, LinkOutcome)> {
    links.iter().map(|report| (report.link, report.outcome)).collect()
}

fn detail(links: &[LinkReport], link: Link) -> &str {
    &links.iter().find(|report| report.link == link).expect("every link is reported").detail
}

#[tokio::test(start_paused = true)]
async fn chain_order() {
    let absent = Fake::new(|_, _| Reply::Nothing);
    let chain = chain(Config::default(), &Fake::silent(), &absent);
    let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::NoCredential);
    assert_eq!(outcomes(&error.links), Link::ALL.map(|link| (link, LinkOutcome::Unavailable)));
    for link in Link::ALL {
        assert!(error.message.contains(link.as_str()), "{error}");
        assert!(error.message.contains(detail(&error.links, link)), "{error}");
    }
    assert!(!error.message.contains('\n'));
}

#[tokio::test]
async fn a_secret_of_the_environment_comes_first() {
    let entra = Fake::new(|_, _| Reply::token("t"));
    let (config, _file) = pod(&projected_token("a"));
    let config = Config { client_secret: Some(SecretString::from("s")), ..config };
    let acquired = chain(config, &entra, &Fake::silent()).acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(acquired.link, Link::Environment);
    assert_eq!(outcomes(&acquired.links), [(Link::Environment, LinkOutcome::Token)]);
    assert_eq!(detail(&acquired.links, Link::Environment), "client secret");
}

#[tokio::test(start_paused = true)]
async fn env_service_principal_with_wrong_secret_stops_the_chain() {
    let body =
        r#"{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: no."}"#;
    let entra = Fake::new(move |_, _| Reply::Answer(401, body.to_owned()));
    let chain = chain(principal(), &entra, &Fake::silent());
    let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(
        (error.kind, error.aadsts, error.status),
        (AuthErrorKind::Refused, Some(7_000_215), Some(401))
    );
    assert_eq!(outcomes(&error.links)[0], (Link::Environment, LinkOutcome::Failed));
    assert!(error.links[1..].iter().all(|report| report.outcome == LinkOutcome::Skipped));
    assert_eq!((error.links.len(), entra.sent().len()), (Link::ALL.len(), 1));
}

#[tokio::test(start_paused = true)]
async fn links_that_the_environment_leaves_out_are_named_as_skipped() {
    let local = Fake::new(|_, _| Reply::Nothing);
    let config = Config { token_credentials: Some("prod".to_owned()), ..Config::default() };
    let error = chain(config, &Fake::silent(), &local).acquire(&nobody(), SCOPE).await.unwrap_err();
    let skipped = error.links.iter().filter(|report| report.outcome == LinkOutcome::Skipped);
    assert_eq!(skipped.count(), 4);
    assert!(!error.message.contains("AzureCliCredential"), "{error}");
}

#[tokio::test]
async fn the_only_link_of_an_entry_is_the_only_one_tried() {
    let entra = Fake::new(|_, _| Reply::token("t"));
    let (config, _file) = pod(&projected_token("a"));
    let config = Config { client_secret: Some(SecretString::from("s")), ..config };
    let chain = chain(config, &entra, &Fake::silent());
    let who = Identity { only: Some(Link::WorkloadIdentity), ..nobody() };
    let acquired = chain.acquire(&who, SCOPE).await.expect("a token");
    assert_eq!(acquired.link, Link::WorkloadIdentity);
    assert_eq!(acquired.links[0].outcome, LinkOutcome::Skipped);
    assert_eq!(chain.acquire(&nobody(), SCOPE).await.expect("a token").link, Link::Environment);
}

#[tokio::test]
async fn an_entrys_own_secret_walks_no_chain() {
    let entra = Fake::new(|_, _| Reply::token("t"));
    let chain = chain(principal(), &entra, &Fake::silent());
    let who = Identity {
        tenant_id: Some("partner".to_owned()),
        client_id: Some("theirs".to_owned()),
        client_secret: Some(SecretString::from("their-secret")),
        only: None,
    };
    let acquired = chain.acquire(&who, SCOPE).await.expect("a token");
    assert_eq!(acquired.links.len(), 1);
    let sent = &entra.sent()[0];
    assert_eq!(sent.url, "https://login.microsoftonline.com/partner/oauth2/v2.0/token");
    assert_eq!(sent.field("client_id").as_deref(), Some("theirs"));
    assert_eq!(sent.field("client_secret").as_deref(), Some("their-secret"));
}

#[tokio::test]
async fn the_environments_secret_is_not_sent_for_another_client() {
    let entra = Fake::new(|_, _| Reply::token("t"));
    let (config, _file) = pod(&projected_token("a"));
    let config = Config { client_secret: Some(SecretString::from("s")), ..config };
    let who = Identity { client_id: Some("partner".to_owned()), ..nobody() };
    let acquired = chain(config, &entra, &Fake::silent()).acquire(&who, SCOPE).await.expect("a token");
    assert_eq!(acquired.link, Link::WorkloadIdentity);
    assert_eq!(entra.sent()[0].field("client_id").as_deref(), Some("partner"));
}

#[tokio::test]
async fn the_first_success_stays() {
    let local = Fake::new(|number, _| match number {
        0..=2 => Reply::token("t"),
        _ => Reply::Answer(403, r#"{"error":"forbidden"}"#.to_owned()),
    });
    let chain = chain(Config::default(), &Fake::silent(), &local);
    for _ in 0..2 {
        let acquired = chain.acquire(&nobody(), SCOPE).await.expect("a token");
        assert_eq!(acquired.link, Link::ManagedIdentity);
    }
    assert_eq!(local.sent().len(), 3, "one probe, two tokens");
    for _ in 0..2 {
        let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
        let tried = error.links.iter().filter(|report| report.outcome != LinkOutcome::Skipped);
        assert_eq!(tried.map(|report| report.link).collect::<Vec<_>>(), [Link::ManagedIdentity]);
    }
    assert_eq!(local.sent().len(), 5, "a failure is no reason to be somebody else");
}

#[tokio::test]
async fn a_settled_link_that_is_gone_is_forgotten() {
    let local = Fake::new(|number, _| match number {
        0..=1 | 4.. => Reply::token("t"),
        _ => Reply::Answer(400, r#"{"error_description":"Identity not found"}"#.to_owned()),
    });
    let chain = chain(Config::default(), &Fake::silent(), &local);
    chain.acquire(&nobody(), SCOPE).await.expect("a token");
    let error = chain.acquire(&nobody(), SCOPE).await.unwrap_err();
    assert_eq!(error.kind, AuthErrorKind::NoCredential);
    assert_eq!(outcomes(&error.links), Link::ALL.map(|link| (link, LinkOutcome::Unavailable)));
    let acquired = chain.acquire(&nobody(), SCOPE).await.expect("a token");
    assert_eq!(outcomes(&acquired.links)[0], (Link::Environment, LinkOutcome::Unavailable), "a whole walk");
}

#[tokio::test]
async fn malformed_ids_go_nowhere() {
    let bad = ["a b", "x/../y", "$(id)", "-t", "", "a'b", "ü", "a\nb"];
    for value in bad {
        let chain = chain(principal(), &Fake::silent(), &Fake::silent());
        let tenant = Identity { tenant_id: Some(value.to_owned()), ..nobody() };
        let client = Identity { client_id: Some(value.to_owned()), ..nobody() };
        for (who, scope) in [(&tenant, SCOPE), (&client, SCOPE), (&nobody(), value)] {
            if scope == "x/../y" {
                continue;
            }
            let error = chain.acquire(who, scope).await.unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::Configuration, "{value}");
            assert!(error.message.contains("malformed"), "{error}");
        }
    }
}

#[test]
fn the_fingerprint_follows_the_token_file_and_the_description() {
    let (config, mut file) = pod(&projected_token("a"));
    let chain = chain(config, &Fake::silent(), &Fake::silent());
    let before = chain.fingerprint(&nobody());
    assert_eq!(before, chain.fingerprint(&nobody()));
    let other = Identity { client_id: Some("other".to_owned()), ..nobody() };
    assert_ne!(before, chain.fingerprint(&other));
    file.write_all(b"x").expect("written");
    assert_ne!(before, chain.fingerprint(&nobody()));
    let path = file.path().to_owned();
    drop(file);
    let missing = chain.fingerprint(&nobody());
    assert_ne!(before, missing);
    std::fs::write(path, projected_token("a")).expect("written");
    assert_ne!(missing, chain.fingerprint(&nobody()));
}

#[test]
fn a_wrong_variable_is_an_error_at_the_start() {
    for config in [
        Config { token_credentials: Some("production".to_owned()), ..Config::default() },
        Config { authority_host: Some("http://login.example".to_owned()), ..Config::default() },
    ] {
        let fake = Fake::silent();
        let chain = Chain::over(config, Wires { entra: fake.wire(), local: fake.wire() });
        assert_eq!(chain.unwrap_err().kind, AuthErrorKind::Configuration);
    }
}
