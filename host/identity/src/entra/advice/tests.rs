//! Every row of the table: the signal, the id, and what the fix must name.

use std::{path::PathBuf, time::Duration};

use super::*;
use crate::entra::{Link, LinkOutcome, LinkReport};

const CLIENT: &str = "00000000-0000-0000-0000-0000000000aa";
const TENANT: &str = "00000000-0000-0000-0000-0000000000bb";

fn config() -> Config {
    Config {
        tenant_id: Some(TENANT.into()),
        client_id: Some(CLIENT.into()),
        federated_token_file: Some("/var/run/secrets/token".into()),
        in_pod: true,
        ..Config::default()
    }
}

fn facts() -> TokenFacts {
    TokenFacts {
        issuer: Some("https://oidc.example/id/".into()),
        subject: Some("system:serviceaccount:holmes:agent".into()),
        audience: Some("api://AzureADTokenExchange".into()),
        not_before: Some(1_700_000_000),
        expires: Some(1_700_003_600),
        has_white_space: false,
    }
}

/// Half way through the token's life.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_001_800)
}

/// What a test varies.
struct Scene {
    config: Config,
    identity: Identity,
    file: Option<Result<TokenFacts, TokenFileError>>,
    offset: Option<i64>,
}

impl Default for Scene {
    fn default() -> Self {
        Self { config: config(), identity: Identity::default(), file: Some(Ok(facts())), offset: None }
    }
}

impl Scene {
    fn context(&self) -> Context<'_> {
        Context {
            config: &self.config,
            identity: &self.identity,
            token_file: self.file.as_ref(),
            clock_offset_seconds: self.offset,
            now: now(),
        }
    }

    fn advise(&self, error: &AuthError) -> Advice {
        advise(error, &self.context())
    }

    fn ids(&self) -> Vec<&'static str> {
        observe(&self.context()).into_iter().map(|advice| advice.id).collect()
    }
}

fn refused(code: u32) -> AuthError {
    let message = format!("AADSTS{code}: Entra's own words");
    AuthError { aadsts: Some(code), status: Some(400), ..AuthError::new(AuthErrorKind::Refused, message) }
}

fn managed_identity(
    outcome: LinkOutcome,
    status: Option<u16>,
    kind: AuthErrorKind,
    detail: &str,
) -> AuthError {
    let report = LinkReport { link: Link::ManagedIdentity, outcome, detail: detail.into() };
    AuthError { status, links: vec![report], ..AuthError::new(kind, "no token") }
}

fn fix(advice: &Advice) -> &str {
    advice.fix.as_deref().unwrap()
}

#[test]
fn each_number_has_its_row() {
    for (code, id, in_fix) in [
        (70_021, "federation-missing", "az identity federated-credential create"),
        (700_211, "federation-issuer", "--issuer https://oidc.example/id/ "),
        (700_212, "federation-audience", "--audiences api://AzureADTokenExchange"),
        (700_213, "federation-subject", "--subject system:serviceaccount:holmes:agent "),
        (700_016, "client-unknown", "az identity show"),
        (7_000_229, "service-principal-missing", "az ad sp create --id 00000000-0000-0000-0000-0000000000aa"),
        (90_002, "tenant-unknown", "AZURE_TENANT_ID"),
        (900_023, "tenant-malformed", "AZURE_TENANT_ID"),
        (50_194, "tenant-missing", "AZURE_TENANT_ID"),
        (700_024, "assertion-time", "clock"),
        (90_061, "issuer-unreachable", "https://oidc.example/id/.well-known/openid-configuration"),
        (7_000_215, "secret-wrong", "az ad app credential reset"),
        (7_000_222, "secret-expired", "az ad app credential reset"),
        (700_027, "certificate-rejected", "--cert @"),
        (500_011, "resource-unknown", "azure_scope"),
        (70_011, "scope-invalid", "/.default"),
        (1_002_012, "scope-without-default", "/.default"),
        (53_003, "conditional-access", "policy"),
        (50_005, "conditional-access", "policy"),
        (90_033, "authority-unreachable", "login.microsoftonline.com:443"),
    ] {
        let advice = Scene::default().advise(&refused(code));
        assert_eq!(advice.id, id, "AADSTS{code}");
        assert!(fix(&advice).contains(in_fix), "AADSTS{code}: {}", fix(&advice));
    }
}

#[test]
fn a_missing_federated_credential_gets_the_whole_command() {
    let advice = Scene::default().advise(&refused(700_213));
    assert_eq!(
        fix(&advice).lines().next().unwrap(),
        "az identity federated-credential create --name holmes-holmes-agent --identity-name IDENTITY_NAME \
         --resource-group RESOURCE_GROUP --issuer https://oidc.example/id/ \
         --subject system:serviceaccount:holmes:agent --audiences api://AzureADTokenExchange"
    );
    assert!(fix(&advice).contains("two minutes"));
    for part in [
        CLIENT,
        "iss `https://oidc.example/id/`",
        "sub `system:serviceaccount:holmes:agent`",
        "aud `api://AzureADTokenExchange`",
    ] {
        assert!(advice.diagnosis.contains(part), "{}", advice.diagnosis);
    }
}

