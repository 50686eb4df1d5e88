//! What `triage` needs and nothing more: one toolset, the cluster that it is bound to, and a mask. No model.

use std::sync::Arc;

use anyhow::Result;
use holmes_sandbox::upstream::{Backend, Kind};
use holmes_toolset::{Registry, redact::Redactor};
use tokio::runtime::Handle;

use super::{Absence, Audience, Settings, Upstreams, Wanted, plugins, plugins_folder, sandbox, upstreams};
use crate::{args::World, environment, exit::Hint, output::printer::Printer};

/// The toolset and its one tool, and its own name for the cluster.
pub(crate) const TRIAGE: &str = "triage";
const CLUSTER: &str = "kubernetes";

/// The toolset `triage`, ready to look.
pub(crate) struct TriageTool {
    pub(crate) registry: Arc<Registry>,
    /// The cluster's name; empty when a recording does not say.
    pub(crate) cluster: String,
    /// Masks alike in every run: two reports of one state are the same, byte for byte.
    pub(crate) redactor: Arc<Redactor>,
}

impl TriageTool {
    /// Loads the toolset and binds it to the cluster.
    pub(crate) async fn open(settings: &Settings, world: &World, printer: Printer) -> Result<Self> {
        let folder = plugins_folder(world.plugins.as_deref(), &settings.environment)?;
        let upstreams = upstreams(settings, world, Absence::Refused, printer).await?;
        let sandbox = sandbox(&settings.environment, world, Handle::current(), printer)?;
        let (wanted, audience) = (Wanted::Only(TRIAGE), Audience::Workstation);
        let registry =
            plugins::load(&sandbox, &folder, wanted, &upstreams, settings, audience, printer).await?;
        if registry.find(TRIAGE).is_none() {
            let error = anyhow::anyhow!("no toolset `{TRIAGE}` can be loaded from `{}`", folder.display());
            return Err(error.context(Hint(
                "build the toolsets with `cargo plugins`, or name their folder with --plugins DIR".to_owned(),
            )));
        }
        let secrets = environment::SECRETS.iter().filter_map(|name| settings.environment.get(name));
        let secrets = secrets.chain(settings.file.api_key.as_deref());
        Ok(Self {
            cluster: name(settings, &upstreams),
            redactor: Arc::new(Redactor::without_digests(secrets)),
            registry,
        })
    }
}

/// What the bound cluster is called: a recording says it itself, of a live one the operator may.
fn name(settings: &Settings, upstreams: &Upstreams) -> String {
    let mut operator = settings.file.toolsets.iter().filter(|(name, _)| name.as_str() == TRIAGE);
    let bound = operator.next().and_then(|(_, toolset)| toolset.bind.get(CLUSTER));
    let backend = match bound {
        Some(target) => upstreams.named(target, Kind::Kubernetes.as_str()),
        None => upstreams.usual(CLUSTER, Kind::Kubernetes.as_str()),
    };
    match backend {
        Some(Backend::Recorded(recording)) => recording.cluster().unwrap_or_default().to_owned(),
        Some(Backend::Live(cluster)) => {
            settings.file.cluster_name.clone().unwrap_or_else(|| cluster.name().to_owned())
        }
        Some(Backend::Service(_) | Backend::Cassette(_)) | None => String::new(),
    }
}
