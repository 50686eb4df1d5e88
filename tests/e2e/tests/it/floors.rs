//! The floors, from `cargo metadata`: a crate depends on lower floors only, along the edges that are allowed.

use std::{collections::BTreeMap, process::Command};

use serde::Deserialize;

use crate::world;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// What each crate may depend on. An edge that is not here needs a reason in the commit that adds it.
const EDGES: [(&str, &[&str]); 19] = [
    ("holmes-protocol", &[]),
    ("holmes-telemetry", &["holmes-protocol"]),
    ("holmes-config", &["holmes-protocol", "holmes-telemetry"]),
    ("holmes-identity", &["holmes-protocol", "holmes-telemetry"]),
    ("holmes-toolset", &["holmes-protocol", "holmes-telemetry"]),
    // `config`, because a template that can not be resolved disables one entry of the model list alone.
    ("holmes-llm", &["holmes-protocol", "holmes-telemetry", "holmes-identity", "holmes-config"]),
    ("holmes-agent", &["holmes-protocol", "holmes-telemetry", "holmes-llm", "holmes-toolset"]),
    ("holmes-sandbox", &["holmes-protocol", "holmes-telemetry", "holmes-identity", "holmes-toolset"]),
    ("holmes-server", &["holmes-protocol", "holmes-telemetry", "holmes-agent"]),
    ("holmes-plugin-macros", &[]),
    ("holmes-plugin", &["holmes-plugin-macros"]),
    ("holmes-plugin-build", &["holmes-sandbox"]),
    ("holmes-toolset-azure", &["holmes-plugin"]),
    ("holmes-toolset-kubernetes", &["holmes-plugin"]),
    // `protocol`, because a triage report is data that the host carries whole.
    ("holmes-toolset-triage", &["holmes-plugin", "holmes-protocol"]),
    ("holmes-example-hello", &["holmes-plugin"]),
    ("holmes-guests", &["holmes-plugin"]),
    ("holmes-guests-wasi", &["holmes-plugin"]),
    ("holmes-fakes", &["holmes-protocol"]),
];

/// Libraries that only one crate may link: that is what makes the promises reviewable in a `Cargo.toml`.
const OWNERS: [(&str, &[&str]); 7] = [
    ("wasmtime", &["holmes-sandbox", "holmes-bench"]),
    ("wasmtime-wasi", &["holmes-sandbox"]),
    ("kube", &["holmes-identity"]),
    ("axum", &["holmes-server", "holmes-fakes"]),
    ("azure_identity", &["holmes-identity"]),
    ("azure_core", &["holmes-identity"]),
    ("clap", &["holmes-host"]),
];

fn packages() -> Vec<Package> {
    let output = Command::new("cargo")
        .current_dir(world::root())
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo starts");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata.packages.into_iter().filter(|package| package.source.is_none()).collect()
}

#[test]
fn crates_depend_on_lower_floors_along_allowed_edges() {
    let edges: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    for package in packages() {
        let Some(allowed) = edges.get(package.name.as_str()) else {
            let free = ["holmes-host", "holmes-e2e", "holmes-bench"];
            assert!(
                free.contains(&package.name.as_str()),
                "`{}` has no floor; give it one here",
                package.name
            );
            continue;
        };
        let ours = package.dependencies.iter().filter(|one| one.kind.is_none() && one.path.is_some());
        for dependency in ours {
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "`{}` may not depend on `{}`",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn a_library_with_power_has_one_owner() {
    for package in packages() {
        for (library, owners) in OWNERS {
            let links = package.dependencies.iter().any(|one| one.kind.is_none() && one.name == library);
            assert!(
                !links || owners.contains(&package.name.as_str()),
                "only {owners:?} may link `{library}`, and `{}` does",
                package.name
            );
        }
    }
}
