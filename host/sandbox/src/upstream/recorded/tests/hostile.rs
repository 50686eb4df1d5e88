//! Archives and folders made to do harm.

use std::io::Write as _;
use std::os::unix::fs::symlink;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

/// Writes the name as it is: the builder's own checks would refuse the hostile ones.
fn append(archive: &mut Builder<Vec<u8>>, name: &str, kind: EntryType, link: &str, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    archive.append(&header, bytes).unwrap();
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn open_bytes(bytes: &[u8], limits: Limits) -> Result<(Recording, Vec<Warning>), RecordingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.tar.gz");
    fs::write(&path, bytes).unwrap();
    Recording::open_within(&path, limits)
}

fn good(archive: &mut Builder<Vec<u8>>, prefix: &str) {
    let pods = list(&[pod("shop", "web", "n1")]);
    append(archive, &format!("{prefix}resources/pods.core.json"), EntryType::Regular, "", pods.as_bytes());
}

#[test]
fn an_archive_may_have_one_leading_folder_and_no_compression() {
    for prefix in ["", "./", "cluster/", "./cluster/"] {
        let mut archive = Builder::new(Vec::new());
        good(&mut archive, prefix);
        let bytes = archive.into_inner().unwrap();
        for bytes in [compressed(&bytes), bytes] {
            let (recording, warnings) = open_bytes(&bytes, Limits::STREAMED).unwrap();
            assert_eq!((names(&ask(&recording, "/api/v1/pods")).len(), warnings.len()), (1, 0), "{prefix}");
        }
    }
}

#[test]
fn names_that_lead_out_and_links_are_refused_and_named() {
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, "../evil.json", EntryType::Regular, "", b"{}");
    append(&mut archive, "resources/../../evil", EntryType::Regular, "", b"{}");
    append(&mut archive, "/etc/evil", EntryType::Regular, "", b"{}");
    append(&mut archive, "a\\b", EntryType::Regular, "", b"{}");
    append(&mut archive, "logs/\x1b[31m", EntryType::Regular, "", b"{}");
    append(&mut archive, "logs/shop/web/app.log", EntryType::Symlink, "/etc/passwd", b"");
    append(&mut archive, "logs/shop/web/b.log", EntryType::Link, "/etc/passwd", b"");
    append(&mut archive, "logs/fifo", EntryType::Fifo, "", b"");
    good(&mut archive, "");
    let (recording, warnings) =
        open_bytes(&compressed(&archive.into_inner().unwrap()), Limits::STREAMED).unwrap();
    assert_eq!(warnings.len(), 8, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.problem.contains("refused")), "{warnings:?}");
    assert!(!format!("{}", warnings[4]).contains('\x1b'));
    assert_eq!(ask(&recording, "/api/v1/namespaces/shop/pods/web/log").status, 400);
}

