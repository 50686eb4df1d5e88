//! The projected token's file: every way in which it can be wrong, and what it says.

use std::fs;

use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::entra::jwt::tests::token;

fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("azure-identity-token");
    fs::write(&path, content).unwrap();
    (directory, path)
}

fn projected() -> String {
    token(&json!({
        "iss": "https://oidc.example/id/",
        "sub": "system:serviceaccount:holmes:agent",
        "aud": ["api://AzureADTokenExchange"],
        "nbf": 1_700_000_000,
        "exp": 1_700_003_600,
    }))
}

#[test]
fn a_projected_token_and_its_facts_are_read() {
    let (_directory, path) = file(projected());
    let read = read(&path).unwrap();
    assert_eq!(read.assertion.expose_secret(), projected());
    let expected = TokenFacts {
        issuer: Some("https://oidc.example/id/".into()),
        subject: Some("system:serviceaccount:holmes:agent".into()),
        audience: Some("api://AzureADTokenExchange".into()),
        not_before: Some(1_700_000_000),
        expires: Some(1_700_003_600),
        has_white_space: false,
    };
    assert_eq!(read.facts, expected);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!([1_700_003_599, 1_700_003_600].map(|now| read.facts.is_expired(at(now))), [false, true]);
}

#[test]
fn white_space_around_the_token_is_dropped_and_noted() {
    let (_directory, path) = file(format!("{}\r\n", projected()));
    let read = read(&path).unwrap();
    assert_eq!(read.assertion.expose_secret(), projected());
    assert!(read.facts.has_white_space);
}

#[test]
fn a_replaced_file_is_seen_at_once() {
    let (_directory, path) = file(projected());
    read(&path).unwrap();
    let next = token(&json!({"sub": "next"}));
    fs::write(&path, &next).unwrap();
    assert_eq!(read(&path).unwrap().assertion.expose_secret(), next);
}

#[test]
fn what_is_wrong_with_the_file_is_a_kind_of_its_own() {
    let missing = Path::new("/nonexistent/azure-identity-token");
    assert_eq!(read(missing).unwrap_err(), TokenFileError::Missing(missing.to_owned()));
    for empty in ["", " \n"] {
        let (_directory, path) = file(empty);
        assert_eq!(read(&path).unwrap_err(), TokenFileError::Empty(path));
    }
    for text in [&b"not a token"[..], b"a.b.c", b"\xff\xfe", b"e30.e30"] {
        let (_directory, path) = file(text);
        assert_eq!(read(&path).unwrap_err(), TokenFileError::NotAToken(path));
    }
    let (_directory, path) = file("x".repeat(16 * 1024 + 1));
    assert_eq!(read(&path).unwrap_err(), TokenFileError::TooLong(path));
    // A directory can be opened and not read, by any user: this is what a missing right looks like to root.
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(read(directory.path()).unwrap_err(), TokenFileError::Unreadable { .. }));
}

#[test]
fn no_error_and_no_debug_text_shows_the_token() {
    let (_directory, path) = file(projected());
    assert!(!format!("{:?}", read(&path).unwrap()).contains(&projected()));
    let secret = "c2VjcmV0.not-json.c2VjcmV0";
    let (_directory, path) = file(secret);
    let error = read(&path).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
    assert_eq!(AuthError::from(error).kind, AuthErrorKind::Configuration);
}
