//! What the names of upstreams mean: what the configuration binds, what flags name, and what goes without saying.

use anyhow::{Result, bail};
use holmes_sandbox::upstream::{Backend, Kind};

use super::{Absence, Settings, azure, cluster};
use crate::{args::World, output::printer::Printer};

/// Every bound upstream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Upstreams {
    /// By the names of the configuration; `kubernetes` is what the flags say.
    named: Vec<(String, Backend)>,
    /// At most one a kind, for toolsets whose names for it are bound to nothing.
    usual: Vec<Backend>,
}

impl Upstreams {
    /// What a name of the configuration is bound to, if it is of this kind.
    pub(super) fn named(&self, name: &str, kind: &str) -> Option<&Backend> {
        let named = self.named.iter().find(|(bound, _)| bound == name).map(|(_, backend)| backend);
        named.filter(|backend| backend.kind().as_str() == kind)
    }

    /// What a toolset's own name for an upstream means when nobody bound it.
    pub(super) fn usual(&self, name: &str, kind: &str) -> Option<&Backend> {
        let usual = || self.usual.iter().find(|backend| backend.kind().as_str() == kind);
        self.named(name, kind).or_else(usual)
    }
}

/// Binds every upstream of the configuration, then `kubernetes` and Azure's services if it does not.
pub(super) async fn connect(
    settings: &Settings,
    world: &World,
    absence: Absence,
    signer: azure::Signer,
    printer: Printer,
) -> Result<Upstreams> {
    let mut upstreams = Upstreams::default();
    let azure = azure::Azure::new(&settings.environment, signer);
    let flags = world.snapshot.is_some() || world.kubeconfig.is_some() || world.context.is_some();
    if let Some(path) = &world.azure_cassette {
        upstreams.usual = azure::cassettes(path, printer)?;
    }
    for (name, upstream) in &settings.file.upstreams {
        // What is typed wins over what is configured.
        let typed = if upstream.kind == Kind::Kubernetes {
            flags && name == "kubernetes"
        } else {
            upstreams.usual(name, upstream.kind.as_str()).is_some() && name == upstream.kind.as_str()
        };
        if typed {
            continue;
        }
        let backend = if upstream.kind == Kind::Kubernetes {
            let services =
                [&upstream.tenant_id, &upstream.client_id, &upstream.url].iter().any(|key| key.is_some());
            if services || upstream.record.is_some() {
                bail!(
                    "`upstreams.{name}`: `tenant_id`, `client_id`, `url` and `record` are for services of Azure"
                );
            }
            cluster::configured(name, &upstream.source, absence, printer).await?
        } else {
            Some(azure.configured(name, upstream, printer)?)
        };
        upstreams.named.extend(backend.map(|backend| (name.clone(), backend)));
    }
    let configured = settings.file.upstreams.contains_key("kubernetes");
    let clusters = upstreams.named.iter().any(|(_, backend)| backend.kind() == Kind::Kubernetes);
    if flags || !configured && !clusters {
        // Whoever gives a recording of Azure alone asks about Azure; a cluster may be absent.
        let alone = world.azure_cassette.is_some() && !flags;
        let absence = if alone { Absence::Served } else { absence };
        let backend = cluster::named(world, absence, printer).await?;
        upstreams.named.extend(backend.map(|backend| ("kubernetes".to_owned(), backend)));
    }
    for kind in Kind::ALL {
        let configured = settings.file.upstreams.values().any(|upstream| upstream.kind == kind);
        let typed = upstreams.usual.iter().any(|backend| backend.kind() == kind);
        // An operator who configures a kind says all there is to say about it.
        if !configured && !typed {
            upstreams.usual.extend(azure.automatic(kind)?);
        }
    }
    Ok(upstreams)
}
