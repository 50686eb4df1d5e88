//! A cassette: recorded exchanges with a service, played back under the same policy, with the clock stopped at
//! the moment of recording. `cassette.json` and one file for each exchange, in a folder or a `.tar.gz`.

mod exchange;
mod recorder;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::exchange::{Exchange, Key};
pub use self::recorder::Recorder;
use super::{
    Allowed, Answer, Kind, SendError, answers,
    recorded::{RecordingError, Warning, source},
    target::ServiceRequest,
};

/// Says what a cassette is.
const HEAD: &str = "cassette.json";

/// The format's version.
const VERSION: u32 = 1;

/// `cassette.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    /// Version of the format: 1.
    version: u32,
    /// Of exchanges that do not say their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The recording's "now", RFC 3339.
    recorded_at: Timestamp,
}

/// A folder with a `cassette.json`.
struct Folder {
    prefix: String,
    kind: Option<Kind>,
    now: Timestamp,
}

/// Recorded exchanges with one service.
#[derive(Debug)]
pub struct Cassette {
    kind: Kind,
    now: Timestamp,
    exchanges: HashMap<Key, Vec<(Option<Value>, exchange::Response)>>,
}

/// Why a cassette can not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// Nothing can be read there.
    #[error(transparent)]
    Source(#[from] RecordingError),
    /// No `cassette.json` anywhere in it.
    #[error("`{}` holds no cassette: there is no `cassette.json` in it", .0.display())]
    None(PathBuf),
    /// `cassette.json` says something else than it should.
    #[error("`{file}` is not a cassette's: {reason}")]
    Head {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// It can not be written.
    #[error("the cassette `{}` can not be written: {reason}", path.display())]
    Write {
        /// The folder or the file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Cassette {
    /// Opens what a folder or archive holds: one cassette a kind.
    ///
    /// # Errors
    /// When there is none, or one that is not understood. Exchanges that do not parse are left out, with a warning.
    pub fn open(path: &Path) -> Result<(Vec<Self>, Vec<Warning>), CassetteError> {
        let collected = source::collect(path, source::Limits::DEFAULT)?;
        let mut warnings = collected.warnings;
        let heads = collected.files.iter().filter_map(|file| {
            let prefix = file.path.strip_suffix(HEAD)?;
            (prefix.is_empty() || prefix.ends_with('/'))
                .then(|| Folder::read(prefix, &file.path, &file.bytes))
        });
        let folders = heads.collect::<Result<Vec<Folder>, CassetteError>>()?;
        if folders.is_empty() {
            return Err(CassetteError::None(path.to_owned()));
        }
        let mut cassettes = Vec::new();
        for folder in &folders {
            if let Some(kind) = folder.kind {
                Self::of(&mut cassettes, folder, kind)?;
            }
        }
        for file in &collected.files {
            // Of a folder and one in it, the innermost has the file.
            let inside = folders.iter().filter(|folder| file.path.starts_with(&folder.prefix));
            let Some(folder) = inside.max_by_key(|folder| folder.prefix.len()) else { continue };
            let json = Path::new(&file.path).extension().is_some_and(|extension| extension == "json");
            if !json || file.path.strip_prefix(&folder.prefix) == Some(HEAD) {
                continue;
            }
            match exchange(&file.bytes, folder.kind) {
                Ok((kind, exchange)) => Self::of(&mut cassettes, folder, kind)?.add(exchange),
                Err(reason) => warnings.push(Warning::new(&file.path, format!("is no exchange: {reason}"))),
            }
        }
        Ok((cassettes.into_iter().map(|(_, cassette)| cassette).collect(), warnings))
    }

    /// The cassette of a kind, which lies in one folder.
    fn of<'a>(
        cassettes: &'a mut Vec<(String, Self)>,
        folder: &Folder,
        kind: Kind,
    ) -> Result<&'a mut Self, CassetteError> {
        let known = cassettes.iter().position(|(_, cassette)| cassette.kind == kind);
        let at = known.unwrap_or_else(|| {
            let cassette = Self { kind, now: folder.now, exchanges: HashMap::new() };
            cassettes.push((folder.prefix.clone(), cassette));
            cassettes.len() - 1
        });
        match cassettes.get_mut(at) {
            Some((prefix, cassette)) if *prefix == folder.prefix => Ok(cassette),
            Some(_) | None => Err(CassetteError::Head {
                file: format!("{}{HEAD}", folder.prefix),
                reason: format!("there is another cassette of kind `{kind}` beside it"),
            }),
        }
    }

    fn add(&mut self, exchange: Exchange) {
        let (key, body) = exchange.request.split();
        self.exchanges.entry(key).or_default().push((body, exchange.response));
    }

    /// What was recorded.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The time at which the clock stands, in milliseconds since 1970.
    pub fn now_unix_ms(&self) -> u64 {
        u64::try_from(self.now.as_millisecond()).unwrap_or(0)
    }

    /// The time at which the clock stands, RFC 3339.
    pub fn recorded_at(&self) -> String {
        self.now.to_string()
    }

    /// How many exchanges it holds.
    pub fn exchanges(&self) -> usize {
        self.exchanges.values().map(Vec::len).sum()
    }

    pub(super) fn answer(
        &self,
        request: &ServiceRequest,
        allowed: &Allowed<'_>,
    ) -> Result<Answer, SendError> {
        let key = Key::of(request, allowed.query);
        let body = allowed.body.map(exchange::parsed);
        let bodies = self.exchanges.get(&key);
        let found = bodies.and_then(|bodies| bodies.iter().find(|(recorded, _)| *recorded == body));
        let Some((_, response)) = found else {
            let near = self.exchanges.keys().any(|other| other.same_path(&key));
            let near = if near { "; it has this path with another query or body" } else { "" };
            return Err(SendError::NotRecorded(format!("`{key}`{near}")));
        };
        let text = response.text();
        // Whoever wrote the file may not have masked it.
        let body = answers::body(self.kind, response.status, &text, allowed.placeholder)?.into_owned();
        let headers = response.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let headers = headers.filter(|(name, _)| answers::is_shown(name)).collect();
        Ok(Answer::held(response.status, headers, Bytes::from(body)))
    }
}

impl Folder {
    fn read(prefix: &str, file: &str, bytes: &[u8]) -> Result<Self, CassetteError> {
        let wrong = |reason: String| CassetteError::Head { file: file.to_owned(), reason };
        let head: Head = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if head.version != VERSION {
            return Err(wrong(format!("`version` is {}, expected {VERSION}", head.version)));
        }
        let kind = head.kind.as_deref().map(service).transpose().map_err(wrong)?;
        Ok(Self { prefix: prefix.to_owned(), kind, now: head.recorded_at })
    }
}

/// One file's exchange, and the kind of its upstream.
fn exchange(bytes: &[u8], usual: Option<Kind>) -> Result<(Kind, Exchange), String> {
    let exchange: Exchange = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let own = exchange.kind.as_deref().map(service).transpose()?;
    let kind = own.or(usual).ok_or_else(|| "it names no `kind`".to_owned())?;
    Ok((kind, exchange))
}

fn service(name: &str) -> Result<Kind, String> {
    let kind = Kind::named(name).filter(|kind| *kind != Kind::Kubernetes);
    kind.ok_or_else(|| format!("`kind` is `{}`", name.escape_debug()))
}
