//! Kubernetes as an upstream: a recording, or a live cluster.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail};
use holmes_identity::{Cluster, ClusterSource};
use holmes_sandbox::upstream::{Backend, recorded::Recording};

use crate::{args::World, exit::Hint, output::printer::Printer, settings::Source};

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

/// Binds a cluster of the configuration. None: it is left out, which has been told.
pub(super) async fn configured(
    name: &str,
    source: &Source,
    absence: Absence,
    printer: Printer,
) -> Result<Option<Backend>> {
    match source {
        Source::Recorded(path) => Ok(Some(open(path, printer)?)),
        Source::InCluster => live(&ClusterSource::default(), absence, printer).await,
        Source::Kubeconfig { path, context } => {
            let source = ClusterSource { kubeconfig: path.clone(), context: context.clone() };
            live(&source, absence, printer).await
        }
        Source::Live => bail!(
            "`upstreams.{name}.source` is `live`; a cluster is `in-cluster`, `kubeconfig` or `recorded`"
        ),
    }
}

/// Binds the cluster that the flags name, or that is found at the usual places.
pub(super) async fn named(world: &World, absence: Absence, printer: Printer) -> Result<Option<Backend>> {
    if let Some(path) = &world.snapshot {
        return Ok(Some(open(path, printer)?));
    }
    let source = ClusterSource { kubeconfig: world.kubeconfig.clone(), context: world.context.clone() };
    live(&source, absence, printer).await
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
