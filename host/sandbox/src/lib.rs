//! Runs toolsets that are not trusted: the only crate that names Wasmtime. Floor 3.
//!
//! A toolset is a component without ambient authority. It computes, and asks the host; what it asks is
//! resolved, decided by one function ([`policy`]) and counted. This crate must not know models or the loop.

mod bindings;
mod cache;
mod compile;
mod engine;
mod error;
mod grants;
mod interface;
mod limits;
mod manifest;
mod outcome;
mod pack;
mod policy;
pub mod redact;
mod scan;
pub mod snapshot;
mod source;
mod state;
mod store;
mod toolset;
pub mod upstream;
mod wasi;

use std::{collections::BTreeMap, sync::Arc};

use holmes_protocol::ToolsetName;
use holmes_telemetry::audit::Audit;
use tokio::runtime::Handle;
use wasmtime::component::Component;

use engine::{MEMORIES, Runtime, TABLES};
use scan::Wasi;
use state::Shared;
use toolset::Pool;
use upstream::Kind;

pub use cache::{Cache, CacheKey};
pub use compile::{Compiler, compile_child};
pub use error::{LoadError, SandboxError};
pub use grants::{Declared, Grant, GrantRule};
pub use limits::{Limits, Wishes};
pub use manifest::{
    About, HttpRule, KubernetesRule, Manifest, Packed, PackedTool, ReadRule, ToolRules, UpstreamWish,
    WriteRule,
};
pub use pack::{describe_packed, pack};
pub use source::{Artifact, Directory, Found, PluginSource};
pub use toolset::PluginToolset;

/// The contract's version that this host serves: every 0.1.x.
pub const CONTRACT: &str = "0.1";

/// How the sandbox runs.
#[derive(Debug)]
pub struct Config {
    /// Who compiles components.
    pub compiler: Compiler,
    /// Where compiled code is kept; none: every start compiles.
    pub cache: Option<Cache>,
    /// Where decisions are recorded.
    pub audit: Audit,
}

/// What an operator says about one toolset.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The digest that the file must have.
    pub digest: Option<String>,
    /// What is granted, by the upstream's name in the guest.
    pub grants: BTreeMap<String, Grant>,
    /// What each name is bound to.
    pub upstreams: BTreeMap<String, upstream::Backend>,
    /// Non-secret settings that the guest may read.
    pub config: BTreeMap<String, String>,
    /// Limits that win over the author's wishes.
    pub limits: Wishes,
}

/// The engine, its pool and its cache. Toolsets keep it alive.
pub struct Sandbox {
    config: Config,
    pool: Arc<Pool>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A component that was looked at, and whose operator's settings may still be chosen by its name.
#[derive(Debug)]
pub struct Scanned {
    artifact: Artifact,
    packed: Packed,
    wasi: Wasi,
}

impl Scanned {
    /// Looks at a file without compiling or running any of it.
    ///
    /// # Errors
    /// When it is no component, no toolset, or of another contract.
    pub fn new(artifact: Artifact) -> Result<Self, LoadError> {
        let scan = scan::scan(&artifact.bytes)?;
        let packed = scan.packed.ok_or(LoadError::NoManifest)?;
        Ok(Self { artifact, packed, wasi: scan.wasi })
    }

    /// The toolset's name.
    pub fn name(&self) -> &ToolsetName {
        &self.packed.manifest.toolset.name
    }

    /// The manifest and the tools.
    pub fn packed(&self) -> &Packed {
        &self.packed
    }

    /// `sha256:…` of the file.
    pub fn digest(&self) -> &str {
        &self.artifact.digest
    }

    /// The file's name.
    pub fn origin(&self) -> &str {
        &self.artifact.origin
    }

    /// Bytes of the file.
    pub fn size(&self) -> usize {
        self.artifact.bytes.len()
    }
}

impl Sandbox {
    /// Starts the engine. Guests run on `threads`; give a server's guests threads of their own.
    ///
    /// # Errors
    /// When the engine refuses its settings, or no thread can be started.
    pub fn start(config: Config, threads: Handle) -> Result<Self, SandboxError> {
        let runtime = Runtime::start()?;
        Ok(Self { config, pool: Arc::new(Pool::new(runtime, threads)) })
    }

