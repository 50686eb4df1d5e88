//! What the name `kubernetes` means: a recording, or a live cluster.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail};
use holmes_identity::{Cluster, ClusterSource};
use holmes_sandbox::upstream::{Backend, recorded::Recording};

use super::Settings;
use crate::{
    args::World,
    exit::Hint,
    output::printer::Printer,
    settings::{Source, UpstreamKind},
};

/// Shown when there is no cluster to talk to.
const RECORDED: &str = "give a recorded cluster with --snapshot PATH, for example --snapshot examples/clusters/oom-crashloop.tar.gz";

/// What happens when no cluster answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// An answer is wanted now, so it is an error.
    Refused,
    /// A server outlives an outage, and answers what it can.
    Served,
}

/// Every bound upstream by name; the flags name what `kubernetes` is.
#[derive(Debug, Clone)]
pub(crate) struct Upstreams(Vec<(String, Backend)>);

impl Upstreams {
    /// What a name is bound to.
    pub(crate) fn get(&self, name: &str) -> Option<&Backend> {
        self.0.iter().find(|(bound, _)| bound == name).map(|(_, backend)| backend)
    }
}

/// Binds every upstream of the configuration, and `kubernetes` if it does not.
pub(crate) async fn connect(
    settings: &Settings,
    world: &World,
    absence: Absence,
    printer: Printer,
) -> Result<Upstreams> {
    let mut bound = Vec::new();
    let flags = world.snapshot.is_some() || world.kubeconfig.is_some() || world.context.is_some();
    for (name, upstream) in &settings.file.upstreams {
        let UpstreamKind::Kubernetes = upstream.kind;
        // What is typed wins over what is configured.
        if flags && name == "kubernetes" {
            continue;
        }
        let backend = match &upstream.source {
            Source::Recorded(path) => Some(open(path, printer)?),
            Source::InCluster => live(&ClusterSource::default(), absence, printer).await?,
            Source::Kubeconfig { path, context } => {
                let source = ClusterSource { kubeconfig: path.clone(), context: context.clone() };
                live(&source, absence, printer).await?
            }
        };
        bound.extend(backend.map(|backend| (name.clone(), backend)));
    }
    let configured = settings.file.upstreams.contains_key("kubernetes");
    if flags || !configured && bound.is_empty() {
        let backend = if let Some(path) = &world.snapshot {
            Some(open(path, printer)?)
        } else {
            let source =
                ClusterSource { kubeconfig: world.kubeconfig.clone(), context: world.context.clone() };
            live(&source, absence, printer).await?
        };
        bound.extend(backend.map(|backend| ("kubernetes".to_owned(), backend)));
    }
    Ok(Upstreams(bound))
}

fn open(path: &Path, printer: Printer) -> Result<Backend> {
    if !path.exists() {
        bail!("there is no recorded cluster at `{}`; check the path given with --snapshot", path.display());
    }
    let (recording, warnings) = Recording::open(path)?;
    for warning in warnings.iter().take(20) {
        printer.warning(&format!("left out of the recording: {warning}"));
    }
    if warnings.len() > 20 {
        printer.warning(&format!("{} more files were left out of the recording", warnings.len() - 20));
    }
    let summary = recording.summary();
    let cluster = summary.cluster.map(|name| format!(" of {name}")).unwrap_or_default();
    printer
        .progress(&format!("recording{cluster} as of {}: {} objects", summary.recorded_at, summary.objects));
    Ok(Backend::Recorded(Arc::new(recording)))
}

/// A live cluster. Without a configuration there is none to wait for; a cluster that is configured and does
/// not answer may come back.
async fn live(source: &ClusterSource, absence: Absence, printer: Printer) -> Result<Option<Backend>> {
    let hint = || Hint(RECORDED.to_owned());
    let cluster = match (Cluster::configure(source).await, absence) {
        (Ok(cluster), _) => cluster,
        (Err(error), Absence::Refused) => return Err(anyhow::Error::new(error).context(hint())),
        (Err(error), Absence::Served) => {
            printer.warning(&format!("toolsets that need a cluster are left out: {error}; {RECORDED}"));
            return Ok(None);
        }
    };
    match (cluster.probe().await, absence) {
        (Ok(()), _) => {}
        (Err(error), Absence::Refused) => return Err(anyhow::Error::new(error).context(hint())),
        (Err(error), Absence::Served) => {
            printer.warning(&format!("{error}; it is asked again with every question"));
        }
    }
    Ok(Some(Backend::Live(Arc::new(cluster))))
}
