//! The whole product on every recorded cluster: how many root causes are named first, and what is said falsely.
//!
//! `HOLMES_CLUSTERS=/a/folder` adds a folder of recordings, each with its `.truth.yaml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::world::{Ran, World, root};

/// Parts of a hundred that have to be found; what is reached today, so that it can not silently fall.
const FLOOR: usize = 100;

/// Recordings that run side by side.
const SIDE_BY_SIDE: usize = 3;

#[derive(Deserialize)]
struct Truth {
    question: String,
    healthy: bool,
    #[serde(default)]
    root_causes: Vec<Cause>,
    #[serde(default)]
    must_not_blame: Vec<Object>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(flatten)]
    object: Object,
    #[serde(default)]
    must_mention: Vec<String>,
    #[serde(default)]
    also_accept: Vec<Object>,
    #[serde(default)]
    also_accept_kinds: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    kind: String,
    #[serde(default)]
    namespace: String,
    name: String,
}

impl Object {
    fn is(&self, found: &Value) -> bool {
        let same = |key: &str, own: &str| found[key].as_str().unwrap_or_default() == own;
        same("kind", &self.kind) && same("namespace", &self.namespace) && same("name", &self.name)
    }
}

impl Cause {
    /// Named as root or owner, with every word that has to be said.
    fn is_told_by(&self, finding: &Value) -> bool {
        let lists = ["objects", "owner_chain"].into_iter();
        let mut objects = lists.filter_map(|list| finding[list].as_array()).flatten();
        let text = finding.to_string();
        objects.any(|object| self.accepts(object))
            && self.must_mention.iter().all(|pattern| Regex::new(pattern).unwrap().is_match(&text))
    }

    fn accepts(&self, found: &Value) -> bool {
        let of_kind = |kind: &String| {
            found["kind"] == **kind
                && (found["namespace"] == *self.object.namespace || found["name"] == *self.object.namespace)
        };
        self.object.is(found)
            || self.also_accept.iter().any(|other| other.is(found))
            || self.also_accept_kinds.iter().any(of_kind)
    }
}

/// How one recording went.
struct Score {
    roots: usize,
    found: usize,
    first: String,
    wrong: Vec<String>,
}

fn recordings() -> BTreeMap<String, PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test reads where more recordings are")]
    let more = std::env::var("HOLMES_CLUSTERS").ok().map(PathBuf::from);
    let folders = [Some(root().join("examples/clusters")), more];
    let mut found = BTreeMap::new();
    for folder in folders.into_iter().flatten() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".tar.gz") {
                found.insert(name.to_owned(), path.clone());
            }
        }
    }
    found
}

fn score(name: &str, archive: &Path) -> Score {
    let truth = std::fs::read_to_string(archive.with_file_name(format!("{name}.truth.yaml"))).unwrap();
    let truth: Truth = serde_saphyr::from_str(&truth).unwrap();
    let world = World::new();
    let mut command = world.command(["ask", &truth.question, "--output", "json", "--snapshot"]);
    // Asserts that no planted credential is in either stream.
    let ran = Ran::of(command.arg(archive).output().unwrap());
    let document = ran.succeeded().json();
    let findings = document["findings"].as_array().unwrap();
    let top = &findings[..truth.root_causes.len().min(findings.len())];
    let found = truth.root_causes.iter().filter(|cause| top.iter().any(|one| cause.is_told_by(one))).count();
    let mut wrong = Vec::new();
    for finding in findings {
        let first = &finding["objects"][0];
        if truth.healthy {
            wrong.push(format!("healthy, and has a finding: {}", finding["summary"]));
        } else if truth.must_not_blame.iter().any(|innocent| innocent.is(first)) {
            wrong.push(format!("blames {} {}", first["kind"], first["name"]));
        }
    }
    let first = findings.first().map_or_else(
        || document["verdict"].to_string(),
        |finding| format!("{}/{}", finding["rule"], finding["class"]),
    );
    Score { roots: truth.root_causes.len(), found, first: first.replace('"', ""), wrong }
}

#[test]
fn root_causes_are_named_first_and_the_innocent_are_left_alone() {
    let waiting = Mutex::new(recordings().into_iter().collect::<Vec<_>>());
    let scores = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some((name, archive)) = next else { break };
                    let score = score(&name, &archive);
                    scores.lock().unwrap().insert(name, score);
                }
            });
        }
    });
    let scores = scores.into_inner().unwrap();
    let (mut roots, mut found, mut wrong) = (0, 0, Vec::new());
    for (name, score) in &scores {
        println!("{name:36} {}/{}  {}  {}", score.found, score.roots, score.first, score.wrong.join("; "));
        roots += score.roots;
        found += score.found;
        wrong.extend(score.wrong.iter().map(|one| format!("{name}: {one}")));
    }
    println!("{found} of {roots} root causes, {} recordings", scores.len());
    assert!(scores.len() >= 12, "too few recordings to say anything");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(found * 100 >= roots * FLOOR, "{found} of {roots} root causes are named first");
}
