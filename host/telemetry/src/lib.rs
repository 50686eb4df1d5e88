//! Logs for the operator and the audit trail. Floor 1.
//!
//! Nothing here may hold a body, a prompt, arguments or a token: what reaches a span or a record is a name,
//! a number or a decision.

pub mod audit;
mod causes;

use std::io::IsTerminal;

pub use causes::{causes, with_causes};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A level (`warn`) or a filter (`holmes_sandbox=debug,warn`).
    pub filter: String,
    /// How it is written.
    pub format: Format,
}

/// The filter does not parse.
#[derive(Debug, thiserror::Error)]
#[error("the log filter `{filter}` does not parse; expected a level such as `warn`, or `crate=level` pairs")]
pub struct InvalidFilter {
    filter: String,
}

/// Starts logging to stderr. A second call changes nothing.
///
/// # Errors
/// When the filter does not parse.
pub fn init(config: &Config) -> Result<(), InvalidFilter> {
    let filter =
        EnvFilter::try_new(&config.filter).map_err(|_| InvalidFilter { filter: config.filter.clone() })?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match config.format {
        Format::Text => {
            let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
            registry.with(layer.with_target(false).without_time()).try_init()
        }
        Format::Json => registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init(),
    };
    // A test that starts several programs in one process gets the first one's logging.
    drop(started);
    Ok(())
}
