//! The contract: what was released does not change, and what ships speaks it.

use sha2::{Digest, Sha256};

use crate::world;

/// Of `wit/released/0.1.0/toolset.wit`. A change that is worth it gets a folder of its own.
const RELEASED: &str = "d6e6337ffb3bd9208b07974f6fb55707f2f8894ef27554f9c724983fb3c81682";

fn digest(path: &str) -> String {
    let bytes = std::fs::read(world::root().join(path)).expect("the contract is there");
    Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn the_released_contract_is_frozen() {
    assert_eq!(digest("wit/released/0.1.0/toolset.wit"), RELEASED);
}

#[test]
fn the_working_copy_is_of_the_version_that_the_host_serves() {
    let text = std::fs::read_to_string(world::root().join("wit/toolset.wit")).expect("the contract is there");
    let package = format!("package holmes:toolset@{}.", holmes_sandbox::CONTRACT);
    assert!(text.contains(&package), "the working copy is not {package}x");
}
