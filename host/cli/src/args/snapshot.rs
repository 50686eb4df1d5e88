//! Arguments of `snapshot`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// Record a live cluster: objects and logs, with secrets left out
    Record(SnapshotRecord),
}

#[derive(Debug, Args)]
pub(crate) struct SnapshotRecord {
    /// Where the recording goes: a .tar.gz, or a folder
    #[arg(short, long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// Kubeconfig of the cluster [default: $KUBECONFIG, ~/.kube/config, then the pod's service account]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The cluster's name in the recording [default: the context's]
    #[arg(long, value_name = "CLUSTER")]
    pub(crate) name: Option<String>,
    /// Only this namespace and what is in none; may be repeated [default: all]
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Vec<String>,
    /// Only these kinds, as in `kubectl api-resources`: pods,deployments.apps
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) include: Vec<String>,
    /// All kinds but these
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// Objects and logs before compression at most; logs give way first
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = size)]
    pub(crate) max_size: u64,
    /// Lines of a container's log at most
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) log_lines: u32,
    /// Bytes of a container's log at most
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = log_size)]
    pub(crate) log_bytes: u32,
    /// No logs
    #[arg(long, conflicts_with_all = ["log_lines", "log_bytes"])]
    pub(crate) no_logs: bool,
    /// No progress and no summary, only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// A log that is larger than this is not a tail.
const LARGEST_LOG: u64 = 64 << 20;

/// What Kubernetes permits: it becomes a part of a path.
fn namespace(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 63 || !text.bytes().all(plain) {
        return Err("a namespace has lower-case letters, digits and `-`, 63 at most".to_owned());
    }
    Ok(text.to_owned())
}

/// A whole number with its unit.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "ki" | "kib" => Some(1 << 10),
        "m" | "mi" | "mib" => Some(1 << 20),
        "g" | "gi" | "gib" => Some(1 << 30),
        _ => None,
    };
    let bytes = digits.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "expected a whole number and its unit, for example 256KiB, 512MiB or 2GiB".to_owned())
}

fn log_size(text: &str) -> Result<u32, String> {
    let bytes = size(text)?;
    let bytes = u32::try_from(bytes).ok().filter(|_| bytes <= LARGEST_LOG);
    bytes.ok_or_else(|| "a container's log has at most 64MiB here".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_with_its_unit() {
        for (text, bytes) in
            [("7", 7), ("256KiB", 256 << 10), ("512MiB", 512 << 20), ("2g", 2 << 30), ("1Mi", 1 << 20)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "0", "MiB", "1.5MiB", "-1", "1TiB", "1 MiB", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert!(log_size("1GiB").is_err());
    }

    #[test]
    fn a_namespace_is_one_that_kubernetes_permits() {
        assert_eq!(namespace("shop-2"), Ok("shop-2".to_owned()));
        for wrong in ["", "Shop", "a/b", "..", "a b"] {
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
    }
}