#[test]
fn values_of_a_token_do_not_reach_the_shell() {
    let hostile = TokenFacts {
        issuer: Some("https://x/$(rm -rf ~)'\u{1b}[2J".into()),
        subject: Some("system:serviceaccount:a;b:`id`".into()),
        audience: Some("one $two".into()),
        ..facts()
    };
    let scene = Scene { file: Some(Ok(hostile)), ..Scene::default() };
    for code in [700_211, 90_061] {
        let advice = scene.advise(&refused(code));
        assert!(!format!("{}{}", advice.diagnosis, fix(&advice)).contains('\u{1b}'));
    }
    let advice = scene.advise(&refused(700_211));
    let command = fix(&advice).lines().next().unwrap().to_owned();
    assert!(command.contains(r"--name holmes-a-b--id --identity-name"), "{command}");
    assert!(command.contains(r"--issuer 'https://x/$(rm -rf ~)'\''?[2J' "), "{command}");
    assert!(command.contains("--subject 'system:serviceaccount:a;b:`id`' "), "{command}");
    assert!(command.ends_with("--audiences one '$two'"), "{command}");
}

#[test]
fn without_a_token_file_the_command_says_what_to_fill_in() {
    let advice = Scene { file: None, ..Scene::default() }.advise(&refused(70_021));
    for part in [
        "--issuer ISSUER_URL",
        "--subject system:serviceaccount:NAMESPACE:NAME",
        "api://AzureADTokenExchange",
    ] {
        assert!(fix(&advice).contains(part), "{}", fix(&advice));
    }
}

#[test]
fn an_assertion_out_of_time_shows_its_times_and_now() {
    let advice = Scene::default().advise(&refused(700_024));
    for part in ["nbf 2023-11-14T22:13:20Z", "exp 2023-11-14T23:13:20Z", "now 2023-11-14T22:43:20Z"] {
        assert!(advice.diagnosis.contains(part), "{}", advice.diagnosis);
    }
}

#[test]
fn an_unknown_number_keeps_entras_words_and_links_its_page() {
    let advice = Scene::default().advise(&refused(7_777_777));
    assert_eq!(advice.id, "entra-error");
    assert!(advice.diagnosis.contains("Entra's own words"));
    assert!(fix(&advice).contains("https://login.microsoftonline.com/error?code=7777777"));
}

#[test]
fn an_unknown_number_that_may_pass_is_transient() {
    let error = AuthError { kind: AuthErrorKind::Transient, ..refused(90_099) };
    assert_eq!(Scene::default().advise(&error).id, "authority-unreachable");
}

#[test]
fn the_entrys_client_and_tenant_are_the_ones_named() {
    let identity =
        Identity { client_id: Some("entry".into()), tenant_id: Some("other".into()), ..Identity::default() };
    let advice = Scene { identity, ..Scene::default() }.advise(&refused(700_016));
    assert_eq!(advice.diagnosis, "the tenant other knows no client entry");
}

#[test]
fn a_pod_without_the_webhook_is_told_so_whatever_failed_in_the_end() {
    let config = Config { federated_token_file: None, ..config() };
    let scene = Scene { config, file: None, ..Scene::default() };
    assert_eq!(scene.ids(), ["webhook-missing"]);
    let none = AuthError::new(AuthErrorKind::NoCredential, "nothing");
    let detail = "HTTP 400: Identity not found";
    let absent = managed_identity(LinkOutcome::Unavailable, None, AuthErrorKind::NoCredential, detail);
    for error in [none, absent] {
        let advice = scene.advise(&error);
        assert_eq!(advice.id, "webhook-missing");
        assert!(fix(&advice).contains("azure.workload.identity/use"));
    }
    let outside = Config { in_pod: false, ..scene.config.clone() };
    assert!(Scene { config: outside, file: None, ..Scene::default() }.ids().is_empty());
    let with_secret = Config { client_secret: Some("secret".into()), ..scene.config };
    assert!(Scene { config: with_secret, file: None, ..Scene::default() }.ids().is_empty());
}

#[test]
fn a_missing_annotation_is_named_with_its_service_account() {
    let scene = Scene { config: Config { client_id: None, ..config() }, ..Scene::default() };
    let advice = scene.advise(&AuthError::new(AuthErrorKind::NoCredential, "nothing"));
    assert_eq!(advice.id, "client-id-missing");
    let command = "kubectl annotate serviceaccount agent --namespace holmes azure.workload.identity/client-id=CLIENT_ID";
    assert!(fix(&advice).starts_with(command), "{}", fix(&advice));
    let identity = Identity { client_id: Some("entry".into()), ..Identity::default() };
    assert!(Scene { identity, ..scene }.ids().is_empty());
}

