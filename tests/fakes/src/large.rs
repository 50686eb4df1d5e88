//! Recorded clusters of any size, grown out of a small recording.
//!
//! Two namespaces of the recording are written again and again under other names, uids and addresses, and so are its
//! nodes with their daemons, so that every object is as long and as odd as one of a real cluster. What is at
//! fault in the recording is left out of the copies: the large cluster has that one fault. The same size and
//! seed give the same bytes.

mod growth;
mod names;
mod part;
mod source;

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use growth::{scale_daemons, with_history};
use names::Place;
use part::Part;
use source::Source;

/// The recording that has one fault, and what the objects at fault begin with: pods that name a ConfigMap which
/// does not exist.
pub const FAULT: &str = "promo";
/// Nodes of the recording, and so of every group of nodes.
const GROUP: usize = 4;
/// Pods for one node, daemons included: what Azure's default of 30 leaves on nodes of mixed use.
const PODS_PER_NODE: usize = 17;

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// About how many pods; the recording's own are the least.
    pub pods: usize,
    /// Decides the uids.
    pub seed: u32,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// All pods.
    pub pods: usize,
    /// All objects.
    pub objects: usize,
    /// Bytes of them, before compression.
    pub bytes: usize,
}

/// Grows a recording (`.tar.gz`) into `out`: an archive when its name ends with `.gz`, else a folder. Objects
/// whose name begins with `fault` are not copied.
///
/// # Errors
/// When the recording cannot be read, or `out` not be written.
pub fn write(recording: &Path, fault: &str, size: Size, out: &Path) -> io::Result<Written> {
    let source = Source::read(recording)?;
    let groups = (size.pods / (PODS_PER_NODE * GROUP)).max(1);
    let daemons = Part::daemons(&source);
    let tenant = Part::tenant(&source, fault, &daemons);
    let pods = size.pods.saturating_sub(source.pods() + (groups - 1) * daemons.pods());
    let copies = pods / tenant.pods().max(1);
    let tenant = tenant.tokenised(with_history(tenant.objects(), source.now()));
    let daemons = daemons.tokenised(daemons.objects().clone());

    let mut sink = Sink::create(out)?;
    for (path, bytes) in source.others() {
        sink.write(path, bytes)?;
    }
    let mut written = Written::default();
    for (path, objects) in source.objects() {
        let mut list = String::from(r#"{"apiVersion":"v1","kind":"List","items":["#);
        let mut count = 0;
        let mut add = |write: &dyn Fn(&mut String)| {
            if count > 0 {
                list.push(',');
            }
            write(&mut list);
            count += 1;
        };
        for object in objects {
            add(&|list| list.push_str(&scale_daemons(path, object, groups)));
        }
        for group in 1..groups {
            for template in daemons.templates(path) {
                add(&|list| template.write(list, Place { seed: size.seed, copy: group, group }));
            }
        }
        for copy in 1..=copies {
            for template in tenant.templates(path) {
                add(&|list| template.write(list, Place { seed: size.seed, copy, group: copy % groups }));
            }
        }
        list.push_str("]}");
        written.objects += count;
        written.bytes += list.len();
        written.pods += if path == source::PODS { count } else { 0 };
        sink.write(path, list.as_bytes())?;
    }
    sink.finish()?;
    Ok(written)
}

/// Where the files go.
enum Sink<'a> {
    Folder(&'a Path),
    Archive(Box<tar::Builder<GzEncoder<BufWriter<File>>>>),
}

impl<'a> Sink<'a> {
    fn create(out: &'a Path) -> io::Result<Self> {
        if out.extension().is_none_or(|extension| extension != "gz") {
            fs::create_dir_all(out)?;
            return Ok(Self::Folder(out));
        }
        let encoder = GzEncoder::new(BufWriter::new(File::create(out)?), Compression::default());
        Ok(Self::Archive(Box::new(tar::Builder::new(encoder))))
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                fs::write(path, bytes)
            }
            Self::Archive(archive) => {
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                archive.append_data(&mut header, path, bytes)
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Archive(archive) => archive.into_inner()?.finish().map(drop),
        }
    }
}
