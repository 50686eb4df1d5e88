//! The command line, and nothing else: what is typed here becomes settings elsewhere.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, which has no Markdown")]

mod rbac;
mod snapshot;
mod triage;

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use rbac::{Rbac, RbacFormat, ServiceAccount};
pub(crate) use snapshot::{Snapshot, SnapshotRecord};
pub(crate) use triage::{ReportFormat, Triage};

/// An agent host for people who keep Kubernetes and Azure running.
///
/// Investigates a live or recorded cluster with sandboxed toolsets, with the model of your choice or with
/// none. Answers go to stdout, progress to stderr.
#[derive(Debug, Parser)]
#[command(name = "holmes-host", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// How this command wants to be heard.
    pub(crate) fn output_options(&self) -> OutputOptions {
        let (plain, quiet) = match &self.command {
            Command::Ask(ask) => (ask.plain, ask.quiet),
            Command::Triage(triage) => (triage.plain, triage.quiet),
            Command::Snapshot(_)
            | Command::Rbac(_)
            | Command::Run(_)
            | Command::Plugin(_)
            | Command::Model(_)
            | Command::Auth(_)
            | Command::Doctor(_)
            | Command::Completions { .. } => (false, false),
        };
        OutputOptions { plain, quiet }
    }
}

/// How a command wants to be heard.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OutputOptions {
    pub(crate) plain: bool,
    pub(crate) quiet: bool,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration file [default: $HOLMES_CONFIG_PATH, then ~/.holmes/config.yaml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// More on stderr: -v for information, -vv for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Investigate a question and answer it
    Ask(Box<Ask>),
    /// Look at a cluster without any model, and say what is wrong and why
    Triage(Box<Triage>),
    /// Serve HolmesGPT's HTTP API
    Run(Run),
    /// Record a cluster, so that it can be looked at elsewhere
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Print the least-privilege roles that the plugins need
    Rbac(Rbac),
    /// Look at plugins
    #[command(subcommand)]
    Plugin(Plugin),
    /// Look at models
    #[command(subcommand)]
    Model(Model),
    /// Look at credentials
    #[command(subcommand)]
    Auth(Auth),
    /// Check configuration, plugins, cluster and every model, and say what mends them
    Doctor(Doctor),
    /// Print a completion script for your shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where plugins and the cluster come from.
#[derive(Debug, Args)]
pub(crate) struct World {
    /// Folder of plugins [default: $HOLMES_PLUGINS, ./plugins, then the folder beside the program]
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// A recorded cluster instead of a live one: a folder, a .tar.gz, or files of `kubectl get -o json|yaml`
    #[arg(long, value_name = "PATH")]
    pub(crate) snapshot: Option<PathBuf>,
    /// Kubeconfig of the live cluster [default: $KUBECONFIG, ~/.kube/config, then the pod's service account]
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME", conflicts_with = "snapshot")]
    pub(crate) context: Option<String>,
    /// Recorded exchanges with Azure instead of the live services: a folder or a .tar.gz with cassette.json
    #[arg(long, value_name = "PATH")]
    pub(crate) azure_cassette: Option<PathBuf>,
    /// Append a record of every request and denial to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_log: Option<PathBuf>,
}

/// Which model answers.
#[derive(Debug, Args)]
pub(crate) struct ModelChoice {
    /// A name of the model list, an id such as azure/<deployment>, or builtin/triage
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// API key for a model named by id; better in AZURE_API_KEY or OPENAI_API_KEY
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// Calls of the model at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_steps: Option<u32>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(crate) struct Ask {
    /// The question; text piped to stdin is attached to it
    pub(crate) question: Option<String>,
    #[command(flatten)]
    pub(crate) world: World,
    #[command(flatten)]
    pub(crate) model: ModelChoice,
    /// The namespace that the question is about [default: all]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Attach a file; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// Read the question from a file
    #[arg(long, value_name = "FILE", conflicts_with = "question")]
    pub(crate) prompt_file: Option<PathBuf>,
    /// What to print on stdout
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// Leave out the deterministic triage that runs first
    #[arg(long)]
    pub(crate) no_triage: bool,
    /// Exit with 1 when there are findings
    #[arg(long)]
    pub(crate) exit_verdict: bool,
    /// No progress on stderr, only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// No colour and no symbols beyond ASCII
    #[arg(long)]
    pub(crate) plain: bool,
}

/// What `ask` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The answer, for a terminal
    Text,
    /// The answer as Markdown
    Md,
    /// One JSON document, also when it fails
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) world: World,
    #[command(flatten)]
    pub(crate) model: ModelChoice,
    /// Address to listen on [default: $HOLMES_HOST, then 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// Port to listen on [default: $HOLMES_PORT, then 5050]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// List the plugins of a folder, and why one would not load
    List {
        /// Folder of plugins [default: as for ask]
        #[arg(long, value_name = "DIR")]
        plugins: Option<PathBuf>,
    },
    /// Show what a plugin is, what it asks for and which tools it has
    Inspect {
        /// A component file, or the name of a plugin in the folder
        plugin: String,
        /// Folder of plugins [default: as for ask]
        #[arg(long, value_name = "DIR")]
        plugins: Option<PathBuf>,
    },
    /// Put toolset.toml and the component's own description into a component
    Pack {
        /// The component as it was linked
        component: PathBuf,
        /// The manifest
        #[arg(long, value_name = "FILE", default_value = "toolset.toml")]
        manifest: PathBuf,
        /// Where to write the packed component
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List the models, and why one can not be used
    List,
    /// Ask a model for a word: three lines, the last one says whether the service answered
    Test(ModelTest),
}

#[derive(Debug, Args)]
pub(crate) struct ModelTest {
    /// A name of the model list, or an id such as azure/<deployment> [default: the default model]
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The same
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(crate) model: Option<String>,
    /// Variable that holds the endpoint, where a Service Connector connection has customised names
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) endpoint_env: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Check every step from the environment to an answer, and say what mends a broken one
    Check(AuthCheck),
    /// Say whether a token can be obtained; the token itself is never shown
    Token(AuthToken),
}

#[derive(Debug, Args)]
pub(crate) struct AuthCheck {
    /// A name of the model list, or an id such as azure/<deployment> [default: the default model]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Every model of the list
    #[arg(long, conflicts_with = "model")]
    pub(crate) all: bool,
    /// Ask the model for a word, which costs a few tokens
    #[arg(long)]
    pub(crate) chat: bool,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Variable that holds the endpoint, where a Service Connector connection has customised names
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) endpoint_env: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AuthToken {
    /// Obtain a token and say when it ends and who gave it
    #[arg(long, required = true)]
    pub(crate) check: bool,
    /// What the token is for [default: the model's, then https://cognitiveservices.azure.com/.default]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// The model whose identity is used [default: the default model]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Folder of plugins [default: as for ask]
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// Ask every model for a word, which costs a few tokens
    #[arg(long)]
    pub(crate) chat: bool,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
