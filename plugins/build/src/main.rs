//! `cargo plugins [--out FOLDER] [CRATE FOLDER…]`: builds toolsets into one self-describing `.wasm` each.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo plugins [--out FOLDER] [CRATE FOLDER ...]

Builds every toolset under plugins/ (or the crates in the given folders) into one self-describing
component each, FOLDER/NAME.wasm; FOLDER is plugins/ unless given.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            holmes_plugin_build::say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let root = holmes_plugin_build::workspace();
    let mut out = root.join("plugins");
    let mut crates = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => match arguments.next() {
                Some(folder) => out = PathBuf::from(folder),
                None => bail!("`--out` needs a folder\n{USAGE}"),
            },
            "-h" | "--help" => {
                holmes_plugin_build::say(USAGE);
                return Ok(());
            }
            flag if flag.starts_with('-') => bail!("unknown option `{flag}`\n{USAGE}"),
            folder => crates.push(PathBuf::from(folder)),
        }
    }
    if crates.is_empty() {
        crates = holmes_plugin_build::bundled(&root)?;
    }
    holmes_plugin_build::build(&crates, &out)?;
    Ok(())
}
