//! Minutes of a server in a pod whose tokens live for seconds: nothing fails, and Entra is asked no more than it must.
//!
//! Twelve seconds unless `HOLMES_SOAK_SECONDS` says otherwise; 300 by hand before a release.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    cloud::{ANSWER, Cloud, TOKEN_PATHS},
    served::Served,
};

/// How long an access token lives. Entra says it in whole seconds, so that a request that is signed at the very end
/// has the rest of the last one for its way.
const LIFETIME: Duration = Duration::from_millis(4900);
/// How often the kubelet rotates the projected token.
const ROTATION: Duration = Duration::from_secs(3);
/// Who asks at the same time, each one question after the other.
const ASKING: [&str; 4] = ["with-entra", "with-key", "with-entra", "with-key"];

/// Asks one question after the other until the time is over; returns how many were answered.
async fn ask_on(server: &Served, model: &str, until: Instant) -> usize {
    let mut answered = 0;
    while Instant::now() < until {
        server.answers(model, ANSWER).await;
        answered += 1;
    }
    answered
}

/// Rotates the projected token until the time is over; the one before is worth nothing from then on.
async fn rotate(cloud: &Cloud, token: &Path, until: Instant) -> usize {
    let mut rotations = 0;
    while Instant::now() < until {
        tokio::time::sleep(ROTATION.min(until.saturating_duration_since(Instant::now()))).await;
        cloud.entra.retire_assertions();
        assert_eq!(cloud.project(TOKEN_PATHS[1]), token);
        rotations += 1;
    }
    rotations
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_minutes_of_investigations() {
    let seconds = std::env::vars().find(|(name, _)| name == "HOLMES_SOAK_SECONDS");
    let seconds: u64 = seconds.map_or(12, |(_, seconds)| seconds.parse().expect("a number of seconds"));
    let cloud = Cloud::start().await;
    cloud.entra.set_lifetime(LIFETIME);
    let token = cloud.project(TOKEN_PATHS[1]);
    let entry = json!({"model": "azure/prod", "api_base": cloud.azure.base(), "api_version": "v1"});
    let mut with_key = entry.clone();
    with_key["api_key"] = "{{ env.MODEL_KEY }}".into();
    let list = json!({"with-entra": entry, "with-key": with_key});
    let list = cloud.world.write("model_list.yaml", list.to_string());
    let server = cloud
        .serve(|command| {
            cloud.workload_identity(command, &token);
            command.env("AZURE_AD_TOKEN_AUTH", "true").env("MODEL_KEY", cloud.azure.api_key());
            command.env("MODEL_LIST_FILE_LOCATION", &list);
        })
        .await;

    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let [first, second, third, fourth] = ASKING.map(|model| ask_on(&server, model, until));
    let (first, second, third, fourth, rotations) =
        tokio::join!(first, second, third, fourth, rotate(&cloud, &token, until));
    let took = began.elapsed();

    let answered = first + second + third + fourth;
    let asked = cloud.entra.asked();
    // A token near its end is neither given out for long nor asked for twice: one request for a lifetime, and
    // one more for each file that was swapped under an exchange.
    let needed = usize::try_from(took.as_secs() / LIFETIME.as_secs()).expect("a small number") + 2;
    println!(
        "{answered} investigations in {:.0} s, {} model requests, {rotations} rotations of the token file, \
         {asked} token requests where lifetimes need {needed}",
        took.as_secs_f32(),
        cloud.azure.asked()
    );
    assert!([first, second, third, fourth].iter().all(|answered| *answered > 0), "somebody starved");
    assert!(asked <= needed + rotations, "{asked} token requests, {needed} needed, {rotations} rotations");
    assert!(rotations >= 1, "the file was rotated");
    cloud.end(server);
}