#[test]
fn each_defect_of_the_token_file_has_its_row() {
    let path = PathBuf::from("/var/run/secrets/token");
    for (error, id, in_fix) in [
        (TokenFileError::Missing(path.clone()), "token-file-missing", "mounted"),
        (
            TokenFileError::Unreadable { path: path.clone(), reason: "Permission denied".into() },
            "token-file-unreadable",
            "fsGroup",
        ),
        (TokenFileError::Empty(path.clone()), "token-file-empty", "kubelet"),
        (TokenFileError::TooLong(path.clone()), "token-file-too-long", "AZURE_FEDERATED_TOKEN_FILE"),
        (TokenFileError::NotAToken(path), "token-file-not-a-token", "JWT"),
    ] {
        let failure = AuthError::from(error.clone());
        let scene = Scene { file: Some(Err(error)), ..Scene::default() };
        let advice = scene.advise(&failure);
        assert_eq!(advice.id, id);
        assert_eq!(scene.ids(), [id]);
        assert!(fix(&advice).contains(in_fix), "{}", fix(&advice));
    }
}

#[test]
fn what_is_wrong_with_a_readable_token_is_noticed() {
    let with = |change: fn(&mut TokenFacts)| {
        let mut facts = facts();
        change(&mut facts);
        Scene { file: Some(Ok(facts)), ..Scene::default() }.ids()
    };
    assert!(with(|_| {}).is_empty());
    assert_eq!(
        with(|facts| facts.audience = Some("https://kubernetes.default.svc".into())),
        ["token-audience"]
    );
    assert_eq!(with(|facts| facts.audience = None), ["token-audience"]);
    assert!(with(|facts| facts.audience = Some("other api://AzureADTokenExchange".into())).is_empty());
    assert_eq!(with(|facts| facts.expires = Some(1_700_001_000)), ["token-file-expired"]);
    assert_eq!(with(|facts| facts.has_white_space = true), ["token-file-white-space"]);
}

#[test]
fn a_clock_that_is_off_by_more_than_a_minute_is_noticed() {
    let ids = |offset| Scene { offset, ..Scene::default() }.ids();
    assert!(ids(Some(60)).is_empty());
    assert_eq!(ids(Some(61)), ["clock-offset"]);
    assert_eq!(ids(Some(-3600)), ["clock-offset"]);
}

#[test]
fn identity_bindings_are_said_to_be_unsupported() {
    let variable = "AZURE_KUBERNETES_TOKEN_PROXY".to_owned();
    let scene = Scene { config: Config { identity_binding: vec![variable], ..config() }, ..Scene::default() };
    let advice = scene.advise(&AuthError::new(AuthErrorKind::Configuration, "bindings"));
    assert_eq!(advice.id, "identity-binding");
    assert!(advice.diagnosis.contains("AZURE_KUBERNETES_TOKEN_PROXY"));
}

#[test]
fn each_answer_of_the_metadata_service_has_its_row() {
    use AuthErrorKind::{NoCredential, Refused, Transient};
    use LinkOutcome::{Failed, Unavailable};
    let scene = Scene { config: Config::default(), file: None, ..Scene::default() };
    for (outcome, status, kind, id) in [
        (Unavailable, None, NoCredential, "imds-identity-not-found"),
        (Failed, Some(400), Refused, "imds-identity-not-found"),
        (Failed, Some(404), Transient, "imds-not-ready"),
        (Failed, Some(410), Transient, "imds-not-ready"),
        (Failed, Some(429), Transient, "imds-throttled"),
        (Failed, Some(503), Transient, "authority-unreachable"),
    ] {
        let advice = scene.advise(&managed_identity(outcome, status, kind, "Identity not found, it says"));
        assert_eq!(advice.id, id, "{status:?}");
    }
    let absent = managed_identity(Unavailable, None, NoCredential, "no metadata service answers");
    assert_eq!(scene.advise(&absent).id, "no-credential");
}

#[test]
fn without_a_number_the_kind_decides() {
    for (kind, id) in [
        (AuthErrorKind::NoCredential, "no-credential"),
        (AuthErrorKind::Configuration, "configuration"),
        (AuthErrorKind::Refused, "refused"),
        (AuthErrorKind::ClaimsChallenge, "claims-challenge"),
        (AuthErrorKind::Transient, "authority-unreachable"),
        (AuthErrorKind::Expired, "static-token-expired"),
    ] {
        let advice = Scene::default().advise(&AuthError::new(kind, "what happened"));
        assert_eq!(advice.id, id);
        assert_eq!(advice.diagnosis, "what happened");
    }
}
