//! What Entra refuses, as the person reads it who asked a question: which number, and whose.

use std::time::Duration;

use holmes_fakes::entra::{Failure, Projection};

use crate::cloud::{Cloud, TOKEN_PATHS};

/// Numbers that Entra answers with, and words of its sentence that name the cause.
const NUMBERS: [(u32, &str); 18] = [
    (70021, "No matching federated identity record"),
    (700_211, "assertion issuer"),
    (700_212, "assertion audience"),
    (700_213, "assertion subject"),
    (700_016, "was not found in the directory"),
    (7_000_229, "missing service principal"),
    (90002, "Tenant '"),
    (900_023, "neither a valid DNS name"),
    (50194, "tenant-specific endpoint"),
    (700_024, "not within its valid time range"),
    (90061, "External OIDC endpoint"),
    (7_000_215, "client secret"),
    (7_000_222, "expired"),
    (700_027, "certificate"),
    (500_011, "resource principal"),
    (70011, "scope"),
    (53003, "AADSTS53003"),
    (50005, "AADSTS50005"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_of_entra_gives_its_cause_and_its_number() {
    let cloud = Cloud::start().await;
    let token = cloud.project(TOKEN_PATHS[1]);
    for (number, words) in NUMBERS {
        cloud.entra.fail_always(Some(Failure::Aadsts(number)));
        let mut command = cloud.ask_azure(&["--output", "json"]);
        cloud.pod(&mut command, &token);
        let ran = cloud.finish(command).await;
        ran.refused(2, &[&format!("AADSTS{number}"), words]);
        let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("AADSTS{number}")), "{message}");
        assert!(!message.contains('\n') && message.len() < 1500, "{message}");
    }
    assert_eq!(cloud.azure.asked(), 0, "nobody asks a model without a token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_federated_credential_that_does_not_match_names_what_does_not() {
    let right = Projection::default();
    for (projection, number, shown) in [
        (
            Projection { issuer: "https://other.example/".to_owned(), ..right.clone() },
            "700211",
            "other.example",
        ),
        (Projection { audience: "api://other".to_owned(), ..right.clone() }, "700212", "api://other"),
        (
            Projection { subject: "system:serviceaccount:other:name".to_owned(), ..right.clone() },
            "700213",
            "system:serviceaccount:other:name",
        ),
    ] {
        let cloud = Cloud::start().await;
        let assertion = cloud.entra.mint_assertion_of(&projection, Duration::from_hours(1));
        let token = cloud.world.write("token", assertion);
        let mut command = cloud.ask_azure(&[]);
        cloud.pod(&mut command, &token);
        let ran = cloud.finish(command).await;
        ran.refused(2, &[number, shown]);
        ran.error();
    }
}
