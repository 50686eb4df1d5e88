//! Streams as Azure sends them: oddities change no answer, and half an answer is never taken for a whole one.

use holmes_fakes::{Turn, azure_openai::Quirk};

use crate::cloud::{ANSWER, Cloud};

fn ask(cloud: &Cloud, version: &str) -> std::process::Command {
    let mut command = cloud.ask_azure(&["--output", "json"]);
    command.env("AZURE_API_VERSION", version).env("AZURE_API_KEY", cloud.azure.api_key());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oddities_of_a_stream_change_no_answer() {
    let cloud = Cloud::start().await;
    for (quirks, bytes) in [
        (&[][..], Some(1)),
        (&[Quirk::NoFilter], None),
        (&[Quirk::TrailingFilter], Some(7)),
        (&[Quirk::NoDone], None),
        (&[Quirk::NoDone, Quirk::TrailingFilter], Some(3)),
    ] {
        cloud.azure.set_quirks(quirks.iter().copied());
        cloud.azure.set_read_size(bytes);
        let ran = cloud.finish(ask(&cloud, "2024-10-21")).await;
        let document = ran.succeeded().json();
        assert_eq!(document["answer_markdown"], ANSWER, "{quirks:?}");
        assert_eq!((&document["ending"], &document["exit_code"]), (&"answered".into(), &0.into()));
        assert_eq!(document["tool_calls"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_an_end_is_no_answer() {
    let cloud = Cloud::start().await;
    cloud.azure.set_quirks([Quirk::NoFinish]);
    let ran = cloud.finish(ask(&cloud, "2024-10-21")).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    ran.error();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_the_filter_ends_says_so() {
    let cloud = Cloud::start().await;
    cloud.azure.set_quirks([Quirk::FilteredMidway]);
    let ran = cloud.finish(ask(&cloud, "2024-10-21")).await;
    let document = ran.json();
    let part = document["answer_markdown"].as_str().unwrap();
    assert!(!part.is_empty() && ANSWER.starts_with(part) && part != ANSWER, "{part}");
    assert_eq!(document["ending"], "cut");
    assert!(ran.stderr.contains("the answer is cut") && ran.stderr.contains("content filter"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_stream_exits_2_with_the_part() {
    let cloud = Cloud::start().await;
    let chat = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Half of\"}}]}\n\n";
    let responses = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\
                     \"item_id\":\"m\",\"output_index\":0,\"content_index\":0,\"delta\":\"Half of\"}\n\n";
    for (model, begun) in [("azure/prod", chat), ("azure/responses/prod", responses)] {
        cloud.azure.play([Turn::Cut(vec![begun.into()])]);
        let mut command = cloud.ask(model, &[]);
        command.env("AZURE_API_BASE", cloud.azure.base()).env("AZURE_API_KEY", cloud.azure.api_key());
        command.env("AZURE_API_VERSION", "v1");
        let ran = cloud.finish(command).await;
        assert_eq!(ran.code, Some(2), "{model}: {ran:?}");
        assert!(ran.stdout.contains("Half of"), "{model}: {ran:?}");
        assert!(ran.error().contains("the answer is cut"), "{model}: {ran:?}");
    }
}
