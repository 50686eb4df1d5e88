use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const AUDIENCE: &str = "https://cognitiveservices.azure.com";

struct Client {
    http: reqwest::Client,
    entra: FakeEntra,
}

async fn client() -> Client {
    let authority = TestAuthority::new();
    let entra = FakeEntra::start(&authority).await;
    Client { http: trusting(&authority), entra }
}

/// A client that trusts the authority and nobody else.
fn trusting(authority: &TestAuthority) -> reqwest::Client {
    let certificate = reqwest::Certificate::from_pem(authority.certificate_pem().as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap()
}

impl Client {
    async fn post(&self, fields: &[(&str, &str)]) -> Result<(u16, HeaderMap, String), reqwest::Error> {
        let encode = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let url = format!("{}/{}/oauth2/v2.0/token", self.entra.authority_host(), self.entra.tenant_id());
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(fields.join("&")).send().await?;
        Ok((response.status().as_u16(), response.headers().clone(), response.text().await?))
    }

    async fn with(&self, proof: &[(&str, &str)]) -> (u16, Value) {
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.entra.client_id()),
            ("scope", SCOPE),
        ];
        fields.extend(proof);
        let (status, _, body) = self.post(&fields).await.unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn secret(&self) -> (u16, Value) {
        self.with(&[("client_secret", self.entra.client_secret())]).await
    }

    async fn assertion(&self, token: &str) -> (u16, Value) {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        self.with(&[("client_assertion_type", kind), ("client_assertion", token)]).await
    }
}

#[tokio::test]
async fn a_secret_buys_a_token_that_its_audience_accepts() {
    let client = client().await;
    client.entra.set_lifetime(Duration::from_mins(10));
    client.entra.set_refresh_in(Some(Duration::from_mins(5)));
    let (status, answer) = client.secret().await;
    assert_eq!((status, &answer["expires_in"], &answer["refresh_in"]), (200, &600.into(), &300.into()));
    let token = answer["access_token"].as_str().unwrap();
    let tokens = client.entra.tokens();
    let now = tokens.now();
    assert!(tokens.accepts(token, AUDIENCE, now));
    assert!(!tokens.accepts(token, "https://management.azure.com", now));
    assert!(!tokens.accepts(token, AUDIENCE, now + Duration::from_secs(601)));
    assert!(client.entra.canaries().iter().any(|canary| token.ends_with(canary) || token.contains(canary)));
    tokens.revoke(token);
    assert!(!tokens.accepts(token, AUDIENCE, now));
    let recorded = client.entra.requests();
    assert_eq!((recorded.len(), recorded[0].proof), (1, Proof::Secret));
}

#[tokio::test]
async fn a_projected_token_works_until_it_is_rotated_out_or_expires() {
    let client = client().await;
    let first = client.entra.mint_assertion(Duration::from_hours(1));
    assert_eq!(client.assertion(&first).await.0, 200);
    client.entra.retire_assertions();
    let (status, answer) = client.assertion(&first).await;
    assert_eq!((status, &answer["error_codes"][0]), (401, &700_024.into()));
    let second = client.entra.mint_assertion(Duration::from_hours(1));
    assert_eq!(client.assertion(&second).await.0, 200);
    client.entra.tokens().shift_clock(3601);
    assert_eq!(client.assertion(&second).await.1["error_codes"][0], 700_024);
    assert_eq!(client.assertion(&format!("{second}\n")).await.1["error_codes"][0], 50027);
}

#[tokio::test]
async fn an_assertion_of_a_certificate_is_checked_to_the_last_bit() {
    let client = client().await;
    let certificate = client.entra.issue_client_certificate();
    let (key, stranger) = (private_key(&certificate), private_key(&client.entra.issue_client_certificate()));
    let (id, now) = (client.entra.client_id(), epoch(client.entra.tokens().now()));
    let endpoint =
        format!("{}/{}/oauth2/v2.0/token", client.entra.authority_host(), client.entra.tenant_id());
    let claims =
        |audience: &str, exp: u64| json!({"aud": audience, "iss": id, "sub": id, "exp": exp, "nbf": now - 1});
    let good = claims(&endpoint, now + 600);
    assert_eq!(client.assertion(&signed(&certificate, &key, &good)).await.0, 200);
    let refused = [
        (signed(&certificate, &stranger, &good), 700_027),
        (signed(&certificate, &key, &claims("https://other.example", now + 600)), 700_023),
        (signed(&certificate, &key, &claims(&endpoint, now - 1)), 700_024),
    ];
    for (assertion, code) in refused {
        assert_eq!(client.assertion(&assertion).await.1["error_codes"][0], code);
    }
}

/// The private key of the PEM, in DER.
fn private_key(certificate: &ClientCertificate) -> Vec<u8> {
    let (_, key) = certificate.pem.split_once("-----BEGIN PRIVATE KEY-----").unwrap();
    let text: String = key.lines().take_while(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap()
}

fn signed(certificate: &ClientCertificate, key: &[u8], claims: &Value) -> String {
    let print = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate.der);
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(print)});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(claims));
    let key = aws_lc_rs::signature::RsaKeyPair::from_pkcs8(key).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(&aws_lc_rs::signature::RSA_PSS_SHA256, &random, input.as_bytes(), &mut signature).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_token_of_another_cluster_is_refused_by_what_differs() {
    let client = client().await;
    let expected = Projection::default();
    let cases = [
        (Projection { issuer: "https://other.example".to_owned(), ..expected.clone() }, 700_211),
        (Projection { audience: "sts".to_owned(), ..expected.clone() }, 700_212),
        (Projection { subject: "system:serviceaccount:a:b".to_owned(), ..expected }, 700_213),
    ];
    for (projection, code) in cases {
        let token = client.entra.mint_assertion_of(&projection, Duration::from_mins(1));
        assert_eq!(client.assertion(&token).await.1["error_codes"][0], code);
    }
}

