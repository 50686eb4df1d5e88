use std::{io::Write, process::Command};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey},
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    super::{
        Config, Identity, Link,
        fake::{self, Fake, Reply},
    },
    *,
};

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(content).expect("written");
    file
}

async fn refused(content: &[u8]) -> String {
    let Err(error) = read(file(content).path(), true).await else { panic!("refused") };
    assert_eq!(error.kind, AuthErrorKind::Configuration);
    error.message
}

/// A key, and what is in a certificate's place: only its public key is looked at.
fn key() -> (KeyPair, Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("PKCS#8");
    let private = der.as_ref().to_vec();
    let certificate = [b"before".as_slice(), key.public_key().as_ref(), b"after"].concat();
    (key, private, certificate)
}

fn part(assertion: &SecretString, number: usize) -> Vec<u8> {
    let parts: Vec<_> = assertion.expose_secret().split('.').collect();
    assert_eq!(parts.len(), 3);
    URL_SAFE_NO_PAD.decode(parts[number]).expect("base64url")
}

#[tokio::test]
async fn certificate_pem_and_pfx() {
    let (key, private, own) = key();
    let content = pem("CERTIFICATE", b"issuer") + &pem("PRIVATE KEY", &private) + &pem("CERTIFICATE", &own);
    let certificate = read(file(content.as_bytes()).path(), false).await.expect("usable");
    let assertion = certificate.assertion("https://login.example/t/token", "app", true).expect("signed");

    let header: Value = serde_json::from_slice(&part(&assertion, 0)).expect("JSON");
    assert_eq!(header["alg"], "PS256");
    assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(digest(&SHA256, &own)));
    assert_eq!(header["x5c"], json!([STANDARD.encode(&own), STANDARD.encode(b"issuer")]));
    let claims: Value = serde_json::from_slice(&part(&assertion, 1)).expect("JSON");
    assert_eq!(claims["aud"], "https://login.example/t/token");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert!(claims["exp"].as_u64() > claims["nbf"].as_u64());
    let (signed, _) = assertion.expose_secret().rsplit_once('.').expect("a signature");
    let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &part(&assertion, 2)).expect("the key's own signature");

    let again = certificate.assertion("https://login.example/t/token", "app", false).expect("signed");
    assert_ne!(part(&again, 1), part(&assertion, 1), "an assertion is used once");
    assert!(!String::from_utf8_lossy(&part(&again, 0)).contains("x5c"));

    let pfx = refused(b"\x30\x82\x0a\x01\x02\x01\x03\xff").await;
    assert!(pfx.contains("openssl pkcs12 -in cert.pfx -nodes -out cert.pem"), "{pfx}");
}

#[tokio::test]
async fn the_environments_certificate_proves_its_client() {
    let (_, private, own) = key();
    let file = file((pem("PRIVATE KEY", &private) + &pem("CERTIFICATE", &own)).as_bytes());
    let entra = Fake::new(|_, _| Reply::token("t"));
    let config = Config {
        tenant_id: Some("contoso".to_owned()),
        client_id: Some("app".to_owned()),
        certificate_path: Some(file.path().to_owned()),
        ..Config::default()
    };
    let chain = fake::chain(config, &entra, &Fake::silent());
    let acquired = chain.acquire(&Identity::default(), "https://x.example/.default").await.expect("a token");
    assert_eq!((acquired.link, acquired.links[0].detail.as_str()), (Link::Environment, "certificate"));
    let assertion = SecretString::from(entra.sent()[0].field("client_assertion").expect("an assertion"));
    let claims: Value = serde_json::from_slice(&part(&assertion, 1)).expect("JSON");
    assert_eq!(claims["aud"], "https://login.microsoftonline.com/contoso/oauth2/v2.0/token");
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_with_the_way_out() {
    let (_, private, own) = key();
    let (_, _, other) = key();
    let key = pem("PRIVATE KEY", &private);
    let cases = [
        (pem("ENCRYPTED PRIVATE KEY", b"x") + &pem("CERTIFICATE", &own), "openssl pkey"),
        ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n".to_owned(), "openssl pkey"),
        (pem("CERTIFICATE", &own), "no private key"),
        (pem("EC PRIVATE KEY", b"x") + &pem("CERTIFICATE", &own), "not RSA"),
        (pem("PRIVATE KEY", b"x") + &pem("CERTIFICATE", &own), "no RSA key"),
        (key.clone() + &pem("CERTIFICATE", &other), "no certificate that belongs"),
        (key.clone(), "no certificate that belongs"),
        (key.clone() + &" ".repeat(300_000), "longer than"),
    ];
    for (content, part) in cases {
        let message = refused(content.as_bytes()).await;
        assert!(message.contains(part), "{message} should say {part}");
        assert!(!message.contains(private_line(&key)), "{message}");
    }
    let Err(error) = read(Path::new("/nowhere/cert.pem"), false).await else { panic!("no such file") };
    assert!(error.message.contains("/nowhere/cert.pem"), "{error}");
}

fn private_line(pem: &str) -> &str {
    pem.lines().nth(1).expect("a line")
}

#[tokio::test]
async fn what_openssl_writes_can_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout key.pem -out cert.pem && \
                   openssl rsa -in key.pem -traditional -out rsa.pem";
    let made = Command::new("/bin/sh").args(["-c", command]).current_dir(&folder).output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: there is no openssl");
        return;
    }
    for name in ["key.pem", "rsa.pem"] {
        let read_text = |name| std::fs::read(folder.path().join(name)).expect("a file");
        let content = [read_text(name), read_text("cert.pem")].concat();
        let certificate =
            read(file(&content).path(), false).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        certificate.assertion("https://login.example", "app", true).expect("signed");
    }
}
