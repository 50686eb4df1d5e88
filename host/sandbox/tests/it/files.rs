//! Rows 33 (64 MiB), 35 and 36: what lies in the plugins folder and in the cache is what it claims to be.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use holmes_sandbox::{
    Artifact, Cache, CacheKey, Compiler, Directory, LoadError, PluginSource, Scanned, Settings,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use crate::{
    wat::Core,
    world::{TOOL, empty_house_of_files, house, house_of_files, resident, sandbox, says},
};

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
}

#[test]
fn what_is_no_regular_file_or_too_large_is_refused_without_waiting_for_it() {
    let _house = empty_house_of_files();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a-real.wasm"), Core::default().packed()).unwrap();
    symlink(path("a-real.wasm"), path("b-link.wasm")).unwrap();
    pipe(&path("c-pipe.wasm"));
    fs::create_dir(path("d-folder.wasm")).unwrap();
    fs::File::create(path("e-huge.wasm")).unwrap().set_len((64 << 20) + 1).unwrap();
    symlink("/proc/self/fd/0", path("f-descriptor.wasm")).unwrap();
    symlink("/dev/zero", path("g-device.wasm")).unwrap();
    let before = resident();
    let found = Directory(folder.path().to_owned()).artifacts().unwrap();
    let (real, others) = found.split_first().expect("seven files");
    assert!(real.is_ok());
    assert_eq!(others.len(), 6);
    for other in others {
        let (name, error) = other.as_ref().expect_err("it was read");
        let large = matches!(error, LoadError::TooLarge { .. });
        assert!(
            if name.starts_with("e-") { large } else { matches!(error, LoadError::NotRegular(_)) },
            "{name}: {error}"
        );
    }
    assert!(resident() < before + 100);
}

#[test]
fn a_file_that_changes_after_it_was_read_changes_nothing() {
    let _house = house_of_files();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toolset.wasm");
    fs::write(&path, Core::default().packed()).unwrap();
    let artifact = Directory(folder.path().to_owned()).artifacts().unwrap().remove(0).unwrap();
    fs::write(&path, b"something else").unwrap();
    let same = Artifact::new("toolset.wasm", Core::default().packed());
    assert_eq!(artifact.digest, same.digest);
    assert!(Scanned::new(artifact).is_ok());
}

#[tokio::test]
async fn a_digest_that_is_not_the_pinned_one_is_refused() {
    let _house = house().await;
    let pinned = Artifact::new("x", b"what was reviewed".to_vec()).digest;
    let settings = Settings { digest: Some(pinned), ..Settings::default() };
    let error = crate::world::load(Core::default().packed(), settings).await.unwrap_err();
    assert!(matches!(error, LoadError::Digest { .. }), "{error}");
}

/// Loads a guest through a cache in `folder`, and gives the path of its entry.
async fn through(folder: &Path, secret: &[u8]) -> PathBuf {
    let cache = Cache { folder: folder.to_owned(), key: CacheKey::from_secret(secret) };
    let sandbox = sandbox(Compiler::InProcess, Some(cache));
    let scanned = Scanned::new(Artifact::new("attack.wasm", Core::default().packed())).unwrap();
    let guest = sandbox.load(scanned, Settings::default()).await.unwrap();
    assert_eq!(says(&guest, TOOL, json!({})).await, "fine");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "cwasm")).expect("an entry")
}

#[tokio::test]
async fn a_cache_entry_that_is_not_authentic_is_put_aside_and_compiled_anew() {
    let _house = house().await;
    let folder = tempfile::tempdir().unwrap();
    let entry = through(folder.path(), b"key").await;
    let authentic = fs::read(&entry).unwrap();
    let forged: [(&str, &dyn Fn()); 6] = [
        ("edited", &|| {
            let mut edited = authentic.clone();
            edited[authentic.len() / 2] ^= 1;
            fs::write(&entry, edited).unwrap();
        }),
        ("cut", &|| fs::write(&entry, &authentic[..authentic.len() - 100]).unwrap()),
        ("empty", &|| fs::write(&entry, b"").unwrap()),
        ("a link", &|| {
            let other = folder.path().join("other");
            fs::write(&other, &authentic[..100]).unwrap();
            fs::remove_file(&entry).unwrap();
            symlink(other, &entry).unwrap();
        }),
        ("a pipe", &|| {
            fs::remove_file(&entry).unwrap();
            pipe(&entry);
        }),
        ("open to the world", &|| {
            fs::write(&entry, b"forged").unwrap();
            fs::set_permissions(&entry, fs::Permissions::from_mode(0o777)).unwrap();
        }),
    ];
    for (how, forge) in forged {
        forge();
        through(folder.path(), b"key").await;
        assert_eq!(fs::read(&entry).unwrap(), authentic, "{how}: it was not compiled anew");
    }
    // Authentic, but by another key: it is compiled anew and authenticated by this one.
    through(folder.path(), b"another key").await;
    assert_ne!(fs::read(&entry).unwrap()[..32], authentic[..32]);
    let aside = entry.with_extension("cwasm.quarantine");
    assert_eq!(fs::read(aside).unwrap(), authentic);
}