#[tokio::test]
async fn a_refusal_has_the_bytes_that_entra_sends() {
    let client = client().await;
    let known = [
        70021, 700_211, 700_212, 700_213, 700_016, 7_000_229, 90002, 900_023, 50194, 700_024, 90061,
        7_000_215, 7_000_222, 700_027, 500_011, 70011, 1_002_012, 53003, 50005, 90033, 90006, 12345,
    ];
    for code in known {
        client.entra.fail_next(Failure::Aadsts(code));
        let (status, headers, body) = client.post(&[("grant_type", "client_credentials")]).await.unwrap();
        assert!(status >= 400 && headers.contains_key("x-ms-request-id"), "{code}");
        assert!(body.contains(r"\r\nTrace ID: ") && !body.contains('\''), "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
        assert_eq!(body["error_codes"][0], code);
    }
    client.entra.fail_next(Failure::Aadsts(7_000_215));
    let (_, _, body) = client.post(&[("grant_type", "client_credentials")]).await.unwrap();
    assert!(body.contains(r"\u0027"), "{body}");
    client.entra.fail_next(Failure::ClaimsChallenge);
    let (_, _, body) = client.post(&[("grant_type", "client_credentials")]).await.unwrap();
    let claims = serde_json::from_str::<Value>(&body).unwrap()["claims"].as_str().unwrap().to_owned();
    assert!(serde_json::from_str::<Value>(&claims).unwrap()["access_token"].is_object());
}

#[tokio::test]
async fn wrong_secrets_tenants_and_scopes_are_told_apart() {
    let client = client().await;
    assert_eq!(client.with(&[("client_secret", "wrong")]).await.1["error_codes"][0], 7_000_215);
    let secret = client.entra.client_secret().to_owned();
    let scope = ("scope", "https://cognitiveservices.azure.com/");
    assert_eq!(client.with(&[("client_secret", &secret), scope]).await.1["error_codes"][0], 1_002_012);
    let stranger = ("client_id", "55555555-5555-4555-8555-555555555555");
    assert_eq!(client.with(&[("client_secret", &secret), stranger]).await.1["error_codes"][0], 700_016);
    let other = client.entra.register(Holder {
        tenant_id: client.entra.tenant_id().to_owned(),
        client_id: stranger.1.to_owned(),
        object_id: stranger.1.to_owned(),
    });
    assert_eq!(client.with(&[("client_secret", &other.client_secret), stranger]).await.0, 200);
}

#[tokio::test]
async fn failures_come_as_scripted_and_then_end() {
    let client = client().await;
    client.entra.fail_next(Failure::Html503);
    client.entra.fail_next(Failure::Throttled(Duration::from_secs(7)));
    client.entra.fail_next(Failure::Dropped);
    let grant = [("grant_type", "client_credentials")];
    let (status, headers, body) = client.post(&grant).await.unwrap();
    assert_eq!((status, headers["content-type"].as_bytes()), (503, b"text/html".as_slice()));
    assert!(body.starts_with('<'));
    let (status, headers, _) = client.post(&grant).await.unwrap();
    assert_eq!((status, headers["retry-after"].as_bytes()), (429, b"7".as_slice()));
    client.post(&grant).await.unwrap_err();
    assert_eq!(client.secret().await.0, 200);
    assert_eq!(client.entra.asked(), 4);
}

#[tokio::test]
async fn a_dropped_fake_answers_no_more_even_on_an_open_connection() {
    let authority = TestAuthority::new();
    let entra = FakeEntra::start(&authority).await;
    let (http, base) = (trusting(&authority), entra.authority_host());
    let url = format!("{base}/common/discovery/instance");
    assert!(http.get(&url).send().await.unwrap().status().is_success());
    entra.fail_always(Some(Failure::Silent));
    let waiting = http.post(format!("{base}/{}/oauth2/v2.0/token", entra.tenant_id()));
    let waiting = waiting.header("content-type", "application/x-www-form-urlencoded");
    let waiting = tokio::spawn(waiting.body("grant_type=client_credentials").send());
    while entra.asked() == 0 {
        tokio::task::yield_now().await;
    }
    let port = entra.port();
    drop(entra);
    waiting.await.unwrap().unwrap_err();
    http.get(&url).send().await.unwrap_err();
    let again = FakeEntra::start_on(&authority, port).await;
    assert!(http.get(&url).send().await.unwrap().status().is_success());
    drop(again);
}

#[tokio::test]
async fn two_credentials_in_one_request_are_a_violation() {
    let client = client().await;
    let both = [("client_secret", "a"), ("client_assertion", "b")];
    client.with(&both).await;
    assert!(client.entra.take_violations().iter().any(|broken| broken.contains("two credentials")));
}

#[tokio::test]
async fn nobody_trusts_the_server_without_its_authority() {
    let client = client().await;
    let stranger = trusting(&TestAuthority::new());
    stranger.get(client.entra.authority_host()).send().await.unwrap_err();
}
