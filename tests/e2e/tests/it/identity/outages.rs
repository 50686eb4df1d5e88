//! Entra is away: nobody notices while a token is good, and afterwards there is one error, soon.

use std::time::{Duration, Instant};

use holmes_fakes::entra::Failure;

use crate::cloud::{ANSWER, Cloud, TOKEN_PATHS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sts_down_token_still_served() {
    let cloud = Cloud::start().await;
    cloud.entra.set_refresh_in(Some(Duration::from_secs(1)));
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud.serve(|command| cloud.pod(command, &token)).await;
    server.answers("azure/prod", ANSWER).await;
    for failure in [Failure::Html503, Failure::Dropped] {
        cloud.entra.fail_always(Some(failure));
        tokio::time::sleep(Duration::from_millis(1100)).await;
        server.answers("azure/prod", ANSWER).await;
    }
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sts_down_after_expiry_is_one_clear_error_and_soon() {
    let cloud = Cloud::start().await;
    cloud.entra.set_lifetime(Duration::from_secs(2));
    let token = cloud.project(TOKEN_PATHS[1]);
    let server = cloud
        .serve(|command| {
            cloud.pod(command, &token);
            command.env("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "3");
        })
        .await;
    server.answers("azure/prod", ANSWER).await;
    cloud.entra.fail_always(Some(Failure::Html503));
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let before = cloud.entra.asked();
    let began = Instant::now();
    let (first, second) = tokio::join!(server.chat("azure/prod"), server.chat("azure/prod"));
    assert_eq!((first.0, second.0), (502, 502), "{} {}", first.1, second.1);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(first.1["detail"].as_str().unwrap().contains("server's log"), "{}", first.1);
    let said = server.said();
    assert!(said.contains("503") && said.contains("not in Entra's form"), "{said}");
    assert!(cloud.entra.asked() - before < 12, "{} requests", cloud.entra.asked() - before);
    cloud.entra.fail_always(None);
    cloud.entra.set_lifetime(Duration::from_hours(1));
    // Within ten seconds at most somebody may ask Entra again.
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.chat("azure/prod").await.0 != 200 {
        assert!(Instant::now() < deadline, "it never recovers: {}", server.said());
    }
    cloud.end(server);
}