    /// Compiles (or takes from the cache) and links a component.
    ///
    /// # Errors
    /// Names what is wrong with this plugin; others are not affected.
    pub async fn load(&self, scanned: Scanned, settings: Settings) -> Result<PluginToolset, LoadError> {
        let Scanned { artifact, packed, wasi } = scanned;
        if let Some(pinned) = settings.digest.clone().filter(|pinned| *pinned != artifact.digest) {
            return Err(LoadError::Digest { found: artifact.digest, pinned });
        }
        check_settings(&packed, &settings)?;
        let engine = &self.pool.runtime.engine;
        let component = cache::load(
            engine,
            self.config.cache.as_ref(),
            &self.config.compiler,
            &artifact.digest,
            &artifact.bytes,
        )
        .await?;
        check_resources(&component)?;
        let linked = interface::linker(engine, wasi).and_then(|linker| linker.instantiate_pre(&component));
        let linked = linked.map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let shared = Shared {
            name: packed.manifest.toolset.name.clone(),
            digest: artifact.digest,
            limits: Limits::effective(&packed.manifest.limits, &settings.limits),
            rights: grants::Effective::new(&packed.manifest, &settings.grants),
            upstreams: settings.upstreams,
            settings: settings.config,
            audit: self.config.audit.clone(),
        };
        PluginToolset::new(Arc::clone(&self.pool), shared, linked, wasi, packed)
            .map_err(|error| LoadError::Link(format!("{error:#}")))
    }
}

/// Refuses what an operator can not have meant: rules of another kind's form, a name bound to another kind.
fn check_settings(packed: &Packed, settings: &Settings) -> Result<(), LoadError> {
    for (name, wish) in &packed.manifest.upstreams {
        if let Some(backend) = settings.upstreams.get(name).filter(|one| one.kind().as_str() != wish.kind) {
            let reason = format!("it is bound to an upstream of kind `{}`", backend.kind());
            return Err(LoadError::Upstream { name: name.clone(), kind: wish.kind.clone(), reason });
        }
        let kubernetes = wish.kind == Kind::Kubernetes.as_str();
        let reason = match settings.grants.get(name) {
            Some(Grant::Rules(rules)) if !kubernetes && !rules.is_empty() => {
                "its grant has verbs and resources; this kind is granted with `methods` and `paths`"
            }
            Some(Grant::Http(_)) if kubernetes => {
                "its grant has methods and paths; this kind is granted with `verbs`, `groups` and `resources`"
            }
            Some(Grant::Http(rules))
                if !rules.iter().all(|rule| rule.is_well_formed(&manifest::HTTP_READS)) =>
            {
                "its grant has a method or a path that no read can have (`*` is a whole segment, `/**` the end)"
            }
            _ => continue,
        };
        let reason = reason.to_owned();
        return Err(LoadError::Upstream { name: name.clone(), kind: wish.kind.clone(), reason });
    }
    Ok(())
}

/// Refuses before the first call what the pool could never hold. The pool refuses it too, in its own words;
/// without one, this is all there is.
fn check_resources(component: &Component) -> Result<(), LoadError> {
    let Some(needed) = component.resources_required() else { return Ok(()) };
    let refuse = |what: String, limit: String| Err(LoadError::Resources { what, limit });
    if needed.num_memories > MEMORIES {
        return refuse(format!("{} memories", needed.num_memories), MEMORIES.to_string());
    }
    if needed.num_tables > TABLES {
        return refuse(format!("{} tables", needed.num_tables), TABLES.to_string());
    }
    let elements = needed.max_initial_table_size.unwrap_or_default();
    if elements > Limits::default().table_elements {
        return refuse(
            format!("a table of {elements} elements"),
            Limits::default().table_elements.to_string(),
        );
    }
    Ok(())
}
