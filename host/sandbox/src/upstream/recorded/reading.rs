//! Reads a recording of any size: objects and logs go to the store one by one, and only where they lie is kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufRead, Read as _};
use std::path::PathBuf;

use bytes::Bytes;

use super::catalog::{Kind, of_kind};
use super::error::{RecordingError, Warning};
use super::object::{Head, Object, Place};
use super::role::{self, Role};
use super::scan::{self, Part, Problem};
use super::sections::{self, Line};
use super::source::{Content, Limits, Stop};
use super::spool::{Span, Spool};
use super::{Log, text};

/// Discovery documents and the like; the largest of a real cluster has some 100 KiB.
const MAX_DOCUMENT: u64 = 16 << 20;
/// Secrets are held in memory, because the store may be on a disk.
const MAX_SECRETS: usize = 256 << 20;

/// What was read so far.
pub(super) struct Reading {
    root: PathBuf,
    limits: Limits,
    pub(super) spool: Spool,
    pub(super) warnings: Vec<Warning>,
    pub(super) documents: BTreeMap<String, Bytes>,
    pub(super) discovery: BTreeMap<String, Bytes>,
    /// Files that hold every object of a kind, by group and plural.
    pub(super) lists: BTreeMap<(String, String), Vec<Object>>,
    /// Kinds whose file was damaged: nobody knows what there is.
    pub(super) damaged: BTreeSet<(String, String)>,
    pub(super) kinds: Vec<Kind>,
    /// Objects of other files, by API version and kind.
    pub(super) loose: BTreeMap<(String, String), Vec<Object>>,
    /// Kinds of lists in other files, which may be empty.
    pub(super) listed: BTreeSet<(String, String)>,
    /// What definitions tell: plural and scope by group and kind.
    pub(super) plurals: HashMap<(String, String), (String, bool)>,
    /// Other files that hold objects.
    pub(super) strangers: Vec<String>,
    pub(super) logs: BTreeMap<String, Log>,
    objects: usize,
    secrets: usize,
}

/// The objects of one file, which count when it was read to its end.
#[derive(Default)]
pub(super) struct Batch {
    /// With API version and kind.
    pub(super) objects: Vec<(String, String, Object)>,
    /// Those of a list whose kind is not known yet.
    pub(super) pending: Vec<Object>,
    pub(super) listed: BTreeSet<(String, String)>,
}

impl Reading {
    pub(super) fn new(root: PathBuf, limits: Limits) -> Self {
        Self {
            root,
            limits,
            spool: Spool::default(),
            warnings: Vec::new(),
            documents: BTreeMap::new(),
            discovery: BTreeMap::new(),
            lists: BTreeMap::new(),
            damaged: BTreeSet::new(),
            kinds: Vec::new(),
            loose: BTreeMap::new(),
            listed: BTreeSet::new(),
            plurals: HashMap::new(),
            strangers: Vec::new(),
            logs: BTreeMap::new(),
            objects: 0,
            secrets: 0,
        }
    }

    /// Reads what is of use in a file.
    pub(super) fn file(&mut self, path: String, content: &mut Content<'_>) -> Result<(), Stop> {
        match role::of(&path) {
            Role::Document(name) => {
                let document = document(content.reader)?;
                self.documents.insert(name.to_owned(), document);
            }
            Role::Discovery(api) => drop(self.discovery.insert(api, document(content.reader)?)),
            Role::List(group, plural) => self.list(&path, group, plural, content.reader)?,
            Role::Misnamed => self.warn(&path, "not named `<plural>.<group or core>.json`, left out"),
            Role::Log(key) if content.stays => drop(self.logs.insert(key, Log::Beside(path.into()))),
            Role::Log(key) => {
                let span = self.copy(content.reader)?;
                self.logs.insert(key, Log::Stored(span));
            }
            Role::Logs => self.sections(content.reader)?,
            Role::Json => self.loose(path, content.reader, text::json)?,
            Role::Yaml => self.loose(path, content.reader, text::yaml)?,
            Role::Unknown => self.loose(path, content.reader, text::any)?,
            Role::Nothing => {}
        }
        Ok(())
    }

