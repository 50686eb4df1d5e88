//! The wasm toolchain: rustup's target where there is or can be one, else Debian's compiler with its source.
//!
//! Either way the linker is `wasm-component-ld` of the Rust toolchain, so what comes out is a component.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::say;

const TARGET: &str = "wasm32-unknown-unknown";

/// rustup waits for minutes where no server answers; a person should not.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(90);

/// Debian's compiler for the web, and the standard library's source that belongs to it.
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// How guests are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The target's standard library is installed.
    Installed,
    /// It is compiled from source with Debian's compiler.
    Source,
}

impl Toolchain {
    /// Finds a toolchain, and sets up what is missing; says what it does.
    ///
    /// # Errors
    /// Where it may not install anything: names the one line to run.
    pub fn find() -> Result<Self> {
        let target = sysroot("rustc")?.join("lib/rustlib").join(TARGET).join("lib");
        if target.exists() {
            return Ok(Self::Installed);
        }
        if debian_source().is_some() {
            return Ok(Self::Source);
        }
        if Command::new("rustup")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
        {
            say(&format!("installing the wasm target: rustup target add {TARGET}"));
            if rustup_adds_target() && target.exists() {
                return Ok(Self::Installed);
            }
            say("rustup could not add it; looking for Debian's compiler instead");
        }
        install_from_debian()?;
        Ok(Self::Source)
    }

    /// Compiles packages of the workspace into components.
    pub(crate) fn build(&self, root: &Path, packages: &[&str]) -> Result<()> {
        let tools = sysroot("rustc")?.join("lib/rustlib").join(host()?).join("bin");
        let linker = tools.join("wasm-component-ld");
        if !linker.exists() {
            bail!("{} is missing; a Rust toolchain of 1.95 or newer has it: rustup update", linker.display());
        }
        let wasm_ld = tools.join("gcc-ld/wasm-ld");
        // Paths of this machine would otherwise end up in panic messages, and bytes would differ by machine.
        let flags = format!(
            "-Clink-arg=--wasm-ld-path={} --remap-path-prefix={}=. --remap-path-prefix={}=cargo",
            wasm_ld.display(),
            root.display(),
            cargo_home().display()
        );
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root).args(["build", "--quiet", "--locked", "--lib", "--profile", "guest"]);
        cargo.args(["--target", TARGET]).arg("--target-dir").arg(target_dir(root));
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &linker);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
        for package in packages {
            cargo.args(["--package", package]);
        }
        if *self == Self::Source {
            cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
        }
        say(&format!("compiling {} for {TARGET}", packages.join(", ")));
        let status = cargo.status().context("cannot start cargo")?;
        if !status.success() {
            bail!("cargo could not compile the toolsets");
        }
        Ok(())
    }
}

/// Where cargo puts a package's component.
pub(crate) fn artefact(root: &Path, package: &str) -> PathBuf {
    target_dir(root).join(TARGET).join("guest").join(format!("{}.wasm", package.replace('-', "_")))
}

/// Apart from the host's: two compilers would evict each other's work.
fn target_dir(root: &Path) -> PathBuf {
    root.join("target/guest")
}

/// The source of Debian's standard library, if the packages are there.
fn debian_source() -> Option<PathBuf> {
    let source = sysroot(DEBIAN_RUSTC).ok()?.join("lib/rustlib/src/rust/library");
    source.exists().then_some(source)
}

fn install_from_debian() -> Result<()> {
    let line = format!("apt-get install -y {}", DEBIAN_PACKAGES.join(" "));
    let debian = Path::new("/usr/bin/apt-get").exists();
    if !debian {
        bail!("no wasm target is installed; run: rustup target add {TARGET}");
    }
    let user = Command::new("id").arg("-u").output().context("cannot start id")?;
    if String::from_utf8_lossy(&user.stdout).trim() != "0" {
        bail!("no wasm target is installed and rustup can add none; run: sudo {line}");
    }
    say(&format!("installing Debian's compiler for the web: {line}"));
    let quiet = |arguments: &[&str]| -> Result<bool> {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        Ok(command.status().context("cannot start apt-get")?.success())
    };
    let install: Vec<&str> =
        ["install", "-y", "--no-install-recommends"].into_iter().chain(DEBIAN_PACKAGES).collect();
    let installed = quiet(&["update", "-qq"])? && quiet(&install)?;
    if !installed || debian_source().is_none() {
        bail!("the wasm toolchain could not be installed; run: {line}");
    }
    Ok(())
}

/// rustup with a patience of its own.
fn rustup_adds_target() -> bool {
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let started = Instant::now();
    while started.elapsed() < RUSTUP_PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::park_timeout(Duration::from_millis(100)),
            Err(_) => return false,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn sysroot(rustc: &str) -> Result<PathBuf> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .with_context(|| format!("cannot start {rustc}; install Rust from https://rustup.rs"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The host's triple.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "cargo's own variable; this tool has no configuration")]
fn cargo_home() -> PathBuf {
    let set = std::env::var("CARGO_HOME").map(PathBuf::from);
    set.unwrap_or_else(|_| PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cargo"))
}
