//! Why a plugin could not be loaded: what is wrong, and what to do about it.

use std::path::PathBuf;

use holmes_protocol::InvalidName;

/// A plugin that is refused. The text is one sentence for the operator; the file's name stands before it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can not be read.
    #[error("the file can not be read: {0}")]
    Read(#[source] std::io::Error),
    /// The path is no regular file.
    #[error("it is {0}, not a regular file; copy the component itself into the folder")]
    NotRegular(&'static str),
    /// The file is larger than a component may be.
    #[error("it has {size} bytes, more than the {limit} allowed for a component")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not WebAssembly at all.
    #[error("it is not a WebAssembly component; build it with `cargo plugins`")]
    NotWasm,
    /// WebAssembly, but a core module.
    #[error(
        "it is a core module, not a component; link it with `wasm-component-ld` or `wasm-tools component new`"
    )]
    CoreModule,
    /// Cut short or otherwise malformed.
    #[error("it is truncated or damaged ({0}); build or copy it again")]
    Damaged(String),
    /// More of something than any honest component has.
    #[error("it has more than {limit} {what}; a component of that size is refused")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It imports something that no host gives.
    #[error("it imports `{0}`, which no toolset is given; rebuild it without that import")]
    UnknownImport(String),
    /// It exports no tools.
    #[error("it does not export `holmes:toolset/tools`; it is a component, but not a toolset")]
    NoTools,
    /// Made for another version of the contract.
    #[error(
        "it was built for contract {found}, and this host serves {supported}; rebuild it with a matching holmes-plugin"
    )]
    Contract {
        /// The version found.
        found: String,
        /// The range served.
        supported: &'static str,
    },
    /// The section that describes it is missing.
    #[error(
        "it carries no manifest (section `holmes:toolset`); pack it with `cargo plugins` or `holmes-host plugin pack`"
    )]
    NoManifest,
    /// The section or `toolset.toml` is not valid.
    #[error("its manifest is not valid: {0}")]
    Manifest(String),
    /// A name breaks the rules.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// What `describe` says and what the manifest says differ.
    #[error("`describe` and the manifest disagree: {0}")]
    Disagreement(String),
    /// The operator pinned another digest.
    #[error(
        "its digest is {found}, but {pinned} is pinned; check where the file came from, then change the pin"
    )]
    Digest {
        /// The file's digest.
        found: String,
        /// The operator's pin.
        pinned: String,
    },
    /// The operator's settings do not fit the upstream.
    #[error("its upstream `{name}` is of kind `{kind}`, but {reason}")]
    Upstream {
        /// The guest's name for it.
        name: String,
        /// The kind that the manifest wants.
        kind: String,
        /// What does not fit.
        reason: String,
    },
    /// The compiler refused it, died, or took too long.
    #[error("it could not be compiled: {0}")]
    Compile(String),
    /// It wants more memories or tables than the pool has.
    #[error("it needs {what}, more than the {limit} this host gives one toolset")]
    Resources {
        /// What it needs.
        what: String,
        /// The limit.
        limit: String,
    },
    /// It does not fit the contract's types.
    #[error("it does not link: {0}")]
    Link(String),
    /// `describe` trapped or ran into a limit.
    #[error("`describe` failed: {0}")]
    Describe(String),
}

/// Why the sandbox as a whole could not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Wasmtime refused the settings.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The plugins folder is missing or unreadable.
    #[error("the plugins folder {} can not be read: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The folder holds no component.
    #[error("the plugins folder {} holds no .wasm file", folder.display())]
    EmptyFolder {
        /// The folder.
        folder: PathBuf,
    },
}