    /// Everything that exists of one kind.
    fn list(&mut self, path: &str, group: &str, plural: &str, reader: &mut dyn BufRead) -> Result<(), Stop> {
        let mut objects = Vec::new();
        let mut nameless = 0_usize;
        let mut kind: Option<Kind> = None;
        let mut lists = 0;
        let read = scan::documents(reader, &mut |part| {
            let Part::Item(raw) = part else {
                lists += 1;
                return Ok(());
            };
            let head = Head::read(raw).map_err(|error| invalid(&error))?;
            if head.name.is_empty() {
                nameless += 1;
                return Ok(());
            }
            let (_, version) = head.group_version();
            if kind.is_none() && !head.kind.is_empty() && !version.is_empty() {
                let namespaced =
                    of_kind(group, &head.kind).map_or_else(|| head.namespaced(), |known| known.1);
                kind = Some(Kind {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    plural: plural.to_owned(),
                    kind: head.kind.clone(),
                    namespaced,
                });
            }
            let secret = plural == "secrets" || is_secret(&head.kind);
            objects.push(self.place(raw, &head, secret)?);
            Ok(())
        });
        let read = read.and_then(|()| text::ended(reader));
        let read = read.and(if lists == 0 { Err(Problem::CutOff) } else { Ok(()) });
        let key = (group.to_owned(), plural.to_owned());
        if let Err(problem) = read {
            self.warn(path, format!("damaged, left out: {}", problem.text()?));
            self.damaged.insert(key);
            return Ok(());
        }
        if nameless > 0 {
            self.warn(path, format!("{nameless} items without a name, left out"));
        }
        self.kinds.extend(kind);
        self.lists.insert(key, objects);
        Ok(())
    }

    /// Objects of whatever kind; a file that is damaged is left out as a whole.
    fn loose(&mut self, path: String, reader: &mut dyn BufRead, read: text::Read) -> Result<(), Stop> {
        let mut batch = Batch::default();
        if let Err(problem) = read(self, reader, &mut batch) {
            let problem = problem.text()?;
            self.warn(&path, format!("not what `kubectl get` writes: {problem}"));
            return Ok(());
        }
        batch.settle(&path);
        if batch.objects.is_empty() && batch.listed.is_empty() {
            return Ok(());
        }
        for (api_version, kind, object) in batch.objects {
            self.loose.entry((api_version, kind)).or_default().push(object);
        }
        self.listed.extend(batch.listed);
        self.strangers.push(path);
        Ok(())
    }

    /// Puts an object where it stays.
    pub(super) fn place(&mut self, raw: &[u8], head: &Head, secret: bool) -> Result<Object, Stop> {
        self.objects += 1;
        if self.objects > self.limits.objects {
            return Err(self.too_large(format!("{} objects", self.limits.objects)));
        }
        if !secret {
            return Ok(Object::new(head, Place::Stored(self.spool.append(raw).map_err(no_room)?)));
        }
        self.secrets += raw.len();
        if self.secrets > MAX_SECRETS {
            return Err(self.too_large(format!("{MAX_SECRETS} bytes of Secrets")));
        }
        Ok(Object::new(head, Place::Secret(Bytes::copy_from_slice(raw))))
    }

    /// A log's bytes.
    fn copy(&mut self, reader: &mut dyn BufRead) -> Result<Span, Stop> {
        let start = self.spool.position();
        loop {
            let chunk = reader.fill_buf().map_err(Stop::Broken)?;
            if chunk.is_empty() {
                return Ok(Span { start, length: self.spool.position() - start });
            }
            let length = chunk.len();
            self.spool.append(chunk).map_err(no_room)?;
            reader.consume(length);
        }
    }

    /// The logs of `cluster-info dump`.
    pub(super) fn sections(&mut self, reader: &mut dyn BufRead) -> Result<(), Stop> {
        let mut current: Option<(String, u64)> = None;
        sections::read(reader, &mut |line| {
            if let Line::Text(text) = line {
                return self.spool.append(text).map(drop).map_err(no_room);
            }
            if let Some((key, start)) = current.take() {
                let length = self.spool.position() - start;
                self.logs.insert(key, Log::Stored(Span { start, length }));
            }
            if let Line::Start(key) = line {
                current = Some((key, self.spool.position()));
            }
            Ok(())
        })
    }

    pub(super) fn warn(&mut self, path: &str, problem: impl Into<String>) {
        self.warnings.push(Warning::new(path, problem));
    }

    fn too_large(&self, limit: String) -> Stop {
        Stop::Refused(RecordingError::TooLarge { path: self.root.clone(), limit })
    }
}

pub(super) fn is_secret(kind: &str) -> bool {
    matches!(kind, "Secret" | "SecretList")
}

/// The parser's own words quote nothing of the text.
pub(super) fn invalid(error: &serde_json::Error) -> Problem {
    Problem::Refused(format!("an object cannot be read: {error}"))
}

fn no_room(error: io::Error) -> Stop {
    Stop::Refused(RecordingError::NoRoom(error))
}

fn document(reader: &mut dyn BufRead) -> Result<Bytes, Stop> {
    let mut bytes = Vec::new();
    reader.take(MAX_DOCUMENT).read_to_end(&mut bytes).map_err(Stop::Broken)?;
    Ok(bytes.into())
}
