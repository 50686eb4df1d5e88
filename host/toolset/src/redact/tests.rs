use serde_json::json;

use super::Redactor;

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn clean(text: &str) -> String {
    Redactor::new().redact_text(text).text
}

#[test]
fn what_the_recordings_hold_does_not_leak() {
    for text in [
        r#""env":[{"name":"GF_SMTP_USER","value":"grafana"},{"name":"GF_SMTP_PASSWORD","value":"FAKE-SECRET-DO-NOT-LEAK-literal-env-smtp"}],"resources""#,
        r#""data":{"app.env":"DB_HOST=postgres\nDB_USER=app\nDB_PASSWORD=FAKE-SECRET-DO-NOT-LEAK-configmap-env\nBROKER_URL=amqp://relay:FAKE-SECRET-DO-NOT-LEAK-configmap-amqp@rabbit:5672/""#,
        r#"configuration":"{\"apiVersion\":\"v1\",\"data\":{\"app.env\":\"DB_HOST=postgres\\nDB_USER=app\\nDB_PASSWORD=FAKE-SECRET-DO-NOT-LEAK-configmap-env\\nBROKER_URL=amqp://relay:FAKE-SECRET-DO-NOT-LEAK-configmap-amqp@rabbit\"}}""#,
        "2026-11-07 08:20:55,500 DEBUG [worker] dsn=postgres://app:FAKE-SECRET-DO-NOT-LEAK-log-dsn@postgres:5432/app",
        "  - name: GF_SMTP_PASSWORD\n    value: FAKE-SECRET-DO-NOT-LEAK-literal-env-smtp\n",
        r#"{"auths":{"registry.example.io":{"username":"ci","password":"FAKE-SECRET-DO-NOT-LEAK-registry","auth":"Y2k6RkFLRS1TRUNSRVQtRE8tTk9ULUxFQUstcmVnaXN0cnk="}}}"#,
    ] {
        let made = clean(text);
        assert!(!made.contains(CANARY), "{made}");
        assert!(!made.contains("RkFLRS1TRUNSRVQ"), "{made}");
    }
}

#[test]
fn base64_of_the_recordings_does_not_leak() {
    for text in [
        r#""data":{"password":"RkFLRS1TRUNSRVQtRE8tTk9ULUxFQUstYXBwbGllZC1zbXRw","username":"bWFpbGVy"}"#,
        r#"\"data\":{\"username\":\"bWFpbGVy\",\"password\":\"RkFLRS1TRUNSRVQtRE8tTk9ULUxFQUstYXBwbGllZC1zbXRw\"},"#,
        r#""data":{"url":"cmVkaXM6Ly86RkFLRS1TRUNSRVQtRE8tTk9ULUxFQUstdHJhY2tpbmctcmVkaXNAcmVkaXM6NjM3OS8w"}"#,
    ] {
        let made = clean(text);
        assert!(!made.contains("RkFLRS1TRUNSRVQ") && !made.contains("6Ly86RkFLR"), "{made}");
    }
}

#[test]
fn secrets_of_every_shape_are_replaced() {
    for text in [
        "password: hunter2x",
        "  password: \"hunter2x\"",
        "PASSWORD=hunter2x",
        "export DB_PASS=hunter2x",
        "args: [--password hunter2x --verbose]",
        "--token=hunter2x",
        "{\"apiKey\":\"hunter2x\"}",
        "{\"clientSecret\": \"a\\\"hunter2x\"}",
        "client_secret=hunter2x&grant_type=x",
        "Server=tcp:db,1433;User ID=sa;Password=hunter2x;Encrypt=true",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2xhunter2xhunter2x==;EndpointSuffix=x",
        "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=hunter2x=",
        "https://user:hunter2x@example.io/x",
        "redis://:hunter2x@redis:6379/0",
        "postgres://app:p/hunter2x@db/app",
        "Authorization: Bearer hunter2x.y",
        "curl -H 'Authorization: Basic dXNlcjpodW50ZXIyeA=='; Cookie: session=hunter2x; a=hunter2x",
        "GET /blob?sv=1&sig=hunter2x%3D&se=2",
        "error: login failed with password: hunter2x for user x",
        "secret: |\n  line hunter2x\n  more hunter2x\nnext: ok",
        "tokens=1 token=hunter2x9",
        "x-api-key: hunter2x",
        "passwords: [\"hunter2x\", \"hunter2x\"]",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2x\n-----END RSA PRIVATE KEY-----",
        "key: -----BEGIN PRIVATE KEY-----\\nhunter2x\\ncut",
        "ghp_hunter2xhunter2xhunter2xhunter2x",
        "eyJhbGciOiJI.eyJodW50ZXIy.hunter2x",
        "sk-proj-hunter2xhunter2xhunter2x",
    ] {
        let made = clean(text);
        assert!(!made.contains("hunter2x") && !made.contains("dXNlcjpodW50ZXIyeA"), "{text} became {made}");
        assert!(made.contains("<redacted:"), "{text} became {made}");
    }
}

