//! No value of a Secret survives, in whatever an answer wraps it; equal values stay equal.

use super::*;
use crate::upstream::kubernetes::{Resolved, resolve};
use proptest::prelude::*;
use serde_json::json;

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn request(path: &str) -> KubernetesRequest {
    match resolve(&http::Method::GET, path, &[]) {
        Ok(Resolved::Resource(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// Stands for the host's keyed hash: equal values give equal digits.
fn placeholder(kind: &str, value: &[u8]) -> String {
    let sum = value.iter().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    format!("<redacted:{kind}:{sum:08x}>")
}

fn masked(body: &Value) -> Value {
    let body = serde_json::to_vec(body).unwrap();
    let masked = mask(&request("/api/v1/secrets"), &body, &placeholder).unwrap();
    serde_json::from_slice(&masked).unwrap()
}

fn secret() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "db", "labels": {"app": "db"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"x\":\"{CANARY}\"}}"),
                "team": "shop", "other": format!("{{\"data\":{{\"p\":\"{CANARY}\"}}}}")},
            "managedFields": [{"fieldsV1": {"f:data": {"f:password": {}}}}]},
        "data": {"password": STANDARD.encode(CANARY), "odd": CANARY, "number": 5},
        "stringData": {"password": CANARY}})
}

#[test]
fn values_become_placeholders_and_equal_values_stay_equal() {
    let masked = masked(&secret());
    assert!(!masked.to_string().contains(CANARY));
    assert_eq!(masked["data"]["password"], masked["stringData"]["password"]);
    assert_eq!(masked["data"]["password"], placeholder("secret", CANARY.as_bytes()));
    assert_eq!(masked["metadata"]["annotations"]["team"], "shop");
    assert_eq!(masked["metadata"]["managedFields"], secret()["metadata"]["managedFields"]);
    assert_eq!(masked["type"], "Opaque");
}

