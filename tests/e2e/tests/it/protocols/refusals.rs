//! Every class of refusal, through the program: exit code 2, the cause, what mends it, and no try too many.

use holmes_fakes::azure_openai::{Hint, Refusal};

use crate::cloud::{Cloud, TOKEN_PATHS};

/// Whether a request is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tries {
    Once,
    /// A newer token, another protocol, or without what the deployment does not know.
    Twice,
    Again,
}

/// The table: what is refused, what is said of it, how often it is tried.
fn table() -> Vec<(Refusal, &'static [&'static str], Tries)> {
    use Tries::{Again, Once, Twice};
    vec![
        (Refusal::TokenRejected, &["refused the credential", "azure_scope", "tenant_id"], Twice),
        (Refusal::RoleMissing, &["lacks the data action", "az role assignment create"], Once),
        (Refusal::RoleMissingShort, &["lacks the data action", "5 to 10 minutes"], Once),
        (Refusal::KeyInvalid, &["refused the key", "api_key", "api_base"], Once),
        (Refusal::LocalAuthDisabled, &["takes no keys", "AZURE_AD_TOKEN_AUTH=true"], Once),
        (Refusal::NetworkDenied, &["refuses this network", "private endpoint"], Once),
        (Refusal::PublicAccessDisabled, &["refuses this network", "private endpoint"], Once),
        (Refusal::NoCustomDomain, &["custom subdomain", "--custom-domain"], Once),
        (Refusal::WrongTenant, &["another tenant", "tenant_id"], Once),
        (Refusal::DeploymentMissing, &["no deployment or model `prod`", "5 minutes"], Once),
        (Refusal::WrongPath, &["has nothing at `/openai/deployments/prod", "api_version"], Once),
        (Refusal::OperationNotSupported, &["does not speak", "set `api:"], Twice),
        (Refusal::ContentFiltered, &["content filter", "jailbreak", "rephrase"], Once),
        (Refusal::ContentFilteredUnderscored, &["content filter", "jailbreak", "rephrase"], Once),
        (Refusal::ContextTooLong, &["does not fit the model's window", "larger"], Again),
        (Refusal::StaleReasoning, &["can not read the reasoning", "ask again"], Twice),
        (Refusal::RateLimited(Hint::Seconds(60)), &["limits the rate", "60 s"], Once),
        (Refusal::RateLimited(Hint::Text(60)), &["limits the rate", "60 s"], Once),
        (Refusal::GatewayThrottled(60), &["limits the rate", "60 s"], Once),
        (Refusal::NoCapacity, &["limits the rate", "high demand"], Again),
        (Refusal::QuotaExhausted, &["no quota or credit left", "raise the quota"], Once),
        (Refusal::Timeout, &["answered 408"], Again),
        (Refusal::Conflict, &["answered 409"], Again),
        (Refusal::ServerError, &["answered 500"], Again),
        (Refusal::BadGateway, &["answered 502"], Again),
        (Refusal::Unavailable, &["answered 503"], Again),
        (Refusal::Dropped, &["lost the connection to", "127.0.0.1"], Again),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_of_a_deployment_gives_its_cause_and_its_fix() {
    let cloud = Cloud::start().await;
    let token = cloud.project(TOKEN_PATHS[1]);
    for (refusal, words, tries) in table() {
        cloud.azure.refuse_always(Some(refusal.clone()));
        let before = cloud.azure.asked();
        let mut command = cloud.ask_azure(&["--output", "json"]);
        // Long enough for a second try, too short for a minute.
        command.env("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "1").env("AZURE_API_VERSION", "2025-04-01-preview");
        if refusal == Refusal::KeyInvalid || refusal == Refusal::LocalAuthDisabled {
            command.env("AZURE_API_KEY", cloud.azure.api_key());
        } else {
            cloud.pod(&mut command, &token);
            command.env("AZURE_API_VERSION", "2025-04-01-preview");
        }
        let ran = cloud.finish(command).await;
        ran.refused(2, words);
        assert!(ran.error().len() < 1200, "one sentence: {ran:?}");
        let document = ran.json();
        assert_eq!(document["exit_code"], 2);
        let message = document["error"]["message"].as_str().unwrap();
        for word in words {
            assert!(message.contains(word), "{refusal:?}: `{word}` is missing: {message}");
        }
        let made = cloud.azure.asked() - before;
        let fits = match tries {
            Tries::Once => made == 1,
            Tries::Twice => made == 2,
            Tries::Again => made >= 1,
        };
        assert!(fits, "{refusal:?}: {made} requests, expected {tries:?}");
    }
}
