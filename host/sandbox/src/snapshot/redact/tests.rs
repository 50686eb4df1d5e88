//! What a recording keeps of secrets: nothing but names and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn redacted(plural: &str, name: &str, object: Value) -> Value {
    let mut object = object;
    Redaction::new().object(&Kind::core(plural, name), &mut object);
    assert_clean(&object.to_string());
    object
}

/// Neither as it is nor in base64.
fn assert_clean(text: &str) {
    for canary in [
        CANARY,
        "RkFLRS1TRUNSRVQtRE8tTk9ULUxFQU",
        "ZBS0UtU0VDUkVULURPLU5PVC1MRUFL",
        "GQUtFLVNFQ1JFVC1ETy1OT1QtTEVBS",
    ] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

fn env(value: &str) -> Value {
    json!({"containers": [{"name": "app", "env": [{"name": "DB_PASSWORD", "value": value}]}]})
}

#[test]
fn of_a_secret_only_names_and_certificates_are_left() {
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(CANARY));
    let both = format!("{CANARY}\n{key}{CERTIFICATE}{CANARY}");
    let object = redacted(
        "secrets",
        "Secret",
        json!({"metadata": {"name": "web-tls", "namespace": "shop",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":{{\"p\":\"{CANARY}\"}}}}")}},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": STANDARD.encode(&both), "tls.key": STANDARD.encode(&key), "password": STANDARD.encode(CANARY)},
            "stringData": {"again": CANARY}}),
    );
    assert_eq!((&object["kind"], &object["apiVersion"]), (&json!("Secret"), &json!("v1")));
    let certificate = STANDARD.decode(object["data"]["tls.crt"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(certificate).unwrap(), CERTIFICATE);
    assert!(object["data"]["tls.key"].as_str().unwrap().starts_with("<redacted:secret:"), "{object}");
    assert_eq!(object["data"]["password"], object["stringData"]["again"]);
}

#[test]
fn a_secret_that_helm_wrote_keeps_no_certificate_either() {
    let object = redacted(
        "secrets",
        "Secret",
        json!({"type": "helm.sh/release.v1", "metadata": {"name": "r"}, "data": {"release": STANDARD.encode(CERTIFICATE)}}),
    );
    assert!(object["data"]["release"].as_str().unwrap().starts_with("<redacted:"), "{object}");
}

#[test]
fn environments_annotations_config_maps_and_arguments_are_searched() {
    let applied = json!({"spec": {"template": {"spec": env(CANARY)}}}).to_string();
    let pod = redacted(
        "pods",
        "Pod",
        json!({"metadata": {"name": "web", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": applied,
                "objectset.rio.cattle.io/applied": format!("H4sIAAAAAAAA/{CANARY}/copy")}},
            "spec": {"containers": [{"name": "app",
                "args": ["--db-password", CANARY, "--port", "8080"],
                "env": [{"name": "API_TOKEN", "value": CANARY}, {"name": "HOST", "value": "db.shop"},
                    {"name": "DSN", "value": format!("Server=db;Password={CANARY};")}]}]}}),
    );
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["env"][1], json!({"name": "HOST", "value": "db.shop"}));
    assert_eq!((&container["args"][0], &container["args"][3]), (&json!("--db-password"), &json!("8080")));
    let copy =
        pod["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str().unwrap();
    let copy: Value = serde_json::from_str(copy).unwrap();
    assert_eq!(copy["spec"]["template"]["spec"]["containers"][0]["name"], "app");

    let map = redacted(
        "configmaps",
        "ConfigMap",
        json!({"metadata": {"name": "legacy"}, "data": {"app.env": format!("DEBUG=1\nDB_PASSWORD={CANARY}\n"),
                "docker.json": json!({"auths": {"registry": {"auth": STANDARD.encode(format!("u:{CANARY}"))}}}).to_string()},
            "binaryData": {"keystore": STANDARD.encode([0xff, 0xfe, 1, 2]), "note": STANDARD.encode("hello")}}),
    );
    assert!(map["data"]["app.env"].as_str().unwrap().starts_with("DEBUG=1\nDB_PASSWORD=<redacted:"), "{map}");
    assert!(map["binaryData"]["keystore"].as_str().unwrap().starts_with("<redacted:binary:"), "{map}");
    assert_eq!(map["binaryData"]["note"], STANDARD.encode("hello"));
}