#[test]
fn links_and_pipes_in_a_folder_are_not_opened() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), &[("app.log", CANARY), ("resources/secrets.core.json", "{}")]);
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[("resources/pods.core.json", &list(&[pod("shop", "web", "n1")])), ("logs/shop/web/x.log", "")],
    );
    symlink(outside.path().join("app.log"), folder.path().join("logs/shop/web/app.log")).unwrap();
    symlink(outside.path(), folder.path().join("logs/other")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("logs/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let (recording, warnings) = Recording::open(folder.path()).unwrap();
    let mut paths: Vec<_> = warnings.iter().map(|warning| warning.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["logs/other", "logs/pipe", "logs/shop/web/app.log"]);
    assert!(!text(&ask(&recording, "/api/v1/namespaces/shop/pods/web/log")).contains(CANARY));
    for name in ["..", "x..y", "..%2f..%2fetc"] {
        let request = resolve(&http::Method::GET, &format!("/api/v1/namespaces/shop/pods/{name}/log"), &[]);
        if let Ok(resolved) = request {
            assert_eq!(recording.answer(&resolved, &[], &placeholder).status, 404, "{name}");
        }
    }
}

#[test]
fn bombs_reach_a_limit_that_is_named() {
    let small = Limits { total_bytes: 64 << 10, file_bytes: 16 << 10, entries: 5, objects: 5 };
    let mut large = Builder::new(Vec::new());
    good(&mut large, "");
    append(&mut large, "logs/a/b/c.log", EntryType::Regular, "", "x".repeat(20 << 10).as_bytes());
    let (_, warnings) = open_bytes(&compressed(&large.into_inner().unwrap()), small).unwrap();
    assert_eq!(warnings[0].to_string(), "`logs/a/b/c.log`: larger than 16384 bytes, left out");

    let mut total = Builder::new(Vec::new());
    append(&mut total, "logs/a", EntryType::Regular, "", "x".repeat(1 << 20).as_bytes());
    let error = open_bytes(&compressed(&total.into_inner().unwrap()), small).unwrap_err();
    assert!(error.to_string().ends_with("holds more than 65536 bytes in total"), "{error}");

    let mut many = Builder::new(Vec::new());
    (0..6).for_each(|index| append(&mut many, &format!("logs/{index}"), EntryType::Regular, "", b""));
    let error = open_bytes(&compressed(&many.into_inner().unwrap()), small).unwrap_err();
    assert!(error.to_string().ends_with("holds more than 5 entries"), "{error}");

    let mut crowded = Builder::new(Vec::new());
    let pods: Vec<Value> = (0..6).map(|index| pod("shop", &format!("web-{index}"), "n1")).collect();
    append(&mut crowded, "resources/pods.core.json", EntryType::Regular, "", list(&pods).as_bytes());
    let error = open_bytes(&compressed(&crowded.into_inner().unwrap()), small).unwrap_err();
    assert!(error.to_string().ends_with("holds more than 5 objects"), "{error}");
}

#[test]
fn a_long_name_counts_too() {
    let small = Limits { total_bytes: 64 << 10, file_bytes: 16 << 10, entries: 5, objects: 5 };
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, "././@LongLink", EntryType::GNULongName, "", "x".repeat(1 << 20).as_bytes());
    let error = open_bytes(&compressed(&archive.into_inner().unwrap()), small).unwrap_err();
    assert!(matches!(error, RecordingError::TooLarge { .. }), "{error}");
}

#[test]
fn a_cut_archive_serves_what_was_read_or_says_that_nothing_was() {
    let mut archive = Builder::new(Vec::new());
    good(&mut archive, "");
    append(&mut archive, "logs/shop/web/app.log", EntryType::Regular, "", "x".repeat(8 << 10).as_bytes());
    let bytes = archive.into_inner().unwrap();
    let (recording, warnings) = open_bytes(&bytes[..bytes.len() - 6000], Limits::STREAMED).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].problem.contains("cut off"), "{warnings:?}");
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
    let whole = compressed(&bytes);
    for end in [10, 20, 40] {
        assert!(
            matches!(open_bytes(&whole[..end], Limits::STREAMED), Err(RecordingError::BrokenArchive { .. })),
            "{end}"
        );
    }
    for end in (1..whole.len()).step_by(7) {
        let _ = open_bytes(&whole[..end], Limits::STREAMED);
    }
}

#[test]
fn nothing_to_serve_is_one_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let error = Recording::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("holds no Kubernetes objects: expected"), "{error}");
    let missing = Recording::open(&folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, RecordingError::Read { .. }));
    for bytes in [&b""[..], b"\0\0\0", b"hello", b"[]", b"{}", &compressed(b""), &compressed(b"{}")] {
        assert!(matches!(open_bytes(bytes, Limits::STREAMED), Err(RecordingError::Empty(_))), "{bytes:?}");
    }
}

#[test]
fn damaged_files_of_a_recording_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("snapshot.json", "nonsense"),
            ("forbidden.json", "{"),
            ("resources/pods.core.json", &list(&[pod("shop", "web", "n1"), json!({"kind": "Pod"})])),
            ("resources/services.core.json", "{\"items\": [1"),
            ("resources/odd.txt", ""),
        ],
    );
    let (recording, warnings) = Recording::open(folder.path()).unwrap();
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
}
