//! Workload identity: the projected token, where it lies, when it changes, and what a refused one leads to.

use holmes_fakes::{
    azure_openai::{Credential, Refusal},
    entra::Proof,
};

use crate::{
    cloud::{ANSWER, Cloud, TOKEN_PATHS},
    served::together,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_signs_in_with_the_old_and_the_new_token_path() {
    for path in TOKEN_PATHS {
        let cloud = Cloud::start().await;
        let token = cloud.project(path);
        let mut command = cloud.ask_azure(&[]);
        cloud.pod(&mut command, &token);
        let ran = cloud.finish(command).await;
        assert_eq!(ran.succeeded().stdout.trim(), "The worker of billing exceeds its memory limit.");
        let asked = cloud.entra.requests();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(
            (asked[0].proof, asked[0].client_id.as_str()),
            (Proof::Assertion, cloud.entra.client_id())
        );
        assert_eq!(asked[0].scope, "https://cognitiveservices.azure.com/.default");
        for request in cloud.azure.requests() {
            assert!(matches!(request.credential, Credential::Bearer(_)), "{request:?}");
            let path = "/openai/deployments/prod/chat/completions?api-version=2024-10-21";
            assert_eq!((request.target.as_str(), request.status), (path, 200));
        }
        assert_eq!(cloud.azure.asked(), 2, "a call and an answer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn federated_file_rotated_between_exchanges() {
    let cloud = Cloud::start().await;
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud.serve(|command| cloud.pod(command, &token)).await;
    server.answers("azure/prod", ANSWER).await;
    cloud.entra.retire_assertions();
    cloud.project(TOKEN_PATHS[1]);
    cloud.entra.tokens().revoke_all();
    server.answers("azure/prod", ANSWER).await;
    let asked = cloud.entra.requests();
    assert_eq!(asked.len(), 2, "one exchange for each token: {asked:?}");
    assert_ne!(asked[0].form["client_assertion"], asked[1].form["client_assertion"]);
    assert_eq!(asked[1].form["client_assertion"], std::fs::read_to_string(&token).unwrap());
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_file_that_appears_late_and_a_stale_one_stop_nobody_for_good() {
    let cloud = Cloud::start().await;
    let token = cloud.world.path(TOKEN_PATHS[1]);
    let server = cloud.serve(|command| cloud.pod(command, &token)).await;
    let (status, body) = server.chat("azure/prod").await;
    assert_eq!(status, 502, "{body}");
    assert_eq!(cloud.entra.asked(), 0, "nothing to exchange");
    cloud.project(TOKEN_PATHS[1]);
    cloud.entra.retire_assertions();
    assert_eq!(server.chat("azure/prod").await.0, 502);
    // A new file is a reason to try at once, whatever pause the failures before led to.
    cloud.project(TOKEN_PATHS[1]);
    server.answers("azure/prod", ANSWER).await;
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_plane_401_refreshes_once() {
    let cloud = Cloud::start().await;
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud.serve(|command| cloud.pod(command, &token)).await;
    server.answers("azure/prod", ANSWER).await;
    cloud.entra.tokens().revoke_all();
    server.answers("azure/prod", ANSWER).await;
    assert_eq!(cloud.entra.asked(), 2);
    let statuses: Vec<u16> = cloud.azure.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 200, 401, 200, 200]);
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_401_is_an_error_and_a_missing_role_is_no_reason_to_refresh() {
    for (refusal, exchanges, words) in [
        (Refusal::TokenRejected, 2, ["refused the credential", "tenant_id"]),
        (Refusal::RoleMissing, 1, ["lacks the data action", "az role assignment create --assignee 4444"]),
        (Refusal::RoleMissingShort, 1, ["lacks the data action", "Cognitive Services OpenAI User"]),
    ] {
        let cloud = Cloud::start().await;
        cloud.azure.refuse_always(Some(refusal.clone()));
        let token = cloud.project(TOKEN_PATHS[0]);
        let mut command = cloud.ask_azure(&[]);
        cloud.pod(&mut command, &token);
        let ran = cloud.finish(command).await;
        ran.refused(2, &words);
        ran.error();
        assert_eq!(cloud.entra.asked(), exchanges, "{refusal:?}");
        assert_eq!(cloud.azure.asked(), exchanges, "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_parallel_chats_make_one_token_request() {
    let cloud = Cloud::start().await;
    cloud.entra.set_delay(std::time::Duration::from_millis(300));
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud.serve(|command| cloud.pod(command, &token)).await;
    together((0..20).map(|_| server.answers("azure/prod", ANSWER))).await;
    assert_eq!(cloud.entra.asked(), 1);
    assert_eq!(cloud.azure.asked(), 40);
    cloud.end(server);
}
