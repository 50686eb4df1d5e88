use holmes_identity::entra::{AccessClaims, ExaminedFile, ExaminedLink, Failure, TokenFacts};

use super::*;

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn link(link: &'static str, outcome: &'static str, detail: &str) -> ExaminedLink {
    ExaminedLink { link, outcome, detail: detail.to_owned() }
}

fn good() -> Examination {
    Examination {
        scope: SCOPE.to_owned(),
        source: Some("WorkloadIdentityCredential"),
        failure: None,
        links: vec![
            link("EnvironmentCredential", "unavailable", "no client secret"),
            link("WorkloadIdentityCredential", "token", "projected token"),
        ],
        token_file: Some(ExaminedFile {
            path: "/var/run/token".to_owned(),
            facts: Some(TokenFacts {
                issuer: Some("https://oidc.example/".to_owned()),
                subject: Some("system:serviceaccount:a:b".to_owned()),
                audience: Some("api://AzureADTokenExchange".to_owned()),
                expires: Some(now() + 3601),
                ..TokenFacts::default()
            }),
            error: None,
        }),
        claims: Some(AccessClaims {
            aud: Some("https://cognitiveservices.azure.com".to_owned()),
            oid: Some("44444444".to_owned()),
            exp: Some(now() + 86_400),
            ..AccessClaims::default()
        }),
        clock_offset_seconds: Some(0),
        duration_milliseconds: 12,
        advice: Vec::new(),
    }
}

fn bad(id: &'static str, diagnosis: &str, aadsts: Option<u32>) -> Examination {
    let failure = Failure {
        kind: "refused",
        message: "Entra refused".to_owned(),
        aadsts,
        oauth_error: None,
        status: Some(401),
        trace_id: Some("trace".to_owned()),
        correlation_id: None,
    };
    let advice = Advice { id, diagnosis: diagnosis.to_owned(), fix: Some("az fix".to_owned()) };
    let links = vec![link("WorkloadIdentityCredential", "failed", "Entra refused")];
    Examination { source: None, failure: Some(failure), claims: None, links, advice: vec![advice], ..good() }
}

fn ids(checks: &[Check]) -> Vec<(&str, Status)> {
    checks.iter().map(|check| (check.id.as_str(), check.status)).collect()
}

fn loopback() -> Environment {
    Environment::from([("AZURE_AUTHORITY_HOST", "https://127.0.0.1:9/")])
}

#[tokio::test]
async fn a_token_is_told_with_every_link_and_what_it_says() {
    let checks = checks(&good(), &loopback()).await;
    let expected = [
        ("token-file", Status::Pass),
        ("authority", Status::Pass),
        ("clock", Status::Pass),
        ("link-EnvironmentCredential", Status::Skip),
        ("link-WorkloadIdentityCredential", Status::Pass),
        ("exchange", Status::Pass),
        ("claims", Status::Pass),
    ];
    assert_eq!(ids(&checks), expected);
    assert!(checks[0].detail.contains("sub system:serviceaccount:a:b"), "{}", checks[0].detail);
    assert!(checks[0].detail.ends_with("expires in 60 min"), "{}", checks[0].detail);
    assert!(checks[1].detail.contains("answered over TLS"), "{}", checks[1].detail);
    assert!(checks[6].detail.contains("oid 44444444"), "{}", checks[6].detail);
}

#[tokio::test]
async fn a_refusal_fails_with_its_number_and_the_command() {
    let seen = bad("federation-subject", "no federated credential", Some(700_213));
    let checks = checks(&seen, &loopback()).await;
    let exchange = checks.iter().find(|check| check.id == "exchange").unwrap();
    assert_eq!(exchange.status, Status::Fail);
    // Entra's own words are told once, by the link that failed.
    assert_eq!(exchange.detail, "AADSTS700213: no federated credential\ntrace id trace");
    assert_eq!(exchange.cause.as_deref(), Some("federation-subject"));
    assert_eq!(exchange.fix.as_deref(), Some("az fix"));
    assert_eq!(checks.last().unwrap().status, Status::Skip);
    assert!(ids(&checks).contains(&("link-WorkloadIdentityCredential", Status::Fail)));
}

#[test]
fn what_was_told_above_is_not_told_twice() {
    let seen = bad("webhook-missing", "the webhook did not change this pod", None);
    let check = exchange(&seen);
    assert_eq!((check.status, check.cause.as_deref()), (Status::Fail, Some("webhook-missing")));
    assert!(check.detail.ends_with("the cause is at `environment` above"), "{}", check.detail);
    assert_eq!(check.fix, None);
}

#[test]
fn a_broken_token_file_fails_unless_another_credential_worked() {
    let mut seen = bad("token-file-empty", "the token file is empty", None);
    seen.token_file = Some(ExaminedFile {
        path: "/var/run/token".to_owned(),
        facts: None,
        error: Some("the token file is empty".to_owned()),
    });
    assert_eq!(token_file(&seen).status, Status::Fail);
    seen.failure = None;
    let check = token_file(&seen);
    assert_eq!((check.status, check.cause.as_deref()), (Status::Warn, Some("token-file-empty")));
    seen.token_file = None;
    assert_eq!(token_file(&seen).status, Status::Skip);
}

#[tokio::test]
async fn an_authority_that_gives_no_answer_is_named() {
    let seen = bad("authority-unreachable", "connection refused", None);
    let check = authority(&seen, &loopback()).await;
    assert_eq!((check.status, check.cause.as_deref()), (Status::Fail, Some("authority-unreachable")));
    assert!(check.detail.starts_with("127.0.0.1:9 "), "{}", check.detail);
}

#[test]
fn a_link_that_failed_before_another_gave_a_token_is_a_warning() {
    let mut seen = good();
    seen.links[0] = link("EnvironmentCredential", "failed", "no");
    assert_eq!(links(&seen).next().unwrap().status, Status::Warn);
}

#[test]
fn a_token_for_somebody_else_is_a_warning() {
    let mut seen = good();
    seen.claims.as_mut().unwrap().aud = Some("https://management.azure.com/".to_owned());
    let check = claims(&seen, &Environment::default());
    assert_eq!((check.status, check.cause.as_deref()), (Status::Warn, Some("other-audience")));
    seen.claims.as_mut().unwrap().aud = Some("7d312290-28c8-473c-a0ed-8e53749b6d6d".to_owned());
    assert_eq!(claims(&seen, &Environment::default()).status, Status::Pass);
}

#[test]
fn the_authority_is_a_host_in_every_form_it_is_given() {
    let host = |given: &str| authority_host(&Environment::from([("AZURE_AUTHORITY_HOST", given)]));
    assert_eq!(host(""), "login.microsoftonline.com");
    assert_eq!(host("https://Login.Example:8443/"), "login.example:8443");
    assert_eq!(host(" login.chinacloudapi.cn "), "login.chinacloudapi.cn");
}

#[test]
fn an_expiry_is_told_in_the_unit_that_fits() {
    assert_eq!(expiry(now() - 1), "expired");
    assert!(expiry(now() + 100).ends_with(" s"));
    assert_eq!(expiry(now() + 3601), "expires in 60 min");
    assert!(expiry(now() + 86_401).starts_with("expires in 24 h"));
}
