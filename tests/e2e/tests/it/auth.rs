//! `model test`, `auth check` and `auth token` as a pod runs them, against a directory and a data plane over TLS.

mod causes;
mod pod;

use holmes_fakes::{
    Turn,
    azure_openai::{Credential, Refusal},
    entra::{Projection, Proof},
    imds::ImdsMood,
};
use serde_json::{Value, json};

use crate::world::Ran;
use pod::Pod;

const SUCCEEDED: &str = "Connect to Azure OpenAI service succeeded.";
const FAILED: &str = "Connect to Azure OpenAI service failed.";

/// The families of Service Connector: the endpoint's variable, and the prefix of the others.
const FAMILIES: [(&str, &str); 3] = [
    ("AZURE_OPENAI_BASE", "AZURE_OPENAI"),
    ("AZURE_AISERVICES_OPENAI_BASE", "AZURE_AISERVICES"),
    ("AZURE_COGNITIVESERVICES_ENDPOINT", "AZURE_COGNITIVESERVICES"),
];

/// The status of a check of the document.
fn status<'a>(document: &'a Value, id: &str) -> &'a str {
    check(document, id)["status"].as_str().unwrap()
}

fn check<'a>(document: &'a Value, id: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no check `{id}`: {document:#}"))
}

fn text<'a>(check: &'a Value, key: &str) -> &'a str {
    check[key].as_str().unwrap_or_else(|| panic!("no `{key}`: {check:#}"))
}

