//! The setups of `HolmesGPT`'s Azure pages, each from its file in `examples/holmesgpt-azure-openai`: only hosts,
//! ids and secrets are replaced. What the fakes were asked proves which credential went where.

mod chart;
mod shell;

use std::{ffi::OsStr, path::Path};

use holmes_fakes::{
    FakeAzureOpenAi,
    azure_openai::{AzureRequest, Credential, Refusal},
    entra::{Holder, Proof},
};

use crate::{
    cloud::{Cloud, TOKEN_PATHS, investigation, tool},
    holmesgpt_pages::{
        chart::Chart,
        shell::{example, script},
    },
};

const HOST: &str = "https://contoso-ai.openai.azure.com";

fn by_key(request: &AzureRequest, azure: &FakeAzureOpenAi) -> bool {
    request.credential == Credential::Key(azure.api_key().to_owned())
}

fn by_token(request: &AzureRequest) -> bool {
    matches!(request.credential, Credential::Bearer(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_holmes_key_values() {
    let cloud = Cloud::start().await;
    for file in ["key-values.yaml", "robusta-key-values.yaml"] {
        let chart = Chart::render(&cloud.world, &example(file).replace(HOST, &cloud.azure.base()));
        let classic =
            |name| format!("/openai/deployments/{name}/chat/completions?api-version=2025-01-01-preview");
        // The configuration's model answers when nobody names one.
        let mut asked = vec![(None, "gpt-41", 0)];
        if file == "key-values.yaml" {
            asked.extend([(Some("azure-gpt-41"), "gpt-41", 0), (Some("azure-gpt-5"), "gpt-5", 1)]);
        }
        for (model, deployment, temperature) in asked {
            let before = cloud.azure.asked();
            let command = chart.ask(&cloud, model, |secret| {
                assert_eq!(secret, "holmes-secrets/azure-api-key");
                cloud.azure.api_key().to_owned()
            });
            let ran = cloud.finish(command).await;
            assert!(ran.succeeded().stdout.contains("memory limit"), "{ran:?}");
            for request in &cloud.azure.requests()[before..] {
                assert_eq!((request.target.clone(), request.status), (classic(deployment), 200));
                assert!(by_key(request, &cloud.azure), "{request:?}");
                let sent = request.body.get("temperature").and_then(serde_json::Value::as_f64);
                let sent = sent.unwrap_or(1.0);
                assert!((sent - f64::from(temperature)).abs() < 0.001, "{file} {model:?}: {sent}");
            }
            assert_eq!(cloud.azure.asked(), before + 2);
        }
    }
    assert_eq!(cloud.entra.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_holmes_cli_key() {
    let cloud = Cloud::start().await;
    let text = example("cli-key.sh").replace(HOST, &cloud.azure.base());
    let text = text.replace("your-azure-api-key", cloud.azure.api_key());
    let ran = cloud.finish(script(&cloud, &text)).await;
    assert_eq!(ran.succeeded().stdout.matches("memory limit").count(), 2, "{ran:?}");
    let requests = cloud.azure.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(by_key(&request, &cloud.azure), "{request:?}");
        let path = "/openai/deployments/gpt-41/chat/completions?api-version=2025-01-01-preview";
        assert_eq!(request.target, path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_holmes_cli_entra() {
    // After `az login`.
    let cloud = Cloud::start().await;
    let holder = &cloud.entra.application().holder;
    let hour = std::time::Duration::from_hours(1);
    let minted = cloud.entra.tokens().mint(holder, "https://cognitiveservices.azure.com", hour);
    let expires = minted.expires_at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let answer = format!(
        r#"{{"accessToken":"{}","expires_on":{expires},"expiresOn":"2030-01-01 00:00:00.000000","tenant":"{}","tokenType":"Bearer"}}"#,
        minted.token, holder.tenant_id
    );
    let seen = cloud.world.path("az-was-asked");
    tool(&cloud.world, "az", &format!("echo \"$@\" >> {}\necho '{answer}'", seen.display()));
    let text = example("cli-entra.sh").replace(HOST, &cloud.azure.base());
    let ran = cloud.finish(script(&cloud, &text)).await;
    assert!(ran.succeeded().stdout.contains("memory limit"), "{ran:?}");
    let arguments = std::fs::read_to_string(seen).unwrap();
    assert_eq!(arguments.lines().count(), 1, "asked once: {arguments}");
    assert!(arguments.contains("get-access-token"), "{arguments}");
    assert!(arguments.contains("https://cognitiveservices.azure.com/.default"), "{arguments}");
    assert!(
        cloud
            .azure
            .requests()
            .iter()
            .all(|request| request.credential == Credential::Bearer(minted.token.clone()))
    );
    assert_eq!((cloud.azure.asked(), cloud.entra.asked()), (2, 0));

    // With a service principal.
    let cloud = Cloud::start().await;
    let text = example("cli-service-principal.sh").replace(HOST, &cloud.azure.base());
    let text = text.replace("your-client-id", cloud.entra.client_id());
    let text = text.replace("your-client-secret", cloud.entra.client_secret());
    let text = text.replace("your-tenant-id", cloud.entra.tenant_id());
    let mut command = script(&cloud, &text);
    command.env("AZURE_AUTHORITY_HOST", cloud.entra.authority_host());
    let ran = cloud.finish(command).await;
    assert!(ran.succeeded().stdout.contains("memory limit"), "{ran:?}");
    let asked = cloud.entra.requests();
    assert_eq!((asked.len(), asked[0].proof), (1, Proof::Secret));
    assert_eq!(asked[0].scope, "https://cognitiveservices.azure.com/.default");
    assert!(cloud.azure.requests().iter().all(by_token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_holmes_workload_identity() {
    let cloud = Cloud::start().await;
    let text = example("workload-identity-values.yaml").replace(HOST, &cloud.azure.base());
    let chart = Chart::render(&cloud.world, &text);
    assert_eq!(
        chart.values["podLabels"]["azure.workload.identity/use"], "true",
        "the webhook wants a string"
    );
    let annotations = &chart.values["serviceAccount"]["annotations"];
    assert!(annotations["azure.workload.identity/client-id"].is_string());
    assert!(!text.contains("api_key:"), "no entry has a key");
    let token = cloud.project(TOKEN_PATHS[1]);
    for (model, target) in [
        (None, "/openai/deployments/gpt-41/chat/completions?api-version=2025-01-01-preview"),
        (Some("azure-gpt-5"), "/openai/v1/chat/completions"),
    ] {
        let before = cloud.azure.asked();
        let secret = |secret: &str| panic!("no Secret is needed: {secret}");
        let mut command = chart.ask(&cloud, model, secret);
        cloud.workload_identity(&mut command, &token);
        // With Entra switched on, a key of the environment is not for entries without one.
        command.env("AZURE_API_KEY", "canary-of-a-key-that-nobody-asked-for");
        let ran = cloud.finish(command).await;
        assert!(ran.succeeded().stdout.contains("memory limit"), "{ran:?}");
        for request in &cloud.azure.requests()[before..] {
            assert!(by_token(request) && request.target == target, "{request:?}");
        }
    }
    assert!(cloud.entra.requests().iter().all(|request| request.proof == Proof::Assertion));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_foundry_claude() {
    let cloud = Cloud::start().await;
    let host = "https://contoso-foundry.services.ai.azure.com";
    let text = example("cli-foundry-claude.sh").replace(host, &cloud.azure.base());
    let text = text.replace("your-azure-api-key", cloud.azure.api_key());
    let mut command = script(&cloud, &text);
    command.env("AZURE_TENANT_ID", cloud.entra.tenant_id()).env("AZURE_CLIENT_ID", cloud.entra.client_id());
    command.env("AZURE_CLIENT_SECRET", cloud.entra.client_secret());
    command.env("AZURE_AUTHORITY_HOST", cloud.entra.authority_host());
    let ran = cloud.finish(command).await;
    assert_eq!(ran.succeeded().stdout.matches("memory limit").count(), 2, "{ran:?}");
    let requests = cloud.azure.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!((request.target.as_str(), request.status), ("/anthropic/v1/messages", 200));
        assert_eq!(request.body["model"], "claude-sonnet-prod");
    }
    assert!(requests[..2].iter().all(|request| by_key(request, &cloud.azure)), "{requests:#?}");
    assert!(requests[2..].iter().all(by_token), "{requests:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_and_entra_entries_together() {
    let cloud = Cloud::start().await;
    let sandbox = FakeAzureOpenAi::start(&cloud.authority, cloud.entra.tokens()).await;
    sandbox.set_endless(Some(investigation()));
    let partner = cloud.entra.register(Holder {
        tenant_id: "00000000-0000-0000-0000-0000000000bb".to_owned(),
        client_id: "00000000-0000-0000-0000-0000000000cc".to_owned(),
        object_id: "00000000-0000-0000-0000-0000000000dd".to_owned(),
    });
    let text = example("key-and-entra-values.yaml").replace(HOST, &cloud.azure.base());
    let text = text.replace("https://partner-ai.openai.azure.com", &cloud.azure.base());
    let text = text.replace("https://sandbox-ai.openai.azure.com", &sandbox.base());
    let chart = Chart::render(&cloud.world, &text);
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud
        .serve(|command| {
            chart.set(command, |secret| {
                assert_eq!(secret, "holmes-secrets/sandbox-key");
                sandbox.api_key().to_owned()
            });
            cloud.workload_identity(command, &token);
        })
        .await;
    for model in ["prod", "sandbox", "partner", "prod"] {
        server.answers(model, "memory limit").await;
    }
    let holders: Vec<String> = cloud
        .azure
        .requests()
        .iter()
        .map(|request| match &request.credential {
            Credential::Bearer(token) => cloud.entra.tokens().find(token).unwrap().holder.client_id,
            credential @ (Credential::Key(_) | Credential::None) => panic!("{credential:?}"),
        })
        .collect();
    let (own, other) = (cloud.entra.client_id(), partner.holder.client_id.as_str());
    assert_eq!(holders, [own, own, other, other, own, own]);
    assert!(sandbox.requests().iter().all(|request| by_key(request, &sandbox)));
    assert_eq!((sandbox.asked(), cloud.entra.asked()), (2, 2), "one token for each identity");
    let asked = cloud.entra.requests();
    assert_eq!(asked[1].tenant, partner.holder.tenant_id);

    // Both in one call: Entra for the first, then a key for who answers in its place.
    cloud.azure.refuse_always(Some(Refusal::QuotaExhausted));
    let body = server.answers("prod", "memory limit").await;
    assert_eq!(body["metadata"]["model"], "sandbox", "{body}");
    assert!(sandbox.requests().iter().all(|request| by_key(request, &sandbox)));
    assert_eq!(sandbox.asked(), 4);
    assert!(!server.said().contains(sandbox.api_key()));
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_is_usable_with_the_hosts_it_names() {
    let cloud = Cloud::start().await;
    let mut files = 0;
    for entry in std::fs::read_dir(shell::folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(example("README.md").contains(&format!("`{name}`")) || name == "README.md", "{name}");
        if Path::new(&name).extension() != Some(OsStr::new("yaml")) {
            continue;
        }
        let chart = Chart::render(&cloud.world, &example(&name));
        let mut command = cloud.command(&["model", "list"]);
        chart.set(&mut command, |_| "canary-of-a-key-of-a-chart".to_owned());
        let ran = cloud.finish(command).await;
        let listed = &ran.succeeded().stdout;
        assert!(listed.contains("usable") && !listed.contains("disabled"), "{name}: {listed}");
        assert!(!format!("{ran:?}").contains("canary-of-a-key-of-a-chart"), "{name}");
        files += 1;
    }
    assert!(files >= 4, "{files} files");
}
