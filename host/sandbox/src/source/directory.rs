//! A folder of `.wasm` files, read at its top level only.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::{Artifact, Found, PluginSource};
use crate::{LoadError, SandboxError, scan::COMPONENT_BYTES};

/// A plugins folder.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

impl PluginSource for Directory {
    fn artifacts(&self) -> Result<Vec<Found>, SandboxError> {
        let unreadable = |source| SandboxError::Folder { folder: self.0.clone(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(SandboxError::EmptyFolder { folder: self.0.clone() });
        }
        paths.sort();
        Ok(paths.iter().map(|path| read(path).map_err(|error| (name(path), error))).collect())
    }
}

/// Opened once, without following a link and without waiting for a pipe's other end; checked on the open
/// file, so that what was checked is what is read.
fn read(path: &Path) -> Result<Artifact, LoadError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => LoadError::NotRegular("a symbolic link"),
        _ => LoadError::Read(error),
    })?;
    let metadata = file.metadata().map_err(LoadError::Read)?;
    if metadata.is_dir() {
        return Err(LoadError::NotRegular("a folder"));
    }
    if !metadata.is_file() {
        return Err(LoadError::NotRegular("a pipe or device"));
    }
    let bytes = read_capped(file, metadata.len())?;
    Ok(Artifact::new(name(path), bytes))
}

fn read_capped(file: File, size: u64) -> Result<Vec<u8>, LoadError> {
    let too_large = |size| LoadError::TooLarge { size, limit: COMPONENT_BYTES };
    if size > COMPONENT_BYTES {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // The file may grow while it is read.
    file.take(COMPONENT_BYTES + 1).read_to_end(&mut bytes).map_err(LoadError::Read)?;
    if bytes.len() as u64 > COMPONENT_BYTES { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().flat_map(char::escape_debug).collect()
}
