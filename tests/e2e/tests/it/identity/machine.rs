//! Credentials of the machine and of the environment: managed identity, service principals, and wrong settings.

use holmes_fakes::{FakeImds, azure_openai::Credential, entra::Proof};
use serde_json::{Value, json};

use crate::cloud::{Cloud, tool};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_managed_identity_signs_in_without_any_secret() {
    for pinned in [true, false] {
        let cloud = Cloud::start().await;
        let imds = FakeImds::start(cloud.entra.tokens()).await;
        let mut command = cloud.ask_azure(&[]);
        command.env("AZURE_AD_TOKEN_AUTH", "true").env("AZURE_CLIENT_ID", imds.client_id());
        command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.host());
        if pinned {
            command.env("AZURE_TOKEN_CREDENTIALS", " managedIdentityCredential ");
        }
        let ran = cloud.finish(command).await;
        ran.succeeded();
        assert_eq!(cloud.entra.asked(), 0);
        // Unless it is pinned, a probe without the header asks first whether anybody is there.
        let asked = imds.requests();
        assert_eq!(asked.len(), if pinned { 1 } else { 2 }, "{asked:?}");
        let last = asked.last().unwrap();
        assert_eq!(last.query["client_id"], imds.client_id());
        assert_eq!(last.query["resource"].trim_end_matches('/'), "https://cognitiveservices.azure.com");
        assert!(matches!(cloud.azure.requests()[0].credential, Credential::Bearer(_)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_service_hands_out_the_identity_of_the_app() {
    let cloud = Cloud::start().await;
    let imds = FakeImds::start(cloud.entra.tokens()).await;
    let mut command = cloud.ask_azure(&[]);
    command.env("AZURE_AD_TOKEN_AUTH", "true").env("IDENTITY_ENDPOINT", imds.identity_endpoint());
    command.env("IDENTITY_HEADER", imds.identity_header());
    let ran = cloud.finish(command).await;
    ran.succeeded();
    for secret in imds.canaries() {
        assert!(!format!("{ran:?}").contains(&secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_stops_the_chain() {
    let cloud = Cloud::start().await;
    let ran_az = cloud.world.path("az-was-asked");
    let tools = tool(&cloud.world, "az", &format!("echo asked > {}", ran_az.display()));
    let mut command = cloud.ask_azure(&[]);
    command.env("AZURE_AD_TOKEN_AUTH", "true").env("PATH", tools);
    command.env("AZURE_TENANT_ID", cloud.entra.tenant_id()).env("AZURE_CLIENT_ID", cloud.entra.client_id());
    command.env("AZURE_CLIENT_SECRET", "canary-of-a-wrong-secret");
    command.env("AZURE_AUTHORITY_HOST", cloud.entra.authority_host());
    let ran = cloud.finish(command).await;
    ran.refused(2, &["AADSTS7000215", cloud.entra.client_id()]);
    ran.error();
    assert!(!format!("{ran:?}").contains("canary-of-a-wrong-secret"), "{ran:?}");
    assert!(!ran_az.exists(), "`az` was asked although the secret is wrong");
    assert_eq!((cloud.entra.asked(), cloud.azure.asked()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_credentials_in_one_entry_disable_that_entry_alone() {
    let cloud = Cloud::start().await;
    let entry = |more: Value| {
        let mut entry = json!({"model": "azure/prod", "api_base": cloud.azure.base(), "api_version": "v1"});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let list = json!({
        "both": entry(json!({"api_key": "canary-of-a-key", "client_secret": "canary-of-a-secret"})),
        "token-and-key": entry(json!({"api_key": "canary-of-a-key", "azure_ad_token": "canary-of-a-token"})),
        "works": entry(json!({"api_key": cloud.azure.api_key()})),
    });
    let list = cloud.world.write("model_list.yaml", list.to_string());
    for (model, words) in
        [("both", ["`client_secret`", "`api_key`"]), ("token-and-key", ["`azure_ad_token`", "`api_key`"])]
    {
        let mut command = cloud.ask(model, &[]);
        command.env("MODEL_LIST_FILE_LOCATION", &list);
        let ran = cloud.finish(command).await;
        ran.refused(2, &words);
        ran.refused(2, &["exclude each other", model]);
        assert!(!format!("{ran:?}").contains("canary-of-a"), "{ran:?}");
    }
    assert_eq!(cloud.azure.asked(), 0);
    let mut command = cloud.ask("works", &[]);
    command.env("MODEL_LIST_FILE_LOCATION", &list);
    cloud.finish(command).await.succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_link_of_the_chain_is_an_error_that_lists_them_all() {
    let cloud = Cloud::start().await;
    for value in ["production", "InteractiveBrowserCredential"] {
        for arguments in [&["model", "list"][..], &["run", "--port", "0"]] {
            let mut command = cloud.command(arguments);
            command.env("AZURE_TOKEN_CREDENTIALS", value).env("AZURE_AD_TOKEN_AUTH", "true");
            let ran = cloud.finish(command).await;
            ran.refused(2, &["AZURE_TOKEN_CREDENTIALS", value, "prod", "dev", "WorkloadIdentityCredential"]);
            ran.error();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_may_be_given_in_every_form_that_people_have() {
    let cloud = Cloud::start().await;
    let port = cloud.entra.port();
    for form in [
        format!("localhost:{port}"),
        format!("localhost:{port}/"),
        format!(" https://127.0.0.1:{port}/ "),
        format!("HTTPS://LocalHost:{port}"),
    ] {
        let before = cloud.entra.asked();
        let ran = cloud.finish(service_principal(&cloud, &form)).await;
        assert!(ran.succeeded().stdout.contains("memory limit"), "{form}");
        assert_eq!(cloud.entra.asked(), before + 1, "{form}");
        assert_eq!(cloud.entra.requests()[before].proof, Proof::Secret);
    }
    for form in [format!("http://127.0.0.1:{port}"), format!("https://127.0.0.1:{port}/common")] {
        let ran = cloud.finish(service_principal(&cloud, &form)).await;
        ran.refused(2, &["AZURE_AUTHORITY_HOST", &form]);
        ran.error();
    }
}

fn service_principal(cloud: &Cloud, authority: &str) -> std::process::Command {
    let mut command = cloud.ask_azure(&[]);
    command.env("AZURE_AD_TOKEN_AUTH", "true").env("AZURE_AUTHORITY_HOST", authority);
    command.env("AZURE_TENANT_ID", cloud.entra.tenant_id()).env("AZURE_CLIENT_ID", cloud.entra.client_id());
    command.env("AZURE_CLIENT_SECRET", cloud.entra.client_secret());
    command
}
