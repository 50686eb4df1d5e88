//! Every recorded cluster of the examples opens without a warning and leaks no Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn examples() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clusters");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().ends_with(".tar.gz"));
    paths
        .map(|path| {
            let (recording, warnings) = Recording::open(&path).unwrap();
            assert_eq!(warnings, [], "{}", path.display());
            recording
        })
        .collect()
}

/// The canary in the three ways in which base64 can hold it, without the characters at the edges.
fn encoded_canaries() -> Vec<String> {
    (0..3)
        .map(|shift| {
            let encoded = STANDARD.encode(format!("{}{CANARY}", &"xxx"[..shift]));
            encoded[4..encoded.len() - 4].to_owned()
        })
        .collect()
}

#[test]
fn no_secret_leaks_from_any_recording() {
    for recording in examples() {
        let answer = ask(&recording, "/api/v1/secrets");
        if answer.status == 403 {
            continue;
        }
        let mut answers = vec![answer];
        for name in names(&answers[0]) {
            let (namespace, name) = name.split_once('/').unwrap();
            answers.push(ask(&recording, &format!("/api/v1/namespaces/{namespace}/secrets/{name}")));
        }
        for answer in answers {
            let text = text(&answer);
            assert!(!text.contains(CANARY) && !text.contains("PRIVATE KEY"));
            assert!(!encoded_canaries().iter().any(|canary| text.contains(canary.as_str())));
        }
    }
}

#[test]
fn every_recorded_kind_is_discovered_and_served() {
    for recording in examples() {
        let groups = parsed(&ask(&recording, "/apis"));
        let preferred = groups["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["preferredVersion"]["groupVersion"].as_str());
        let mut paths: Vec<String> = preferred.map(|version| format!("/apis/{}", version.unwrap())).collect();
        paths.push("/api/v1".to_owned());
        let mut served = 0;
        for path in paths {
            let answer = ask(&recording, &path);
            if answer.status != 200 {
                continue;
            }
            for resource in parsed(&answer)["resources"].as_array().unwrap() {
                if resource["verbs"].as_array().unwrap().contains(&json!("list")) {
                    let answer = ask(&recording, &format!("{path}/{}", resource["name"].as_str().unwrap()));
                    assert!(matches!(answer.status, 200 | 403 | 503), "{path} {resource} {}", text(&answer));
                    served += usize::from(answer.status == 200 && !names(&answer).is_empty());
                }
            }
        }
        assert_eq!(served, recording.summary().kinds);
    }
}
