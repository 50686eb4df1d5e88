//! Secrets that a test can recognise wherever they leak to.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Bytes of an RS256 signature with a 2048-bit key, in base64url: 342 characters.
const SIGNATURE: usize = 342;

/// A secret that nothing else contains: `canary-KIND-PROCESS-NUMBER-end`, so that none is part of another.
pub(crate) fn secret(kind: &str) -> String {
    static MINTED: AtomicU64 = AtomicU64::new(0);
    format!("canary-{kind}-{}-{}-end", process::id(), MINTED.fetch_add(1, Ordering::Relaxed))
}

/// A token that reads like one of Entra's or Kubernetes', and what to search for.
#[derive(Debug, Clone)]
pub(crate) struct Jwt {
    /// The whole token.
    pub(crate) text: String,
    /// Its claims and the legible part of its signature: half a token is a leak too.
    pub(crate) canaries: [String; 2],
}

/// Mints a token. Its signature has an RS256 signature's length, is valid base64url and verifies nowhere.
pub(crate) fn jwt(kind: &str, claims: &Value) -> Jwt {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let canary = secret(kind);
    // The last character has to leave no bits over, as `A` does.
    let signature = format!("{canary:A<SIGNATURE$}");
    let payload = part(claims);
    let header = part(&json!({"alg": "RS256", "kid": "fake-signing-key", "typ": "JWT"}));
    Jwt { text: format!("{header}.{payload}.{signature}"), canaries: [payload, canary] }
}