#[test]
fn lists_tables_mixed_lists_and_watch_events_are_walked() {
    let encoded = STANDARD.encode(CANARY);
    for body in [
        json!({"kind": "SecretList", "items": [secret(), {"metadata": {"name": "bare"}, "data": {"a": encoded}}]}),
        json!({"kind": "List", "items": [{"kind": "Pod", "spec": {}}, secret()]}),
        json!({"kind": "Table", "rows": [{"cells": ["db", "Opaque", 1], "object": secret()}]}),
        json!({"type": "ADDED", "object": secret()}),
        json!({"kind": "Secret", "data": encoded}),
        json!({"kind": "Secret", "data": [encoded]}),
    ] {
        let text = masked(&body).to_string();
        assert!(!text.contains(CANARY) && !text.contains(&encoded), "{text}");
    }
    let events = format!("{}\n{}\n", json!({"type": "ADDED", "object": secret()}), secret());
    let masked = mask(&request("/api/v1/secrets"), events.as_bytes(), &placeholder).unwrap();
    let text = String::from_utf8(masked.into_owned()).unwrap();
    assert!(!text.contains(CANARY) && !text.contains(&encoded));
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn what_cannot_be_parsed_is_withheld_and_not_quoted() {
    for body in [format!("{{\"data\":{{\"a\":\"{CANARY}\""), format!("<html>{CANARY}"), "[".repeat(100_000)] {
        let error = mask(&request("/api/v1/secrets"), body.as_bytes(), &placeholder).unwrap_err();
        assert!(!error.to_string().contains(CANARY));
    }
    let half = format!("{}\n{{\"object\":{{\"data\"", secret());
    assert!(mask(&request("/api/v1/secrets"), half.as_bytes(), &placeholder).is_err());
}

#[test]
fn other_resources_pass_unparsed() {
    let body = b"not even json";
    let masked = mask(&request("/api/v1/pods"), body, &placeholder).unwrap();
    assert!(matches!(masked, Cow::Borrowed(bytes) if bytes == body));
    assert!(may_hold_secrets(&request("/apis/odd.example/v1/namespaces/a/secrets/b")));
}

#[test]
fn a_helm_release_keeps_its_key_names_only() {
    let masked = masked(&json!({"type": "helm.sh/release.v1", "data": {"release": STANDARD.encode(CANARY)}}));
    assert_eq!(masked["data"], json!({"release": placeholder("secret", CANARY.as_bytes())}));
}

#[test]
fn a_status_and_an_empty_body_stay_as_they_are() {
    let status = json!({"kind": "Status", "message": "secrets \"a\" not found", "details": {"name": "a"}});
    assert_eq!(masked(&status), status);
    assert!(mask(&request("/api/v1/secrets"), b" ", &placeholder).unwrap().as_ref() == b" ");
}

#[test]
fn a_certificate_is_replaced_by_its_facts_and_a_key_beside_it_goes() {
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(CANARY));
    for chain in
        [format!("{CERTIFICATE}{key}"), format!("{key}{CERTIFICATE}"), format!("{CERTIFICATE}{CERTIFICATE}")]
    {
        let masked = masked(
            &json!({"kind": "Secret", "data": {"tls.crt": STANDARD.encode(&chain), "tls.key": STANDARD.encode(&key)}}),
        );
        let facts = &masked["data"]["tls.crt"]["certificate"];
        assert_eq!(facts["subject"], "CN=shop.example");
        assert_eq!(facts["subjectAlternativeNames"], json!(["shop.example", "10.0.0.1"]));
        for time in ["notBefore", "notAfter"] {
            assert!(facts[time].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{facts}");
        }
        assert!(facts["fingerprint"].as_str().unwrap().starts_with("sha256:"));
        assert_eq!(masked["data"]["tls.key"], placeholder("secret", key.as_bytes()));
        assert!(!masked.to_string().contains("PRIVATE"));
    }
}

#[test]
fn a_broken_certificate_is_a_placeholder() {
    let broken =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(CANARY));
    let masked = masked(&json!({"stringData": {"ca.crt": broken}}));
    assert_eq!(masked["stringData"]["ca.crt"], placeholder("secret", broken.as_bytes()));
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(1)), Just(Value::Null), "[a-z]{0,4}".prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::vec(("(items|object|rows|kind|spec)", inner), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            Just(secret()),
        ]
    })
}

proptest! {
    #[test]
    fn no_shape_lets_a_value_through(tree in tree()) {
        let text = masked(&json!({"items": [tree]})).to_string();
        prop_assert!(!text.contains(CANARY));
        prop_assert!(!text.contains(&STANDARD.encode(CANARY)));
    }

    #[test]
    fn bytes_are_masked_or_withheld(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = mask(&request("/api/v1/secrets"), &body, &placeholder);
    }
}

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBojCCAUigAwIBAgIUDQ7Z8fsTC2duQgbzdPIDzNk50/YwCgYIKoZIzj0EAwIw\n\
FzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMB4XDTI2MTEyMjAwNDY0OVoXDTM2MTEx\n\
OTAwNDY0OVowFzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI\n\
KoZIzj0DAQcDQgAEyI3xOFje0xvQzPyxXPAr8AB15cU0bRQfEyW+VOY7+FYMvhrI\n\
MR1xJg8MD3eqnbfA4sBe+ItA4uJsEi+assssVqNyMHAwHQYDVR0OBBYEFNdOmuE4\n\
DFF4mV2nX9RKsQGQaia9MB8GA1UdIwQYMBaAFNdOmuE4DFF4mV2nX9RKsQGQaia9\n\
MA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0RBBYwFIIMc2hvcC5leGFtcGxlhwQKAAAB\n\
MAoGCCqGSM49BAMCA0gAMEUCIQC5YQs7wW1MVBzvs/sRN6+xD9rg0BTddQSVCszP\n\
/U10ngIgQa0REsSRXXOSRV5dPOFPfaP2M0VcriquA2/3v6hVYI8=\n\
-----END CERTIFICATE-----\n\
";
