//! Builds toolsets into self-describing components. The only place that knows the wasm toolchain: `cargo
//! plugins` and the tests both ask here, and fail with its message.

mod toolchain;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

pub use toolchain::Toolchain;

/// The root of this repository.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The toolsets that this repository ships: every crate under `plugins/` with a `toolset.toml`.
///
/// # Errors
/// When the folder can not be read.
pub fn bundled(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root.join("plugins"))? {
        let folder = entry?.path();
        if folder.join("toolset.toml").exists() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Builds and packs the crates in these folders; gives the path of each component.
///
/// # Errors
/// When the toolchain is missing and can not be installed (with the one line to run), the compiler refuses
/// a crate, or a toolset and its manifest disagree.
pub fn build(crates: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    let root = workspace();
    let packages = crates.iter().map(|folder| Package::read(folder)).collect::<Result<Vec<_>>>()?;
    let toolchain = Toolchain::find()?;
    toolchain.build(&root, &packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>())?;
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    packages.iter().map(|package| runtime.block_on(package.pack(&root, out))).collect()
}

/// Tells a person what happens. Progress, so on stderr.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A toolset's crate.
struct Package {
    name: String,
    manifest: PathBuf,
}

impl Package {
    fn read(folder: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct CargoToml {
            package: Named,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let cargo = folder.join("Cargo.toml");
        let text = fs::read_to_string(&cargo).with_context(|| format!("cannot read {}", cargo.display()))?;
        let parsed: CargoToml = toml::from_str(&text).with_context(|| format!("in {}", cargo.display()))?;
        let manifest = folder.join("toolset.toml");
        if !manifest.exists() {
            bail!("{} has no toolset.toml: it is no toolset", folder.display());
        }
        Ok(Self { name: parsed.package.name, manifest })
    }

    async fn pack(&self, root: &Path, out: &Path) -> Result<PathBuf> {
        let built = toolchain::artefact(root, &self.name);
        let component = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        let manifest = fs::read_to_string(&self.manifest)?;
        let name = holmes_sandbox::Manifest::from_toml(&manifest)
            .with_context(|| format!("in {}", self.manifest.display()))?
            .toolset
            .name;
        let packed =
            holmes_sandbox::pack(&component, &manifest).await.with_context(|| format!("toolset {name}"))?;
        let target = out.join(format!("{name}.wasm"));
        // Renamed into place: a host that reads the folder meanwhile never sees half a file.
        let part = out.join(format!(".{name}.{}", std::process::id()));
        fs::write(&part, &packed).with_context(|| format!("cannot write {}", part.display()))?;
        fs::rename(&part, &target)?;
        say(&format!("{}  {} KB", target.display(), packed.len() / 1024));
        Ok(target)
    }
}
