//! Arguments of `triage`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use holmes_protocol::Severity;

use super::World;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(crate) struct Triage {
    #[command(flatten)]
    pub(crate) world: World,
    /// Only this namespace [default: all]
    #[arg(short, long, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub(crate) namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Only findings about objects with these labels, for example app=web,tier=front
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// What to print on stdout
    #[arg(short, long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) output: ReportFormat,
    /// Show what is worth knowing but no fault; it never counts
    #[arg(long)]
    pub(crate) notes: bool,
    /// Judge also the logs of containers that run well
    #[arg(long)]
    pub(crate) deep: bool,
    /// Tell also what an annotation in the cluster asks not to be told
    #[arg(long)]
    pub(crate) no_suppress: bool,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Warning)]
    pub(crate) fail_on: FailOn,
    /// Exit with 3 when anything that was needed could not be read
    #[arg(long)]
    pub(crate) strict: bool,
    /// Show only what is new, changed or resolved since a former `-o json` report
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub(crate) since: Option<PathBuf>,
    /// Keep looking, and report changes
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// How long to wait between two looks: 30s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = interval, requires = "watch")]
    pub(crate) interval: Duration,
    /// No progress on stderr, only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// No colour and no symbols beyond ASCII
    #[arg(long)]
    pub(crate) plain: bool,
}

/// What `triage` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For a terminal
    Text,
    /// One document of schema triage/v1
    Json,
    /// The same as YAML
    Yaml,
    /// For a ticket or a chat
    Md,
}

/// From which severity on a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any finding
    Warning,
    /// A workload is not doing its job, or worse
    Error,
    /// A user-facing path or the cluster is broken
    Critical,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
            FailOn::Critical => Self::Critical,
        }
    }
}

/// Longest interval: beyond it, a scheduled job is the better watch.
const LONGEST: Duration = Duration::from_hours(24);

/// A whole number with its unit.
fn interval(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds = match text.strip_prefix(digits) {
        Some("s" | "") => Some(1),
        Some("m") => Some(60),
        Some("h") => Some(3600),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let total =
        seconds.zip(number).and_then(|(unit, number)| number.checked_mul(unit)).map(Duration::from_secs);
    total.filter(|total| (Duration::from_secs(1)..=LONGEST).contains(total)).ok_or_else(|| {
        "expected a whole number and its unit from 1s to 24h, for example 30s or 5m".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_with_its_unit_within_bounds() {
        let seconds = |text| interval(text).map(|interval| interval.as_secs());
        assert_eq!(
            [seconds("30s"), seconds("5m"), seconds("24h"), seconds("7")],
            [Ok(30), Ok(300), Ok(86400), Ok(7)]
        );
        for wrong in [
            "",
            "0s",
            "25h",
            "-3s",
            "1.5m",
            "5 m",
            "m",
            "30ms",
            "99999999999999999999s",
            "9999999999999999999h",
        ] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
