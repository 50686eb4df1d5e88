//! Compiled code on disk: authenticated before it is mapped. The only unsafe of the host lives here.
//!
//! An artefact is native code, so loading a forged one would be game over. Each entry carries a keyed MAC
//! over its key and content; the bytes that were verified are put into a sealed memory file, and that is
//! what is mapped. The key never lies beside the entries.

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{Read, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{MemfdFlags, SealFlags};
use wasmtime::{Engine, component::Component};

use crate::{LoadError, compile::Compiler};

/// Length of the MAC in front of an entry.
const MAC: usize = 32;

/// The key that authenticates compiled code. `Debug` shows nothing.
#[derive(Clone)]
pub struct CacheKey([u8; 32]);

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CacheKey")
    }
}

impl CacheKey {
    /// A key from an operator's secret of any length.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self(blake3::derive_key("holmes-host compiled cache v1", secret))
    }

    /// A workstation's own key: read from `file`, or made there with mode 0600.
    ///
    /// # Errors
    /// When the file can neither be read nor made, or others may read it.
    pub fn of_workstation(file: &Path) -> std::io::Result<Self> {
        if let Ok(metadata) = fs::symlink_metadata(file) {
            let private = metadata.is_file() && metadata.permissions().mode().trailing_zeros() >= 6;
            if !private {
                return Err(std::io::Error::other("others may read it, or it is no regular file"));
            }
            let secret = fs::read(file)?;
            if secret.len() >= 32 {
                return Ok(Self::from_secret(&secret));
            }
            fs::remove_file(file)?;
        }
        let mut secret = [0_u8; 32];
        fs::File::open("/dev/urandom")?.read_exact(&mut secret)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        match opened {
            Ok(mut opened) => opened.write_all(&secret)?,
            // Another process was faster: its key is as good.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                secret = {
                    let mut theirs = [0_u8; 32];
                    fs::File::open(file)?.read_exact(&mut theirs)?;
                    theirs
                }
            }
            Err(error) => return Err(error),
        }
        Ok(Self::from_secret(&secret))
    }
}

/// Where compiled code is kept, and with which key.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The folder of entries.
    pub folder: PathBuf,
    /// Authenticates them.
    pub key: CacheKey,
}

/// Compiled code of `component`: from the cache if there is an authentic entry, else from the compiler.
pub(crate) async fn load(
    engine: &Engine,
    cache: Option<&Cache>,
    compiler: &Compiler,
    digest: &str,
    component: &[u8],
) -> Result<Component, LoadError> {
    let name = entry_name(engine, digest);
    if let Some(artefact) = cache.and_then(|cache| cache.read(&name)) {
        match map(engine, &artefact) {
            Ok(component) => return Ok(component),
            Err(error) => tracing::warn!(%error, "a cached artefact does not load; compiling anew"),
        }
    }
    let artefact = compiler.compile(engine, component).await?;
    let component = map(engine, &artefact)?;
    if let Some(cache) = cache
        && let Err(error) = cache.write(&name, &artefact)
    {
        tracing::warn!(%error, folder = %cache.folder.display(), "compiled code can not be kept");
    }
    Ok(component)
}

/// Digest of the component and everything that decides what the compiler makes of it.
fn entry_name(engine: &Engine, digest: &str) -> String {
    let mut hasher = Blake(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let compatibility = hasher.0.finalize().to_hex();
    let compatibility: String = compatibility.chars().take(16).collect();
    format!("{}-{compatibility}.cwasm", digest.trim_start_matches("sha256:"))
}

/// Wasmtime offers its compatibility as `Hash`; the standard hasher is not stable over releases.
struct Blake(blake3::Hasher);

impl Hasher for Blake {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

impl Cache {
    /// The entry's artefact, if it is authentic. One that is not is put aside and never mapped.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.folder.join(name);
        // Nor does it wait for the other end of a pipe that somebody has put there.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let mut file = fs::OpenOptions::new().read(true).custom_flags(flags).open(&path).ok()?;
        let mut bytes = Vec::new();
        let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let complete = regular && file.read_to_end(&mut bytes).is_ok() && bytes.len() > MAC;
        if complete {
            let artefact = bytes.split_off(MAC);
            let expected = self.mac(name, &artefact);
            // `Hash` compares in constant time.
            if <[u8; MAC]>::try_from(bytes.as_slice())
                .is_ok_and(|found| expected == blake3::Hash::from(found))
            {
                return Some(artefact);
            }
        }
        let aside = self.folder.join(format!("{name}.quarantine"));
        tracing::warn!(entry = name, "a cached artefact is not authentic; it is put aside and compiled anew");
        let _ = fs::rename(&path, &aside);
        None
    }

    fn write(&self, name: &str, artefact: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))?;
        // Written beside and renamed, so that nobody ever reads half an entry.
        let part = self.folder.join(format!("{name}.{}", std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(self.mac(name, artefact).as_bytes())?;
        file.write_all(artefact)?;
        drop(file);
        fs::rename(&part, self.folder.join(name))
    }

    fn mac(&self, name: &str, artefact: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key.0);
        hasher.update(name.as_bytes());
        hasher.update(&[0]);
        hasher.update(artefact);
        hasher.finalize()
    }
}

/// Maps an artefact that was verified, or that the compiler has just made.
fn map(engine: &Engine, artefact: &[u8]) -> Result<Component, LoadError> {
    let failed =
        |error: &dyn std::fmt::Display| LoadError::Compile(format!("its code can not be mapped: {error}"));
    let sealed =
        rustix::fs::memfd_create("holmes-component", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
            .map_err(|error| failed(&error))?;
    let mut file = fs::File::from(sealed);
    file.write_all(artefact).map_err(|error| failed(&error))?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).map_err(|error| failed(&error))?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    // What is mapped is exactly what was verified: the descriptor is sealed, so nobody can change it.
    #[expect(unsafe_code, reason = "mapping native code; see the module's documentation")]
    let component = unsafe { Component::deserialize_file(engine, &path) };
    component.map_err(|error| failed(&format!("{error:#}")))
}

#[cfg(test)]
mod tests;
