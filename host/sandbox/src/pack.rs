//! Makes a component self-describing: runs `describe` with every upstream denied, checks that it agrees with
//! `toolset.toml`, and embeds both.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use holmes_protocol::{SideEffect, ToolName};
use holmes_telemetry::audit::Audit;
use holmes_toolset::redact::Redactor;
use tokio_util::sync::CancellationToken;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmtime::component::Component;

use crate::{
    Limits, LoadError, Manifest, Packed, PackedTool,
    bindings::{Toolset, holmes::toolset::types},
    engine::Runtime,
    grants::Effective,
    interface,
    manifest::SECTION,
    scan,
    state::{Caller, Shared, State},
    store,
};

/// `describe` is pure: it has nothing to wait for, and little to compute.
const DESCRIBE_TIME: Duration = Duration::from_secs(1);
/// Above the time to compute, so that a guest that computes on a busy machine is blamed for computing.
const DESCRIBE_WALL: Duration = Duration::from_secs(3);
const DESCRIBE_MEMORY: u64 = 64 << 20;

/// The component with its manifest and its description inside.
///
/// # Errors
/// When it is no toolset, `describe` fails, or it disagrees with the manifest.
pub async fn pack(component: &[u8], manifest: &str) -> Result<Vec<u8>, LoadError> {
    let manifest = Manifest::from_toml(manifest)?;
    let scanned = scan::scan(component)?;
    if scanned.packed.is_some() {
        return Err(LoadError::Manifest(
            "it is packed already; pack the component as it was linked".to_owned(),
        ));
    }
    let info = describe(component, &manifest, scanned.wasi).await?;
    let packed = describe_packed(manifest, info.instructions, tools(info.tools)?)?;
    for (what, declared, described) in [
        ("name", packed.manifest.toolset.name.as_str(), &info.name),
        ("version", packed.manifest.toolset.version.as_str(), &info.version),
    ] {
        if declared != described {
            return Err(LoadError::Disagreement(format!(
                "the {what} is `{declared}` in one and `{described}` in the other"
            )));
        }
    }
    embed(component, &packed)
}

/// A manifest and a description that agree, as they are embedded.
///
/// # Errors
/// Says where they disagree, or which name or text breaks the rules.
pub fn describe_packed(
    manifest: Manifest,
    instructions: Option<String>,
    tools: Vec<PackedTool>,
) -> Result<Packed, LoadError> {
    Packed { manifest, instructions, tools }.validated()
}

fn embed(component: &[u8], packed: &Packed) -> Result<Vec<u8>, LoadError> {
    let data = serde_json::to_vec(packed).map_err(|error| LoadError::Manifest(error.to_string()))?;
    let section = CustomSection { name: SECTION.into(), data: data.into() };
    let mut bytes = component.to_vec();
    section.append_to_component(&mut bytes);
    Ok(bytes)
}

async fn describe(
    component: &[u8],
    manifest: &Manifest,
    wasi: scan::Wasi,
) -> Result<types::ToolsetInfo, LoadError> {
    let runtime = Runtime::start().map_err(|error| LoadError::Describe(error.to_string()))?;
    let compiled = Component::from_binary(&runtime.engine, component)
        .map_err(|error| LoadError::Compile(format!("{error:#}")))?;
    let linker =
        interface::linker(&runtime.engine, wasi).map_err(|error| LoadError::Link(format!("{error:#}")))?;
    let mut store = store::armed(&runtime.engine, denied(manifest, wasi)?);
    let _running = runtime.running();
    let describe = async {
        let instance = Toolset::instantiate_async(&mut store, &compiled, &linker)
            .await
            .map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let described = instance.holmes_toolset_tools().call_describe(&mut store).await;
        described.map_err(|error| LoadError::Describe(format!("{error:#}")))
    };
    // The epoch stops a guest that computes; this stops one that waits.
    let described = tokio::time::timeout(DESCRIBE_WALL, describe).await;
    described.unwrap_or_else(|_| {
        Err(LoadError::Describe(format!("it took longer than {} s", DESCRIBE_WALL.as_secs())))
    })
}

/// A state in which nothing is granted.
fn denied(manifest: &Manifest, wasi: scan::Wasi) -> Result<State, LoadError> {
    let limits = Limits { memory: DESCRIBE_MEMORY, cpu: DESCRIBE_TIME, ..Limits::default() };
    let shared = Shared {
        name: manifest.toolset.name.clone(),
        digest: String::new(),
        limits,
        rights: Effective::new(manifest, &BTreeMap::new()),
        upstreams: BTreeMap::new(),
        settings: BTreeMap::new(),
        audit: Audit::none(),
    };
    let caller = Caller {
        investigation: "describe".parse()?,
        call: "describe".parse()?,
        tool: "describe".parse()?,
        deadline: Instant::now() + DESCRIBE_TIME,
        cancellation: CancellationToken::new(),
        output_budget: 0,
        redactor: Arc::new(Redactor::new()),
    };
    Ok(State::new(Arc::new(shared), caller, wasi))
}

fn tools(described: Vec<types::Tool>) -> Result<Vec<PackedTool>, LoadError> {
    described
        .into_iter()
        .map(|tool| {
            let name: ToolName = tool.name.parse()?;
            let input_schema = serde_json::from_str(&tool.input_schema).map_err(|error| {
                LoadError::Disagreement(format!("the schema of `{name}` is not JSON: {error}"))
            })?;
            Ok(PackedTool {
                name,
                description: tool.description,
                input_schema,
                side_effect: match tool.side_effect {
                    types::SideEffect::ReadOnly => SideEffect::ReadOnly,
                    types::SideEffect::Mutating => SideEffect::Mutating,
                    types::SideEffect::Destructive => SideEffect::Destructive,
                },
            })
        })
        .collect()
}
