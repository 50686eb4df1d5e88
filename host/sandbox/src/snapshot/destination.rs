//! Where the recording goes, checked before the cluster is asked anything.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::files::{Files, Partial, failed};
use super::{RecordError, archive};

/// Names that promise an archive of another form than the one that is written.
const OTHER_FORMS: [&str; 5] = ["zip", "tar", "gz", "zst", "json"];

/// A place that is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    path: PathBuf,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Folder,
    Archive,
}

impl Destination {
    /// A name that ends with `.tar.gz` or `.tgz` is an archive, any other a folder.
    ///
    /// # Errors
    /// When something is there already, or the name promises another form.
    pub fn new(path: &Path) -> Result<Self, RecordError> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let form = if [".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end)) {
            Form::Archive
        } else {
            Form::Folder
        };
        let extension = Path::new(&name).extension().and_then(|extension| extension.to_str());
        let other = form == Form::Folder && extension.is_some_and(|name| OTHER_FORMS.contains(&name));
        if name.is_empty() || other {
            return Err(RecordError::Form(path.to_owned()));
        }
        // An empty folder is what people make for it.
        let empty =
            || form == Form::Folder && fs::read_dir(path).is_ok_and(|mut found| found.next().is_none());
        if path.symlink_metadata().is_ok() && !empty() {
            return Err(RecordError::Exists(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), form })
    }

    /// The folder in which it grows, on the same disk.
    pub(super) fn begin(&self) -> Result<Files, RecordError> {
        Files::create(self.beside("partial"))
    }

    /// Puts the finished recording there, at once; gives its size in bytes.
    pub(super) async fn finish(&self, files: Files, now: Timestamp) -> Result<u64, RecordError> {
        if self.form == Form::Folder {
            let bytes = archive::contents(files.path())?.iter().map(|file| file.bytes).sum();
            files.keep(&self.path)?;
            return Ok(bytes);
        }
        let partial = Partial::new(self.beside("tar.gz.partial"));
        let (from, to) = (files.path().to_owned(), partial.path().to_owned());
        let packed = tokio::task::spawn_blocking(move || archive::pack(&from, &to, now)).await;
        let bytes = packed.map_err(|error| failed(&self.path)(error.into()))??;
        partial.keep(&self.path)?;
        Ok(bytes)
    }

    /// `.prod.tar.gz.4711.partial`: hidden, and of this process alone.
    fn beside(&self, suffix: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.{}.{suffix}", std::process::id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_written_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Destination::new(&folder.path().join(name));
        assert_eq!(at("prod.tar.gz").unwrap().form, Form::Archive);
        assert_eq!(at("prod.TGZ").unwrap().form, Form::Archive);
        assert_eq!(at("prod").unwrap().form, Form::Folder);
        assert_eq!(at("prod.2026-11").unwrap().form, Form::Folder);
        assert!(matches!(at("prod.zip"), Err(RecordError::Form(_))));
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(at("empty").is_ok());
        fs::write(folder.path().join("empty/mine"), "x").unwrap();
        assert!(matches!(at("empty"), Err(RecordError::Exists(_))));
        fs::write(folder.path().join("old.tar.gz"), "x").unwrap();
        assert!(matches!(at("old.tar.gz"), Err(RecordError::Exists(_))));
    }
}
