//! `snapshot`: records a cluster, so that it can be looked at elsewhere.

mod bar;
mod summary;

use anyhow::{Context as _, Result};
use holmes_identity::{Cluster, ClusterSource};
use holmes_sandbox::snapshot::{Destination, Logs, Options, RecordError, record};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::{Snapshot, SnapshotRecord},
    compose::Settings,
    exit::{Exit, Hint},
    output::printer::Printer,
};

use bar::Bar;

pub(crate) async fn run(snapshot: Snapshot, _settings: &Settings, printer: Printer) -> Result<Exit> {
    let Snapshot::Record(arguments) = snapshot;
    let destination = Destination::new(&arguments.out)?;
    let source =
        ClusterSource { kubeconfig: arguments.kubeconfig.clone(), context: arguments.context.clone() };
    let cluster = Cluster::connect(&source).await.map_err(|error| {
        let hint = "name the cluster with --kubeconfig FILE or --context NAME";
        anyhow::Error::new(error).context(Hint(hint.to_owned()))
    })?;
    let bar = Bar::new(arguments.quiet);
    let options = options(&arguments);
    let told = |progress| bar.show(progress);
    // Heard from before the first request on: what comes between would be lost.
    let mut interrupt = signal(SignalKind::interrupt()).context("signals can not be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals can not be received")?;
    // What is dropped here takes along everything that it wrote.
    let recorded = tokio::select! {
        recorded = record(&cluster, &destination, &options, &told) => Some(recorded),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    bar.clear();
    match recorded {
        Some(Ok(recorded)) => {
            if !arguments.quiet {
                printer.answer(&summary::text(&recorded, &arguments.out))?;
            }
            Ok(Exit::Success)
        }
        Some(Err(error @ RecordError::NothingPermitted)) => {
            let hint = if arguments.namespace.is_empty() {
                "if it may read some namespaces, name them with --namespace; `holmes-host rbac` prints the roles it needs"
            } else {
                "`holmes-host rbac` prints the roles it needs"
            };
            printer.error(&format!("{error}\nhint: {hint}"));
            Ok(Exit::NotPermitted)
        }
        Some(Err(error)) => Err(error.into()),
        None => {
            printer.warning("interrupted; nothing was written");
            Ok(Exit::Interrupted)
        }
    }
}

fn options(arguments: &SnapshotRecord) -> Options {
    let tail = Logs::Tail { lines: arguments.log_lines, bytes: arguments.log_bytes };
    Options {
        name: arguments.name.clone(),
        namespaces: arguments.namespace.clone(),
        include: arguments.include.clone(),
        exclude: arguments.exclude.clone(),
        largest: arguments.max_size,
        logs: if arguments.no_logs { Logs::LeftOut } else { tail },
    }
}