#[test]
fn what_explains_a_failure_stays() {
    for text in [
        "secretName: db-credentials",
        "secretKeyRef:\n  name: db-credentials\n  key: password\n  optional: false",
        "imagePullSecrets:\n- name: registry-credentials",
        "MountVolume.SetUp failed for volume \"db-credentials\" : secret \"db-credentials\" not found",
        "Error: secret \"payments-token\" not found",
        "secrets \"db-password\" is forbidden: User \"x\" cannot get resource \"secrets\"",
        "tokenExpirationSeconds: 3607",
        "mountPath: /var/run/secrets/kubernetes.io/serviceaccount",
        "serviceAccountToken:\n  path: token",
        "image: registry.io/app@sha256:0c1a2b3c4d5e6f708192a3b4c5d6e7f80c1a2b3c4d5e6f708192a3b4c5d6e7f8",
        "imageID: docker-pullable://registry:5000/app@sha256:0c1a2b3c4d5e6f70",
        "uid: 0c1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8\nresourceVersion: \"123456\"",
        "failed to fetch anonymous token: unexpected status from GET request",
        "pull access denied, authorization failed: no basic auth credentials",
        "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
        "password: <redacted:secret:12345678>",
        "password: $(DB_PASSWORD)",
        "prompt_tokens: 1200, completion_tokens: 30",
        "http://prometheus:9090/api/v1/query",
        "https://registry:5000/app",
        "the secret is mounted; the token expired: renew it",
        "invalid password: authentication failed",
        "type: kubernetes.io/service-account-token",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn equal_values_stay_equal_within_a_conversation_only() {
    let redactor = Redactor::new();
    let one = redactor.placeholder("env", b"x");
    assert_eq!(one, redactor.placeholder("env", b"x"));
    assert_ne!(one, redactor.placeholder("env", b"y"));
    assert_ne!(one, Redactor::new().placeholder("env", b"x"));
    assert_eq!(one.len(), "<redacted:env:12345678>".len());
    assert!(!format!("{redactor:?}").contains("key"));
}

#[test]
fn redacting_twice_changes_nothing() {
    let redactor = Redactor::new();
    let once = redactor.redact_text("password=abcdef1 dsn=postgres://a:b@c token: 'x y z1'").text;
    assert_eq!(redactor.redact_text(&once).text, once);
}

#[test]
fn secrets_of_the_host_are_found_in_every_spelling() {
    let redactor = Redactor::with_known(["host/key+1"]);
    for text in ["a host/key+1 b", "a aG9zdC9rZXkrMQ== b", "a host%2Fkey%2B1 b", "a host%2fkey%2b1 b"] {
        let made = redactor.redact_text(text);
        assert!(made.count > 0 && made.text.starts_with("a <redacted:host:"), "{}", made.text);
    }
}

#[test]
fn structured_data_is_redacted_by_key_by_entry_and_by_content() {
    let mut value = json!({
        "kind": "Secret", "data": {"x": "eA=="},
        "env": [{"name": "DB_PASSWORD", "value": "s1"}, {"name": "HOST", "value": "db"}],
        "evidence": {"path": "spec.containers[0].env[?(@.name=='API_TOKEN')].value", "value": "s2"},
        "note": "postgres://a:s3@db", "apiKey": "s4", "secretName": "db"
    });
    assert_eq!(Redactor::new().redact_value(&mut value), 5);
    let text = value.to_string();
    for secret in ["eA==", "\"s1\"", "\"s2\"", ":s3@", "\"s4\""] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("\"secretName\":\"db\"") && text.contains("\"value\":\"db\""), "{text}");
}

#[test]
fn time_grows_with_the_text_only() {
    let redactor = Redactor::new();
    for piece in [
        "password:",
        "://",
        "-----BEGIN ",
        "token=[",
        "\\\"",
        "eyJ.",
        "a: ",
        "password:\"",
        "name: x_token ",
        "Basic ",
    ] {
        let time = |length: usize| {
            let text = piece.repeat(length / piece.len());
            let started = std::time::Instant::now();
            redactor.redact_text(&text);
            started.elapsed()
        };
        let (short, long) = (time(8_000), time(32_000));
        // Four times the text: sixteen times the time would be quadratic.
        let bound = short.saturating_mul(10).saturating_add(std::time::Duration::from_millis(200));
        assert!(long < bound, "{piece}: {short:?}, then {long:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_it(text in ".{0,200}", secret in "[a-z]{3}[0-9]{5}") {
        let redactor = Redactor::new();
        redactor.redact_text(&text);
        let made = redactor.redact_text(&format!("{text}\nDB_PASSWORD={secret}\n{text}")).text;
        let kept = made.contains(&["=", secret.as_str()].concat());
        proptest::prop_assert!(!kept);
    }
}

#[test]
fn without_digests_two_runs_mask_alike_and_tell_nothing_about_the_value() {
    let mask = |text: &str| Redactor::without_digests(["canary-known"]).redact_text(text).text;
    let text = mask("password: hunter2-hunter2 and canary-known");
    assert_eq!(text, mask("password: hunter2-hunter2 and canary-known"));
    assert!(!text.contains("hunter2") && !text.contains("canary-known"), "{text}");
    assert_eq!(
        Redactor::without_digests([""; 0]).placeholder("key", b"one"),
        Redactor::without_digests([""; 0]).placeholder("key", b"two")
    );
}
