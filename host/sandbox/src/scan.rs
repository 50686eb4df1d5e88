//! Looks at a component before anything of it is compiled: is it one, is it of honest size, what does it import?

use semver::{Version, VersionReq};
use wasmparser::{Parser, Payload};

use crate::{
    CONTRACT, LoadError,
    manifest::{Packed, SECTION},
};

/// Largest component file. JavaScript and Python toolsets have 12 to 18 MB.
pub(crate) const COMPONENT_BYTES: u64 = 64 << 20;

/// Largest manifest section: fifty tools with long schemas take a tenth of it.
const SECTION_BYTES: usize = 1 << 20;

/// Caps far above any honest toolset (Python: 2,000 types, 9,000 functions, 40 core instances) and far
/// below what would make the compiler sweat.
const TYPES: usize = 20_000;
const IMPORTS: usize = 1_000;
const FUNCTIONS: usize = 200_000;
const NESTED: usize = 500;
/// The largest single function body: Cranelift's memory grows with a function, not with a file.
const FUNCTION_BYTES: usize = 4 << 20;

/// Does the component need an (empty) WASI?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wasi {
    /// It imports none, and gets none.
    None,
    /// It imports some, and gets one without environment, files or sockets.
    Empty,
}

/// What a look at the file told.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) wasi: Wasi,
    /// The manifest section, if there is one.
    pub(crate) packed: Option<Packed>,
}

/// Interfaces of WASI that the empty context serves; all others are refused by name.
const WASI: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The interfaces that a toolset may import.
const IMPORTS_OF_CONTRACT: [&str; 6] = ["types", "context", "log", "clock", "config", "http"];

#[derive(Default)]
struct Counts {
    types: usize,
    imports: usize,
    functions: usize,
    nested: usize,
}

/// Reads the file's structure and its manifest section.
#[expect(clippy::wildcard_enum_match_arm, reason = "sections that carry nothing to check")]
pub(crate) fn scan(bytes: &[u8]) -> Result<Scan, LoadError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm);
    }
    if !Parser::is_component(bytes) {
        return Err(if Parser::is_core_wasm(bytes) { LoadError::CoreModule } else { LoadError::NotWasm });
    }
    let damaged = |error: wasmparser::BinaryReaderError| LoadError::Damaged(error.message().to_owned());
    let mut counts = Counts::default();
    let mut depth = 0_usize;
    let (mut wasi, mut has_tools, mut section) = (Wasi::None, false, None);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(damaged)?;
        count(&payload, &mut counts)?;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 0 => {
                for import in reader {
                    if check_import(import.map_err(damaged)?.name.name)? == Wasi::Empty {
                        wasi = Wasi::Empty;
                    }
                }
            }
            Payload::ComponentExportSection(reader) if depth == 0 => {
                for export in reader {
                    has_tools |= check_export(export.map_err(damaged)?.name.name)?;
                }
            }
            Payload::CustomSection(reader) if depth == 0 && reader.name() == SECTION => {
                // With two, one tool would show this and another that.
                let first = section.replace(reader.data());
                if first.is_some() {
                    return Err(LoadError::Manifest("there are two of them".to_owned()));
                }
            }
            _ => {}
        }
    }
    if !has_tools {
        return Err(LoadError::NoTools);
    }
    let packed = section.map(read_section).transpose()?;
    Ok(Scan { wasi, packed })
}

fn read_section(data: &[u8]) -> Result<Packed, LoadError> {
    if data.len() > SECTION_BYTES {
        return Err(LoadError::TooMany { what: "bytes of manifest", limit: SECTION_BYTES });
    }
    Packed::from_section(data)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sections that carry nothing to count")]
fn count(payload: &Payload<'_>, counts: &mut Counts) -> Result<(), LoadError> {
    match payload {
        Payload::TypeSection(reader) => counts.types += reader.count() as usize,
        Payload::ComponentTypeSection(reader) => counts.types += reader.count() as usize,
        Payload::CoreTypeSection(reader) => counts.types += reader.count() as usize,
        Payload::ImportSection(reader) => counts.imports += reader.count() as usize,
        Payload::ComponentImportSection(reader) => counts.imports += reader.count() as usize,
        Payload::FunctionSection(reader) => counts.functions += reader.count() as usize,
        // Each becomes a trampoline, which has to be compiled too.
        Payload::ComponentCanonicalSection(reader) => counts.functions += reader.count() as usize,
        Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => counts.nested += 1,
        Payload::InstanceSection(reader) => counts.nested += reader.count() as usize,
        Payload::ComponentInstanceSection(reader) => counts.nested += reader.count() as usize,
        Payload::CodeSectionEntry(body) if body.as_bytes().len() > FUNCTION_BYTES => {
            return Err(LoadError::TooMany { what: "bytes in one function", limit: FUNCTION_BYTES });
        }
        _ => {}
    }
    let caps = [
        ("types", counts.types, TYPES),
        ("imports", counts.imports, IMPORTS),
        ("functions", counts.functions, FUNCTIONS),
        ("nested modules and instances", counts.nested, NESTED),
    ];
    match caps.into_iter().find(|(_, found, limit)| found > limit) {
        Some((what, _, limit)) => Err(LoadError::TooMany { what, limit }),
        None => Ok(()),
    }
}

fn check_import(name: &str) -> Result<Wasi, LoadError> {
    if WASI.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(Wasi::Empty);
    }
    let Some((interface, version)) = contract_name(name) else { return Err(unknown(name)) };
    check_version(version)?;
    if IMPORTS_OF_CONTRACT.contains(&interface) { Ok(Wasi::None) } else { Err(unknown(name)) }
}

/// Whether this export is the contract's `tools`.
fn check_export(name: &str) -> Result<bool, LoadError> {
    match contract_name(name) {
        Some(("tools", version)) => check_version(version).map(|()| true),
        _ => Ok(false),
    }
}

/// `holmes:toolset/http@0.1.0` into interface and version.
fn contract_name(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix("holmes:toolset/")?;
    Some(rest.split_once('@').unwrap_or((rest, "none")))
}

/// Within one minor version every component runs on every host. A version that is none is not served either.
fn check_version(version: &str) -> Result<(), LoadError> {
    let found = Version::parse(version);
    let served =
        VersionReq::parse(CONTRACT).is_ok_and(|served| found.is_ok_and(|found| served.matches(&found)));
    if served {
        Ok(())
    } else {
        Err(LoadError::Contract { found: version.chars().take(40).collect(), supported: CONTRACT })
    }
}

fn unknown(name: &str) -> LoadError {
    LoadError::UnknownImport(name.chars().take(120).flat_map(char::escape_debug).collect())
}
