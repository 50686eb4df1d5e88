//! `rbac`: for whom, where, and what is left out.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

/// Print the least Kubernetes roles that the toolsets need
///
/// Read from the manifests inside the plugins: no cluster is asked and nothing is run. Each rule says which
/// toolset needs it and what is lost without it. Secrets are left out unless --with-secrets is given.
#[derive(Debug, Args)]
pub(crate) struct Rbac {
    /// Folder of plugins [default: as for ask]
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// Only this namespace, and objects of the whole cluster; may be repeated [default: all namespaces]
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Vec<String>,
    /// Name of the roles and bindings
    #[arg(long, default_value = "holmes-host", value_parser = name)]
    pub(crate) name: String,
    /// Bind the roles to this service account
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub(crate) service_account: Option<ServiceAccount>,
    /// Only this toolset; may be repeated [default: all of the folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) toolset: Vec<String>,
    /// Leave out a resource, such as configmaps or deployments.apps; may be repeated
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) without: Vec<String>,
    /// Let toolsets know which Secrets and keys exist; the host masks their values
    #[arg(long)]
    pub(crate) with_secrets: bool,
    /// What to print on stdout
    #[arg(short, long, value_enum, default_value_t = RbacFormat::Yaml)]
    pub(crate) output: RbacFormat,
}

/// What `rbac` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RbacFormat {
    /// Manifests for `kubectl apply`, with comments
    Yaml,
    /// The same as one List, without comments
    Json,
    /// A table for people
    Text,
}

/// A service account by namespace and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceAccount {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl FromStr for ServiceAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (space, account) =
            text.split_once('/').ok_or("expected NAMESPACE/NAME, for example holmes/holmes-host")?;
        Ok(Self { namespace: namespace(space)?, name: name(account)? })
    }
}

/// A DNS label, as the API server wants it.
fn namespace(text: &str) -> Result<String, String> {
    if text.len() <= 63 && is_label(text) {
        return Ok(text.to_owned());
    }
    Err("a namespace has up to 63 lower-case letters, digits and `-`, and begins and ends with a letter or digit"
        .to_owned())
}

/// A DNS subdomain, as the API server wants it.
fn name(text: &str) -> Result<String, String> {
    if text.len() <= 253 && text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err("a name has up to 253 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit"
        .to_owned())
}

fn is_label(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().all(|byte| alphanumeric(byte) || byte == b'-')
        && text.bytes().next().is_some_and(alphanumeric)
        && text.bytes().last().is_some_and(alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_has_a_namespace_and_a_name() {
        let account: ServiceAccount = "holmes/reader.v1".parse().unwrap();
        assert_eq!((account.namespace.as_str(), account.name.as_str()), ("holmes", "reader.v1"));
        for wrong in ["reader", "holmes/", "/reader", "Holmes/reader", "a/b/c", "ho lmes/x", "h.x/reader"] {
            assert!(wrong.parse::<ServiceAccount>().is_err(), "{wrong}");
        }
    }
}
