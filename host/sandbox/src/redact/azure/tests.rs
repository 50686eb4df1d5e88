//! What is masked of a resource, and what has to stay readable.

use serde_json::{Value, json};

use super::*;

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn masked(document: &Value) -> String {
    let text = document.to_string();
    mask(&text, &|kind, _| format!("<redacted:{kind}:00000000>")).unwrap().into_owned()
}

#[test]
fn credentials_are_masked_wherever_a_resource_keeps_them() {
    for document in [
        json!({"properties": {"primaryKey": CANARY}}),
        json!({"keys": [{"keyName": "one", "value": CANARY}]}),
        json!({"properties": {"adminPassword": CANARY, "clientSecret": CANARY}}),
        json!({"value": [{"properties": {"primaryConnectionString": CANARY}}]}),
        json!({"parameters": {"sqlPassword": {"type": "String", "value": CANARY}}}),
        json!({"parameters": {"storageKey": {"type": "string", "defaultValue": CANARY}}}),
        json!({"containers": [{"env": [{"name": "DB_PASSWORD", "value": CANARY}]}]}),
        json!({"settings": [{"key": "ApiKey", "value": CANARY}]}),
        json!({"listKeys": {"keys": [CANARY]}}),
        json!({"properties": {"instrumentationKey": CANARY, "AZURE_SAS": CANARY}}),
        json!({"uri": format!("https://a.blob.core.windows.net/c/b?sv=2024&se=2026&sig={CANARY}")}),
        json!({"any": format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}==")}),
        json!({"any": format!("Endpoint=sb://a;SharedAccessKeyName=b;SharedAccessKey={CANARY}")}),
        json!({"a": {"properties.osProfile.adminPassword": {"previousValue": CANARY, "newValue": CANARY}}}),
        json!({"properties.siteConfig.appSettings[3].value": {"newValue": CANARY}}),
        json!({"credentials": {"user": CANARY, "more": [{"deep": CANARY}], "name": "db"}}),
        json!({"identity": {"VAULT_SECRET_ID": CANARY, "secretId": "https://v.vault.azure.net/secrets/a"}}),
        json!({"parameters": {"plain": {"type": "SecureString", "value": CANARY}}}),
        json!({"text": json!({"a": {"adminPassword": CANARY}}).to_string()}),
        json!({"text": json!([json!({"env": [{"name": "DB_PASS", "value": CANARY}]}).to_string()]).to_string()}),
        json!({"text": format!("{}\"{CANARY}\"{}", "[".repeat(200), "]".repeat(200))}),
        json!({"keyData": CANARY}),
        json!({"publicKey": format!("-----BEGIN PRIVATE KEY-----\n{CANARY}")}),
        json!({"key": format!("ssh-rsa AAAA\n{CANARY}")}),
    ] {
        let seen = masked(&document);
        assert!(!seen.contains(CANARY), "{seen}");
        assert!(seen.contains("<redacted:azure:"), "{seen}");
    }
}

#[test]
fn what_refers_to_a_credential_stays_readable() {
    for document in [
        json!({"properties": {"keyVaultUri": "https://v.vault.azure.net", "secretName": "db"}}),
        json!({"publicKey": "ssh-rsa AAAA", "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}}),
        json!({"disablePasswordAuthentication": true, "keySource": "Microsoft.Storage"}),
        json!({"identity": {"tokenExpiry": "2026", "secretUri": "https://v"}}),
        json!({"tags": [{"key": "team", "value": "shop"}], "nodeTaints": ["key=value:NoSchedule"]}),
        json!({"rateLimits": [{"key": "token", "renewalPeriod": 60, "count": 100_000}]}),
        json!({"diskEncryptionKey": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/x/y"}),
        json!({"properties": {"status": {"message": "the token expired"}, "primaryKey": ""}}),
    ] {
        assert_eq!(masked(&document), document.to_string());
    }
}

#[test]
fn what_can_not_be_read_is_not_passed_on() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in ["<html>", "{\"a\":", deep.as_str()] {
        assert!(mask(text, &|_, _| String::new()).is_err());
    }
}

#[test]
fn a_credential_is_known_by_its_name() {
    for name in [
        "APIKey",
        "OPENAI_APIKEY",
        "apikey",
        "authkey",
        "credentials",
        "tokens",
        "accessTokens",
        "sshPrivateKey",
        "SSH_PASSWORD",
        "PUBLIC_API_SECRET",
        "VAULT_SECRET_ID",
        "userData",
        "customData",
        "commandToExecute",
        "protectedSettings",
        "DB_PASS",
        "GITHUB_PAT",
        "primaryKey",
        "PRIMARY_KEY",
        "sharedKey",
        "properties.osProfile.adminPassword",
        "restAuthCredential.password",
    ] {
        assert!(masked(&json!({name: CANARY})).contains("<redacted:"), "{name}");
        assert!(masked(&json!({"name": name, "value": CANARY})).contains("<redacted:"), "{name}");
        assert_eq!(masked(&json!({name: 120_000})), json!({name: 120_000}).to_string());
    }
    for name in [
        "publicKey",
        "sshPublicKey",
        "ssh_public_keys",
        "keyVaultUri",
        "keyVaultURI",
        "tokenType",
        "secretName",
        "passwordExpiry",
        "kubernetesVersion",
        "tokensPerMinute",
        "apiVersion",
        "userDatabase",
        "$skipToken",
        "monkey",
        "keySource",
        "secretRef",
        "accessKeyIDs",
        "pathway",
        "compass",
    ] {
        assert_eq!(masked(&json!({name: "plain"})), json!({name: "plain"}).to_string());
    }
}

/// Texts with a credential, and what is left of each in a line of a log.
const SHAPED: [(&str, &str); 17] = [
    ("GET https://f.net/api/f?code=CANARY== 200", "GET https://f.net/api/f?code=# 200"),
    ("https://f.net/api/f?a=b&code=CANARY", "https://f.net/api/f?a=b&code=#"),
    ("https://a/b?sv=1&sig=CANARY%3D&se=2 next", "https://a/b?sv=1&sig=# next"),
    ("https://a/b?sv=1\\u0026sig=CANARY", "https://a/b?sv=1\\u0026sig=#"),
    ("sig=CANARY", "sig=#"),
    ("Server=a;Password=CANARY with space;Encrypt=True", "Server=a;Password=#;Encrypt=True"),
    ("Server=a;Pwd='CANARY;CANARY';b=c", "Server=a;Pwd=#;b=c"),
    ("Password = CANARY", "Password = #"),
    ("DB_PASSWORD=CANARY", "DB_PASSWORD=#"),
    ("AccountName=a;AccountKey=CANARY==;x=y", "AccountName=a;AccountKey=#;x=y"),
    ("SharedAccessKeyName=a;SharedAccessKey=CANARY", "SharedAccessKeyName=a;SharedAccessKey=#"),
    ("postgres://user:CANARY@db:5432/shop failed", "postgres://user:# failed"),
    ("redis://:CANARY@cache", "redis://:#"),
    ("amqp://user:CA/NARY@CANARY@bus", "amqp://user:#"),
    ("see http://a b and postgres://u:CANARY@c", "see http://a b and postgres://u:#"),
    ("Bearer eyJhbGciOiJI.eyJDQU5BUlkiOiJ.CANARY_x-y, then", "Bearer #, then"),
    ("-----BEGIN RSA PRIVATE KEY-----\nCANARY", "#"),
];

/// Texts that only look like one.
const HARMLESS_TEXTS: [&str; 16] = [
    "exited with code=137 after 5s",
    "status_code=500&x",
    "https://a:8443/path/@user",
    "http://[::1]:80/x@y",
    "docker-pullable://mcr.microsoft.com/a:v1@sha256:0123",
    "docker-pullable://nginx:1.19@sha256:0123",
    "ssh://git@github.com/a",
    "https://a.b/c?d=e, mail me@example.com",
    "{\"a\":\"https://b:80\",\"c\":\"d@e\"}",
    "design=1&signature=2",
    "the password is wrong",
    "Password=;Encrypt=True",
    "eyJ is how JSON begins",
    "eyJhbGciOiJI.short",
    "password=<redacted:azure:00000000>",
    "-----BEGIN CERTIFICATE-----",
];

#[test]
fn a_credential_is_known_by_its_shape_whatever_its_name() {
    for (text, _) in SHAPED {
        for name in ["message", "publicKey", "name", "id"] {
            assert!(!masked(&json!({name: text})).contains("CANARY"), "{text}");
        }
    }
    for text in HARMLESS_TEXTS {
        assert_eq!(masked(&json!({"message": text})), json!({"message": text}).to_string());
    }
}

#[test]
fn a_log_loses_its_credentials_and_keeps_the_rest() {
    let rows =
        |text: &str| json!({"tables": [{"rows": [[1, "plain", text], [json!({"deep": text}).to_string()]]}]});
    for (text, clean) in SHAPED {
        let seen = logs::mask(&rows(text).to_string(), &|_, _| "#".to_owned()).into_owned();
        assert_eq!(serde_json::from_str::<Value>(&seen).unwrap(), rows(clean), "{text}");
        assert_eq!(logs::mask(text, &|_, _| "#".to_owned()), clean, "what is no JSON");
    }
    for text in HARMLESS_TEXTS {
        let body = rows(text).to_string();
        assert!(
            matches!(logs::mask(&body, &|_, _| "#".to_owned()), Cow::Borrowed(same) if same == body),
            "{text}"
        );
    }
    let escaped = r#"{"a":"pwd\u003dx","b":"Pass\u0077ord\u003dCANARY"}"#.replace("\\\\", "\\");
    assert!(!logs::mask(&escaped, &|_, _| "#".to_owned()).contains("CANARY"));
}

#[test]
fn a_long_answer_is_masked_in_time() {
    let begun = std::time::Instant::now();
    for part in ["://", "://a:", "=", "pwd=", "eyJ", "eyJ.", "a:b@", "-----BEGIN ", "e", "\\\"", "?sig"] {
        let text = part.repeat((1 << 20) / part.len());
        let _ = logs::mask(&text, &|_, _| String::new());
        let _ = masked(&json!({"a": text}));
    }
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn the_recorded_traffic_stays_as_it_is() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/azure/aks-scale-out-blocked");
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let kept = |masked: Cow<'_, str>| matches!(masked, Cow::Borrowed(_));
        let placeholder = |_: &str, value: &[u8]| panic!("{}", String::from_utf8_lossy(value));
        assert!(kept(mask(&text, &placeholder).unwrap()) && kept(logs::mask(&text, &placeholder)));
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_masking_fail(text in "([a-z:/@=?&;\"'\\\\ é\n]|eyJ|pwd=|://|sig=){0,40}") {
        let _ = logs::mask(&text, &|_, _| String::new());
        let _ = masked(&json!({"a": text, "b": {"key": text}}));
    }
}
