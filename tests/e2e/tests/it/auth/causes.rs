//! Every row of the tables of errors: what `auth check` calls it, whether it fails, and that there is a fix.

use holmes_fakes::{
    azure_openai::{Hint, Refusal},
    entra::Failure,
};

use super::{
    check,
    pod::{self, Pod},
    status, text,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_number_of_entra_has_its_cause_and_a_fix() {
    let pod = Pod::start().await;
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    for (number, cause) in [
        (70_021, "federation-missing"),
        (700_211, "federation-issuer"),
        (700_212, "federation-audience"),
        (700_213, "federation-subject"),
        (700_016, "client-unknown"),
        (7_000_229, "service-principal-missing"),
        (90_002, "tenant-unknown"),
        (900_023, "tenant-malformed"),
        (50_194, "tenant-missing"),
        (700_024, "assertion-time"),
        (90_061, "issuer-unreachable"),
        (7_000_215, "secret-wrong"),
        (7_000_222, "secret-expired"),
        (700_027, "certificate-rejected"),
        (500_011, "resource-unknown"),
        (70_011, "scope-invalid"),
        (1_002_012, "scope-without-default"),
        (53_003, "conditional-access"),
        (50_005, "conditional-access"),
        (999_999, "entra-error"),
    ] {
        pod.entra.fail_always(Some(Failure::Aadsts(number)));
        let ran = pod.run(&["auth", "check", "--json"], &variables).await;
        assert_eq!(ran.code, Some(2), "{number}: {ran:?}");
        let document = ran.json();
        let exchange = check(&document, "exchange");
        assert_eq!((text(exchange, "status"), text(exchange, "cause")), ("FAIL", cause), "{exchange:#}");
        assert!(text(exchange, "detail").contains(&format!("AADSTS{number}")), "{exchange:#}");
        assert_ne!(text(exchange, "fix"), "", "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_refusal_of_the_data_plane_has_its_cause() {
    let pod = Pod::start().await;
    let token = pod.workload_identity("AZURE_OPENAI_BASE");
    let key = vec![
        ("AZURE_OPENAI_BASE".to_owned(), pod.azure.base()),
        ("AZURE_OPENAI_KEY".to_owned(), pod.azure.api_key().to_owned()),
    ];
    for (variables, refusal, expected, cause) in [
        (&token, Refusal::TokenRejected, "FAIL", "token_rejected"),
        (&token, Refusal::RoleMissingShort, "FAIL", "role_missing"),
        (&key, Refusal::KeyInvalid, "FAIL", "key_invalid"),
        (&key, Refusal::LocalAuthDisabled, "FAIL", "local_auth_disabled"),
        (&token, Refusal::NetworkDenied, "FAIL", "network_denied"),
        (&token, Refusal::PublicAccessDisabled, "FAIL", "network_denied"),
        (&token, Refusal::NoCustomDomain, "FAIL", "no_custom_domain"),
        (&token, Refusal::WrongTenant, "FAIL", "wrong_tenant"),
        (&token, Refusal::QuotaExhausted, "FAIL", "quota_exhausted"),
        (&token, Refusal::ServerError, "FAIL", "unavailable"),
        (&token, Refusal::RateLimited(Hint::Seconds(1)), "WARN", "rate_limited"),
    ] {
        pod.azure.refuse_always(Some(refusal.clone()));
        let ran = pod.run(&["auth", "check", "--json"], variables).await;
        let document = ran.json();
        let list = check(&document, "model-list");
        assert_eq!((text(list, "status"), text(list, "cause")), (expected, cause), "{refusal:?}: {list:#}");
        assert_ne!(text(list, "fix"), "", "{refusal:?}");
        assert_eq!(ran.code, Some(if expected == "FAIL" { 2 } else { 0 }), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_authority_that_is_away_is_told_apart_from_one_that_refuses() {
    let pod = Pod::start().await;
    let mut variables = pod.workload_identity("AZURE_OPENAI_BASE");
    pod.entra.fail_always(Some(Failure::Html503));
    let ran = pod.run(&["auth", "check", "--json"], &variables).await;
    let document = ran.json();
    assert_eq!(text(check(&document, "exchange"), "cause"), "authority-unreachable");
    assert_eq!(status(&document, "authority"), "FAIL");

    // Its certificate is one of an authority that nobody here knows.
    variables.push((
        "SSL_CERT_FILE".to_owned(),
        pod.world.write("other.pem", pod::another_authority()).display().to_string(),
    ));
    let ran = pod.run(&["auth", "check", "--json"], &variables).await;
    let document = ran.json();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(text(check(&document, "authority"), "fix").contains("SSL_CERT_FILE"), "{document:#}");
    assert_eq!(status(&document, "exchange"), "FAIL");
}
