//! An entry that is not authentic is never mapped, and what is compiled anew works.

use super::*;

fn cache(folder: &Path, secret: &[u8]) -> Cache {
    Cache { folder: folder.to_owned(), key: CacheKey::from_secret(secret) }
}

#[test]
fn only_an_entry_with_the_right_mac_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let ours = cache(folder.path(), b"ours");
    ours.write("entry", b"code").unwrap();
    assert_eq!(ours.read("entry").as_deref(), Some(&b"code"[..]));

    let path = folder.path().join("entry");
    let mut edited = fs::read(&path).unwrap();
    *edited.last_mut().unwrap() ^= 1;
    for forged in [edited, b"short".to_vec(), Vec::new()] {
        ours.write("entry", b"code").unwrap();
        fs::write(&path, forged).unwrap();
        assert_eq!(ours.read("entry"), None);
        assert!(!path.exists(), "a forged entry is put aside");
    }
}

#[test]
fn an_entry_of_another_key_another_name_or_behind_a_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ours = cache(folder.path(), b"ours");
    cache(folder.path(), b"theirs").write("entry", b"code").unwrap();
    assert_eq!(ours.read("entry"), None);

    ours.write("entry", b"code").unwrap();
    fs::rename(folder.path().join("entry"), folder.path().join("renamed")).unwrap();
    assert_eq!(ours.read("renamed"), None);

    ours.write("entry", b"code").unwrap();
    fs::rename(folder.path().join("entry"), folder.path().join("target")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("target"), folder.path().join("entry")).unwrap();
    assert_eq!(ours.read("entry"), None);
}

#[test]
fn a_workstation_keeps_one_private_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/cache.key");
    let first = CacheKey::of_workstation(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(CacheKey::of_workstation(&file).unwrap().0, first.0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(CacheKey::of_workstation(&file).is_err());
}
