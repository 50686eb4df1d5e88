//! The mechanics of configuration: files, templates, the environment, errors. Floor 1.
//!
//! This crate knows no setting. The shape of a configuration is the `Config` of the crate that it is for;
//! what is here reads such a shape strictly and says where a person has to look when it does not fit.

mod environment;
mod error;
mod nearest;
mod template;
mod yaml;

pub use environment::Environment;
pub use error::{ConfigError, Invalid};
pub use nearest::{by_nearness, nearest};
pub use template::{Missing, Template, TemplateError, Unresolved, resolve};
pub use yaml::{load, parse};
