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