/// The tutorial's last line, whatever stands before it.
fn last_line(ran: &Ran) -> &str {
    ran.stdout.lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn setup_service_connector_pod() {
    for (base, prefix) in FAMILIES {
        // Workload identity: the connection names the endpoint and perhaps the identity; the webhook the rest.
        let pod = Pod::start().await;
        pod.azure.play([Turn::text("Hello there.")]);
        let ran = pod.run(&["model", "test"], &pod.workload_identity(base)).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        let host = format!("127.0.0.1:{}", pod.azure.port());
        assert_eq!(lines, [&format!("Greetings from `chat-prod` at {host}."), "Hello there.", SUCCEEDED]);
        assert_eq!(pod.entra.requests()[0].proof, Proof::Assertion);

        // A service principal of the connection.
        let pod = Pod::start().await;
        pod.azure.play([Turn::text("Hello there.")]);
        let variables = [
            (base.to_owned(), pod.azure.base()),
            (format!("{prefix}_CLIENTID"), pod.entra.client_id().to_owned()),
            (format!("{prefix}_CLIENTSECRET"), pod.entra.client_secret().to_owned()),
            (format!("{prefix}_TENANTID"), pod.entra.tenant_id().to_owned()),
        ];
        let ran = pod.run(&["auth", "check", "--chat"], &variables).await;
        assert_eq!((ran.code, last_line(&ran)), (Some(0), SUCCEEDED), "{ran:?}");
        assert_eq!(pod.entra.requests()[0].proof, Proof::Secret);

        // A key of the connection.
        let pod = Pod::start().await;
        pod.azure.play([Turn::text("Hello there.")]);
        let variables =
            [(base.to_owned(), pod.azure.base()), (format!("{prefix}_KEY"), pod.azure.api_key().to_owned())];
        let ran = pod.run(&["model", "test"], &variables).await;
        assert_eq!((ran.code, last_line(&ran)), (Some(0), SUCCEEDED), "{ran:?}");
        assert!(matches!(pod.azure.requests()[0].credential, Credential::Key(_)));
        assert_eq!(pod.entra.asked(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_report_of_a_good_pod_has_every_step_in_its_order() {
    let pod = Pod::start().await;
    pod.azure.play([Turn::text("Hello there.")]);
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    let ran = pod.run(&["auth", "check", "--chat", "--json"], &variables).await;
    let document = ran.succeeded().json();
    let checks = document["checks"].as_array().unwrap();
    let seen: Vec<(&str, &str)> =
        checks.iter().map(|check| (text(check, "id"), text(check, "status"))).collect();
    let expected = [
        ("model", "PASS"),
        ("credential", "PASS"),
        ("environment", "PASS"),
        ("token-file", "PASS"),
        ("authority", "PASS"),
        ("clock", "PASS"),
        ("link-EnvironmentCredential", "SKIP"),
        ("link-WorkloadIdentityCredential", "PASS"),
        ("exchange", "PASS"),
        ("claims", "PASS"),
        ("endpoint-dns", "PASS"),
        ("model-list", "PASS"),
        ("chat", "PASS"),
        ("arm", "SKIP"),
    ];
    assert_eq!(seen, expected, "{document:#}");
    assert_eq!(document["ok"], true);
    assert_eq!(document["model"], "azure/chat-prod");
    let claims = text(check(&document, "claims"), "detail");
    assert!(claims.contains(&format!("oid {}", pod.entra.application().holder.object_id)), "{claims}");
    let file = text(check(&document, "token-file"), "detail");
    assert!(file.contains("sub system:serviceaccount:holmes:holmes-host"), "{file}");

    // The same for people fits a terminal and has no colour without one.
    pod.azure.play([Turn::text("Hello there.")]);
    let ran = pod.run(&["auth", "check"], &variables).await;
    // What is to be copied stays whole: commands, and addresses that are longer than a line.
    let narrow =
        |line: &str| line.chars().count() <= 80 || line.contains("az ") || !line.trim().contains(' ');
    assert!(ran.succeeded().stdout.lines().all(narrow), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nSKIP  chat  "), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_pod_without_the_label_is_told_so() {
    let pod = Pod::start().await;
    pod.imds.set_mood(ImdsMood::NoIdentity);
    let variables = [
        ("AZURE_OPENAI_BASE".to_owned(), pod.azure.base()),
        ("AZURE_OPENAI_CLIENTID".to_owned(), pod.entra.client_id().to_owned()),
    ];
    let ran = pod.run(&["auth", "check", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    let shape = check(&document, "environment");
    assert_eq!((text(shape, "status"), text(shape, "cause")), ("FAIL", "webhook-missing"));
    assert!(text(shape, "fix").contains("azure.workload.identity/use: \"true\""), "{shape:#}");
    assert_eq!(status(&document, "exchange"), "FAIL");
    assert_eq!(status(&document, "model-list"), "SKIP");
    assert_eq!(pod.azure.asked(), 0);

    let ran = pod.run(&["model", "test"], &variables).await;
    assert_eq!(last_line(&ran), FAILED);
    ran.refused(2, &["azure.workload.identity/use", "the label"]);

    // The same where the client was set by hand and nothing says that Entra is meant.
    let variables = [
        ("AZURE_API_BASE".to_owned(), pod.azure.base()),
        ("AZURE_CLIENT_ID".to_owned(), pod.entra.client_id().to_owned()),
    ];
    let ran = pod.run(&["auth", "check", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    assert_eq!(text(check(&document, "model"), "cause"), "model-disabled");
    assert_eq!(text(check(&document, "environment"), "cause"), "webhook-missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_missing_federated_credential_is_told_with_the_command_that_adds_it() {
    let pod = Pod::start().await;
    let projection =
        Projection { subject: "system:serviceaccount:default:other".to_owned(), ..Projection::default() };
    pod.project(&projection);
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    let ran = pod.run(&["auth", "check", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    let exchange = check(&document, "exchange");
    assert_eq!((text(exchange, "status"), text(exchange, "cause")), ("FAIL", "federation-subject"));
    for said in ["AADSTS700213", &projection.issuer, &projection.subject, &projection.audience] {
        assert!(text(exchange, "detail").contains(said), "{said}: {exchange:#}");
    }
    let fix = text(exchange, "fix");
    assert!(fix.starts_with("az identity federated-credential create --name holmes-default-other"), "{fix}");
    assert!(fix.contains("--subject system:serviceaccount:default:other"), "{fix}");

    let ran = pod.run(&["model", "test"], &variables).await;
    assert_eq!(last_line(&ran), FAILED);
    ran.refused(2, &["AADSTS700213", "az identity federated-credential create"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_secret_is_told_without_it() {
    let pod = Pod::start().await;
    let wrong = "FAKE-SECRET-DO-NOT-LEAK-wrong";
    let variables = [
        ("AZURE_OPENAI_BASE".to_owned(), pod.azure.base()),
        ("AZURE_AD_TOKEN_AUTH".to_owned(), "true".to_owned()),
        ("AZURE_TENANT_ID".to_owned(), pod.entra.tenant_id().to_owned()),
        ("AZURE_CLIENT_ID".to_owned(), pod.entra.client_id().to_owned()),
        ("AZURE_CLIENT_SECRET".to_owned(), wrong.to_owned()),
    ];
    let ran = pod.run(&["auth", "check", "--chat", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    let exchange = check(&document, "exchange");
    assert_eq!((text(exchange, "status"), text(exchange, "cause")), ("FAIL", "secret-wrong"));
    assert!(text(exchange, "fix").contains("az ad app credential reset"), "{exchange:#}");
    assert_eq!(status(&document, "link-EnvironmentCredential"), "FAIL");
    assert_eq!(status(&document, "chat"), "SKIP");

    let ran = pod.run(&["auth", "token", "--check"], &variables).await;
    assert_eq!(ran.stdout, "");
    ran.refused(2, &["AADSTS7000215", "az ad app credential reset"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_missing_role_is_told_with_the_assignment() {
    let pod = Pod::start().await;
    pod.azure.refuse_always(Some(Refusal::RoleMissing));
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    let ran = pod.run(&["auth", "check", "--chat", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    for id in ["model-list", "chat"] {
        let check = check(&document, id);
        assert_eq!((text(check, "status"), text(check, "cause")), ("FAIL", "role_missing"));
        let principal = &pod.entra.application().holder.object_id;
        let command = format!("az role assignment create --assignee {principal} ");
        assert!(text(check, "fix").starts_with(&command), "{check:#}");
    }
    let ran = pod.run(&["auth", "check", "--chat"], &variables).await;
    assert_eq!((ran.code, last_line(&ran)), (Some(2), FAILED), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_beside_the_switch_for_entra_is_a_warning() {
    let pod = Pod::start().await;
    let list = json!({
        "keyed": {"model": "azure/chat", "api_base": pod.azure.base(), "api_key": "{{ env.KEY }}"},
        "entra": {"model": "azure/chat", "api_base": pod.azure.base()},
        "broken": {"model": "azure/chat", "api_base": pod.azure.base(), "api_key": "{{ env.NOT_THERE }}"},
    });
    let file = pod.world.write("model_list.yaml", list.to_string());
    let mut variables = pod.workload_identity("UNUSED");
    variables.extend([
        ("MODEL_LIST_FILE_LOCATION".to_owned(), file.display().to_string()),
        ("AZURE_AD_TOKEN_AUTH".to_owned(), "true".to_owned()),
        ("KEY".to_owned(), pod.azure.api_key().to_owned()),
    ]);
    let ran = pod.run(&["auth", "check", "--model", "keyed", "--json"], &variables).await;
    let document = ran.succeeded().json();
    assert_eq!(status(&document, "credential"), "WARN");
    assert_eq!(status(&document, "exchange"), "SKIP");
    assert_eq!(status(&document, "model-list"), "PASS");

    let ran = pod.run(&["auth", "check", "--all", "--json"], &variables).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let document = ran.json();
    let of = |model: &str, id: &str| {
        let checks = document["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["model"] == model && check["id"] == id);
        check.map(|check| text(check, "status").to_owned())
    };
    assert_eq!(of("entra", "exchange").as_deref(), Some("PASS"));
    assert_eq!(of("broken", "model").as_deref(), Some("FAIL"));
    assert_eq!(of("broken", "chat"), None);
    assert_eq!(document["model"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_deployment_without_words_has_not_answered() {
    let pod = Pod::start().await;
    pod.azure.play([Turn::text("")]);
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    let ran = pod.run(&["model", "test"], &variables).await;
    assert_eq!(last_line(&ran), FAILED);
    assert_eq!(ran.code, Some(2), "{ran:?}");

    pod.azure.play([Turn::SayKey]);
    let key = [
        ("AZURE_OPENAI_BASE".to_owned(), pod.azure.base()),
        ("AZURE_OPENAI_KEY".to_owned(), pod.azure.api_key().to_owned()),
    ];
    let ran = pod.run(&["model", "test"], &key).await;
    assert_eq!((ran.code, last_line(&ran)), (Some(0), SUCCEEDED), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_with_names_of_its_own_is_told_by_its_endpoint() {
    let pod = Pod::start().await;
    pod.azure.play([Turn::text("Hello there.")]);
    let variables = pod.workload_identity("MY_ENDPOINT");
    let arguments = ["model", "test", "azure/other", "--endpoint-env", "MY_ENDPOINT"];
    let ran = pod.run(&arguments, &variables).await;
    assert_eq!((ran.code, last_line(&ran)), (Some(0), SUCCEEDED), "{ran:?}");
    assert!(ran.stdout.starts_with("Greetings from `other` at "), "{ran:?}");
    let ran = pod.run(&["model", "test", "--endpoint-env", "ANOTHER"], &variables).await;
    ran.refused(2, &["`ANOTHER` of --endpoint-env is not set"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_is_told_and_never_shown() {
    let pod = Pod::start().await;
    let variables = pod.workload_identity("AZURE_OPENAI_BASE");
    let ran = pod.run(&["auth", "token", "--check"], &variables).await;
    let lines: Vec<&str> = ran.succeeded().stdout.lines().collect();
    assert_eq!(lines[0], "token obtained for https://cognitiveservices.azure.com/.default");
    assert!(lines[1].starts_with("from WorkloadIdentityCredential"), "{lines:?}");
    assert!(lines[2].starts_with("expires in "), "{lines:?}");
    let scope = "https://management.azure.com/.default";
    let ran = pod.run(&["auth", "token", "--check", "--scope", scope], &variables).await;
    assert!(ran.succeeded().stdout.contains(scope), "{ran:?}");
    assert_eq!(pod.entra.requests().last().unwrap().scope, scope);
    let ran = pod.run(&["auth", "token"], &variables).await;
    ran.refused(2, &["--check"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_doctor_looks_at_everything_and_one_broken_entry_is_no_failure() {
    let pod = Pod::start().await;
    let list = json!({
        "good": {"model": "azure/chat", "api_base": pod.azure.base()},
        "broken": {"model": "azure/chat", "api_base": pod.azure.base(), "api_key": "{{ env.NOT_THERE }}"},
    });
    let file = pod.world.write("model_list.yaml", list.to_string());
    let mut variables = pod.workload_identity("UNUSED");
    variables.push(("MODEL_LIST_FILE_LOCATION".to_owned(), file.display().to_string()));
    variables.push(("MODEL".to_owned(), "good".to_owned()));
    let ran = pod.run(&["doctor", "--json"], &variables).await;
    let document = ran.succeeded().json();
    assert_eq!(status(&document, "config"), "SKIP");
    assert_eq!(status(&document, "plugins"), "PASS");
    assert_eq!(status(&document, "cluster"), "WARN");
    assert_eq!(status(&document, "models"), "PASS");
    assert_eq!(status(&document, "exchange"), "PASS");
    let disabled = document["checks"].as_array().unwrap().iter().find(|check| check["model"] == "broken");
    assert_eq!(text(disabled.unwrap(), "status"), "WARN");
}
