//! Scores the rules on recorded clusters: every root cause first, healthy clusters silent, no secret told.
//!
//! `HOLMES_CLUSTERS=/a/folder` adds recordings to those in `examples/clusters`.
//! `HOLMES_REPORTS=/a/folder`, set when the test is built, keeps the rendered reports there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test binary: whatever goes wrong ends the test"
)]

#[path = "scoreboard/gates.rs"]
mod gates;
#[path = "scoreboard/recording.rs"]
mod recording;
#[path = "scoreboard/score.rs"]
mod score;

use std::path::{Path, PathBuf};

use holmes_plugin::testing::Canned;
use holmes_protocol::{Report, Verdict};
use holmes_toolset_triage::{Logs, Observations, Options, collect, evaluate, render};
use recording::Recording;
use score::{Truth, score};

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn recordings() -> Vec<(PathBuf, PathBuf)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clusters")];
    #[expect(clippy::disallowed_methods, reason = "a test reads where more recordings are")]
    folders.extend(std::env::var("HOLMES_CLUSTERS").ok().map(PathBuf::from));
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if let Some(name) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".tar.gz") {
                found.push((path.clone(), path.with_file_name(format!("{name}.truth.yaml"))));
            }
        }
    }
    found.sort_by(|one, other| one.0.file_name().cmp(&other.0.file_name()));
    found.dedup_by(|one, other| one.0.file_name() == other.0.file_name());
    found
}

/// Every recording, read once: unpacking is most of the work.
fn observed() -> &'static [(PathBuf, Observations, i64)] {
    static OBSERVED: std::sync::OnceLock<Vec<(PathBuf, Observations, i64)>> = std::sync::OnceLock::new();
    OBSERVED.get_or_init(|| {
        recordings()
            .into_iter()
            .map(|(archive, truth)| {
                let (observations, now) = observe(&Recording::open(&archive));
                (truth, observations, now)
            })
            .collect()
    })
}

fn observe(recording: &Recording) -> (Observations, i64) {
    let now = recording.now();
    let replay = recording.clone();
    let host = Canned::new()
        .at(u64::try_from(now).unwrap() * 1000)
        .respond(move |request| replay.answer(request))
        .host();
    (collect(&host, None, now, Logs::Unhealthy), now)
}

fn report_of(observations: &Observations, now: i64) -> Report {
    evaluate(observations, now, &Options::default())
}

#[test]
fn root_causes_come_first_and_healthy_clusters_are_silent() {
    let (mut roots, mut found, mut complaints) = (0, 0, Vec::new());
    for (truth, observations, now) in observed() {
        let truth: Truth = serde_saphyr::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
        let report = report_of(observations, *now);
        let result = score(&truth, &report);
        roots += truth.root_causes.len();
        found += result.found;
        let first = report
            .findings
            .first()
            .map(|finding| format!("{}/{}", finding.rule, finding.class))
            .unwrap_or_default();
        println!(
            "{:36} roots {}/{}  {first}  {}",
            truth.scenario,
            result.found,
            truth.root_causes.len(),
            result.complaints.join("; ")
        );
        if truth.healthy {
            assert!(report.findings.is_empty(), "{} is healthy: {}", truth.scenario, render(&report));
            assert!(matches!(report.verdict, Verdict::Healthy | Verdict::Incomplete));
        }
        if let Some(folder) = option_env!("HOLMES_REPORTS") {
            std::fs::write(format!("{folder}/{}.txt", truth.scenario), render(&report)).unwrap();
        }
        let text = format!("{}{}", serde_json::to_string(&report).unwrap(), render(&report));
        assert!(!text.contains(CANARY), "{}: a secret is in the report", truth.scenario);
        complaints.extend(result.complaints);
    }
    println!("{found} of {roots} root causes found; {} complaints", complaints.len());
    assert!(found * 10 >= roots * 9);
    assert!(complaints.is_empty(), "{complaints:#?}");
}