#[test]
fn what_is_no_secret_stays_byte_for_byte() {
    let object = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "sk-payments-api-gateway-7d9f8c6b5d", "namespace": "shop", "uid": "c5694dfd-a1bd-49a5-9cfa-c7560776ba21",
            "managedFields": [{"fieldsV1": {"f:spec": {"f:password": {}}}}],
            "annotations": {"config": "{ \"replicas\": 3 }", "checksum/config": "9f86d081884c7d659a2feaa0c55ad015"}},
        "spec": {"nodeName": "aks-1", "serviceAccountName": "default", "imagePullSecrets": [{"name": "registry"}],
            "volumes": [{"secret": {"secretName": "db"}}],
            "containers": [{"name": "app", "image": "registry/app:1.2@sha256:9f86d081884c7d659a2feaa0c55ad015",
                "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]}]}});
    let mut recorded = object.clone();
    let redaction = Redaction::new();
    redaction.object(&Kind::core("pods", "Pod"), &mut recorded);
    assert_eq!(recorded, object);
    assert_eq!(redaction.count(), 0);
}

#[test]
fn certificates_outside_of_secrets_stay_too() {
    let bundle = STANDARD.encode(CERTIFICATE);
    let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "policy"},
        "webhooks": [{"name": "a.example.com", "clientConfig": {"caBundle": bundle}}]});
    let recorded =
        redacted("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", object.clone());
    assert_eq!(recorded, object);
}

#[test]
fn equal_values_have_equal_placeholders_in_objects_and_logs() {
    let redaction = Redaction::new();
    let mut secret = json!({"metadata": {"name": "a"}, "data": {"p": STANDARD.encode("hunter2-hunter2")}});
    redaction.object(&Kind::core("secrets", "Secret"), &mut secret);
    let digits =
        |text: &str| text.rsplit(':').next().map(|rest| rest.trim_end_matches(['>', '\n']).to_owned());
    let log = redaction.log(b"password=hunter2-hunter2\n");
    assert_eq!(digits(secret["data"]["p"].as_str().unwrap()), digits(&log), "{log}");
    assert_eq!(redaction.count(), 2);
}

#[test]
fn logs_keep_their_lines_and_lose_their_secrets() {
    let time = "2026-11-22T10:00:00Z";
    for (line, kept) in [
        (format!("{time} connect Server=db;Password={CANARY};Database=x\n"), "Server=db"),
        (format!("DB_PASSWORD: {CANARY} with blanks {CANARY}\n"), "DB_PASSWORD"),
        (format!("{time} GET / Authorization: Bearer {CANARY}1\n"), "GET /"),
        (format!("{time} postgres://app:{CANARY}@db:5432/x\n"), "db:5432/x"),
    ] {
        let text = Redaction::new().log(format!("begin\n{line}end\n").as_bytes());
        assert_clean(&text);
        assert!(text.contains(kept), "{text}");
        assert!(text.starts_with("begin\n") && text.ends_with("\nend\n"), "{text}");
    }
    let body = STANDARD.encode([7_u8; 48]);
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n");
    let whole = Redaction::new().log(format!("start\n{key}end\n").as_bytes());
    assert!(!whole.contains(&body) && whole.contains("start") && whole.contains("end"), "{whole}");
}

#[test]
fn a_tail_that_begins_inside_of_a_private_key_shows_none_of_it() {
    let body = STANDARD.encode([7_u8; 48]);
    let text = format!("t=1 before\n{body}\n{body}\nAAA=\n-----END PRIVATE KEY-----\nafter\n");
    let redacted = Redaction::new().log(text.as_bytes());
    assert!(!redacted.contains(&body) && !redacted.contains("AAA="), "{redacted}");
    assert!(
        redacted.starts_with("t=1 before\n<redacted:pem:") && redacted.ends_with("after\n"),
        "{redacted}"
    );
}

#[test]
fn what_is_no_object_is_not_recorded() {
    assert_eq!(redacted("secrets", "Secret", json!(CANARY)), Value::Null);
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
