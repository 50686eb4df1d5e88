//! A large cluster with one fault: the fault is found, and nothing else is said.

use std::collections::BTreeSet;

use holmes_fakes::large::{self, Size};
use serde_json::Value;

use crate::world::{Ran, World, cluster};

/// Twice what a page of a list holds, so that pages, the store's file and the copies' names all matter; more
/// would only take longer.
const PODS: usize = 1_000;

fn grown(world: &World, pods: usize, seed: u32) -> std::path::PathBuf {
    let out = world.path(&format!("large-{pods}-{seed}.tar.gz"));
    let written =
        large::write(&cluster("missing-configmap"), large::FAULT, Size { pods, seed }, &out).unwrap();
    assert!(written.pods > pods * 9 / 10 && written.pods <= pods, "{written:?}");
    out
}

#[test]
fn the_one_fault_of_a_large_cluster_is_the_one_finding() {
    let world = World::new();
    let recording = grown(&world, PODS, 1);
    let ran = Ran::of(world.ask(&recording, &["--output", "json"]).output().unwrap());
    let findings = ran.succeeded().json()["findings"].as_array().unwrap().clone();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let text = findings[0].to_string();
    assert!(text.contains("promo-config") && text.contains("not found"), "{text}");
}

#[test]
fn the_same_seed_writes_the_same_cluster_and_no_uid_twice() {
    let world = World::new();
    let bytes = |seed| std::fs::read(grown(&world, 200, seed)).unwrap();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    let folder = world.path("folder");
    let size = Size { pods: 200, seed: 1 };
    large::write(&cluster("missing-configmap"), large::FAULT, size, &folder).unwrap();
    let pods = std::fs::read(folder.join("resources/pods.core.json")).unwrap();
    let pods: Value = serde_json::from_slice(&pods).unwrap();
    let items = pods["items"].as_array().unwrap();
    let uids: BTreeSet<&str> = items.iter().map(|pod| pod["metadata"]["uid"].as_str().unwrap()).collect();
    assert_eq!(uids.len(), items.len());
}
