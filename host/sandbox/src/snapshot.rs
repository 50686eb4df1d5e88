//! Records a live cluster into the form that [`crate::upstream::recorded`] reads.
//!
//! The invariant: what reaches the disk is redacted already, the file appears whole or not at all, and a kind
//! that could not be read is written down as such, so that nobody takes it for absent.

mod api;
mod archive;
mod budget;
mod destination;
mod error;
mod files;
mod kinds;
mod logs;
mod objects;
mod pods;
mod redact;
mod report;

#[cfg(test)]
mod tests;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use holmes_identity::Cluster;
use jiff::Timestamp;
use serde_json::json;

use api::Api;
use budget::Budget;
use files::Files;
use kinds::{Discovered, Kind};
use objects::{Outcome, Read};
use redact::Redaction;

pub use destination::Destination;
pub use error::RecordError;
pub use report::{Forbidden, Progress, Summary, Unavailable};

/// Kinds that are read side by side: enough to hide the network, and a gentle guest of the API server.
const KINDS_AT_ONCE: usize = 4;

/// What is recorded.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster's name in the recording; none: the kubeconfig context's.
    pub name: Option<String>,
    /// Namespaces whose objects are recorded; none: all. Objects outside of namespaces are recorded always.
    pub namespaces: Vec<String>,
    /// The only kinds that are recorded: `pods`, `Pod`, `deployments.apps`; none: all.
    pub include: Vec<String>,
    /// Kinds that are not.
    pub exclude: Vec<String>,
    /// Bytes of objects and logs before compression. Logs give way first.
    pub largest: u64,
    /// How much of the logs.
    pub logs: Logs,
}

/// How much of the logs is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// None.
    LeftOut,
    /// The end of each container's log, within both limits.
    Tail {
        /// Lines of a log at most.
        lines: u32,
        /// Bytes of a log at most.
        bytes: u32,
    },
}

/// What every part of the recording works with.
struct Recorder<'a> {
    api: Api<'a>,
    redaction: Redaction,
    files: &'a Files,
    budget: Budget,
    options: &'a Options,
    told: &'a (dyn Fn(Progress) + Send + Sync),
}

/// Records a cluster. Dropping the future removes everything that was written.
///
/// # Errors
/// When nothing may be read, the objects alone exceed the limit, the credential is refused, or the disk is not writable.
/// A kind that can not be read is no error: the summary names it.
pub async fn record(
    cluster: &Cluster,
    destination: &Destination,
    options: &Options,
    told: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Summary, RecordError> {
    let files = destination.begin()?;
    let recorder = Recorder {
        api: Api::new(cluster),
        redaction: Redaction::new(),
        files: &files,
        budget: Budget::new(options.largest),
        options,
        told,
    };
    let mut summary = Summary::default();
    let pods = recorder.objects(&mut summary).await?;
    // Nothing that was read is younger: the recording's clock stands here.
    let now = Timestamp::now();
    recorder.logs(pods, now, &mut summary).await?;
    recorder.head(cluster.name(), now, &mut summary)?;
    told(Progress::Packing);
    summary.bytes = destination.finish(files, now).await?;
    Ok(summary)
}

impl Recorder<'_> {
    /// Every object of every kind; of the pods, whose logs there are.
    async fn objects(&self, summary: &mut Summary) -> Result<Vec<pods::Pod>, RecordError> {
        let Discovered { documents, kinds, unavailable } = kinds::discover(&self.api).await?;
        for (name, document) in documents {
            self.files.write(&name, &document)?;
        }
        for mut api in unavailable {
            api.message = self.redaction.sentence(&api.message);
            summary.unavailable.push(api);
        }
        let (wanted, left_out) = kinds::select(kinds, self.options)?;
        summary.unavailable.extend(left_out.iter().map(Kind::left_out));
        let total = wanted.len();
        let mut reads = stream::iter(&wanted)
            .map(|kind| async move { Ok::<_, RecordError>((kind, self.kind(kind).await?)) })
            .buffer_unordered(KINDS_AT_ONCE);
        let mut pods = Vec::new();
        let mut done = 0;
        while let Some((kind, Read { outcome, objects, pods: found })) = reads.try_next().await? {
            match outcome {
                Outcome::Whole => {
                    summary.kinds += usize::from(objects > 0);
                    summary.readable += 1;
                }
                Outcome::Forbidden => summary.forbidden.push(kind.forbidden()),
                Outcome::Unavailable { status, message } => {
                    let message = self.redaction.sentence(&message);
                    summary.unavailable.push(kind.unavailable(status, message));
                }
            }
            summary.objects += objects;
            pods.extend(found);
            done += 1;
            (self.told)(Progress::Kinds { done, total, objects: summary.objects });
        }
        drop(reads);
        if summary.readable == 0 {
            return Err(nothing(summary));
        }
        Ok(pods)
    }

    /// What is known only at the end.
    fn head(&self, context: &str, now: Timestamp, summary: &mut Summary) -> Result<(), RecordError> {
        summary.cluster = self.options.name.clone().unwrap_or_else(|| context.to_owned());
        summary.redacted = self.redaction.count();
        let mut head = json!({"recordedAt": now.to_string(), "cluster": summary.cluster});
        if let (Some(head), false) = (head.as_object_mut(), self.options.namespaces.is_empty()) {
            head.insert("namespaces".to_owned(), json!(self.options.namespaces));
        }
        self.files.write_json("snapshot.json", &head)?;
        // Whoever finishes first depends on the network; the file does not.
        summary.forbidden.sort();
        summary.unavailable.sort();
        if !summary.forbidden.is_empty() {
            self.files.write_json("forbidden.json", &summary.forbidden)?;
        }
        if !summary.unavailable.is_empty() {
            self.files.write_json("unavailable.json", &summary.unavailable)?;
        }
        Ok(())
    }
}

/// Why there is nothing to record.
fn nothing(summary: &Summary) -> RecordError {
    match summary.unavailable.iter().find(|api| api.resource.is_some() && !api.is_left_out()) {
        _ if !summary.forbidden.is_empty() => RecordError::NothingPermitted,
        Some(api) => RecordError::NothingRead(api.message.clone()),
        None => RecordError::NothingRead("it serves no kind that can be listed".to_owned()),
    }
}
