//! What an examination shows of a success and of a failure; and that no token is in it.

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::{AuthErrorKind, entra::jwt::tests::token};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

fn access_token() -> String {
    token(&json!({
        "aud": "https://cognitiveservices.azure.com", "oid": "principal", "azp": "client",
        "tid": "tenant", "exp": 1_700_003_600, "idtyp": "app", "secret-claim": "not shown",
    }))
}

fn acquired(token: &str, offset: i64) -> Acquired {
    let report = |link, outcome, detail: &str| LinkReport { link, outcome, detail: detail.into() };
    Acquired {
        token: SecretString::from(token),
        expires_at: SystemTime::now() + Duration::from_hours(1),
        refresh_in: None,
        link: Link::WorkloadIdentity,
        links: vec![
            report(Link::Environment, LinkOutcome::Unavailable, "no secret"),
            report(Link::WorkloadIdentity, LinkOutcome::Token, "projected token"),
        ],
        clock_offset_seconds: Some(offset),
    }
}

fn look(config: &Config, outcome: &Result<Acquired, AuthError>) -> Examination {
    let took = Duration::from_millis(120);
    examine(config, &Identity::default(), SCOPE, outcome, took, SystemTime::now())
}

#[test]
fn a_success_shows_source_links_claims_and_clock() {
    let seen = look(&Config::default(), &Ok(acquired(&access_token(), -90)));
    assert_eq!(seen.source, Some("WorkloadIdentityCredential"));
    assert_eq!(seen.failure, None);
    let links: Vec<_> =
        seen.links.iter().map(|link| (link.link, link.outcome, link.detail.as_str())).collect();
    assert_eq!(
        links,
        [
            ("EnvironmentCredential", "unavailable", "no secret"),
            ("WorkloadIdentityCredential", "token", "projected token")
        ]
    );
    let expected = AccessClaims {
        aud: Some("https://cognitiveservices.azure.com".into()),
        oid: Some("principal".into()),
        app_id: Some("client".into()),
        tid: Some("tenant".into()),
        exp: Some(1_700_003_600),
        idtyp: Some("app".into()),
    };
    assert_eq!(seen.claims, Some(expected));
    assert_eq!((seen.clock_offset_seconds, seen.duration_milliseconds), (Some(-90), 120));
    assert_eq!(seen.advice.iter().map(|advice| advice.id).collect::<Vec<_>>(), ["clock-offset"]);
}

#[test]
fn a_failure_shows_the_file_and_its_advice_first_and_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let assertion =
        token(&json!({"iss": "https://oidc.example/", "sub": "system:serviceaccount:a:b", "aud": "other"}));
    std::fs::write(&path, &assertion).unwrap();
    let config = Config {
        client_id: Some("client".into()),
        federated_token_file: Some(path.clone()),
        in_pod: true,
        ..Config::default()
    };
    let error = AuthError {
        aadsts: Some(700_213),
        status: Some(400),
        trace_id: Some("trace".into()),
        ..AuthError::new(AuthErrorKind::Refused, "no match")
    };
    let seen = look(&config, &Err(error));
    let failure = seen.failure.clone().unwrap();
    assert_eq!((failure.kind, failure.aadsts, failure.status), ("refused", Some(700_213), Some(400)));
    let facts = seen.token_file.clone().unwrap().facts.unwrap();
    assert_eq!(facts.subject.as_deref(), Some("system:serviceaccount:a:b"));
    let ids: Vec<_> = seen.advice.iter().map(|advice| advice.id).collect();
    assert_eq!(ids, ["federation-subject", "token-audience"]);
    std::fs::remove_file(&path).unwrap();
    let missing = AuthError::new(AuthErrorKind::Configuration, "the token file is not there");
    let seen = look(&config, &Err(missing));
    assert_eq!(seen.advice.iter().map(|advice| advice.id).collect::<Vec<_>>(), ["token-file-missing"]);
    assert!(seen.token_file.unwrap().error.unwrap().contains("does not exist"));
}

#[test]
fn an_opaque_token_has_no_claims_and_is_no_failure() {
    let seen = look(&Config::default(), &Ok(acquired("opaque-secret", 0)));
    assert_eq!(seen.claims, Some(AccessClaims::default()));
    assert!(seen.advice.is_empty());
}

#[test]
fn no_examination_holds_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let assertion = token(&json!({"sub": "s"}));
    std::fs::write(&path, &assertion).unwrap();
    let config = Config { federated_token_file: Some(path), ..Config::default() };
    let access = access_token();
    let seen = look(&config, &Ok(acquired(&access, 0)));
    let text = format!("{seen:?} {}", serde_json::to_string(&seen).unwrap());
    for secret in [access, assertion] {
        for part in secret.split('.') {
            assert!(!text.contains(part), "{part}");
        }
    }
    assert!(!text.contains("not shown"));
}
