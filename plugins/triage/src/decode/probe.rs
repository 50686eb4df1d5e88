//! What a failed probe says.

use crate::decode::holds_any;

/// Which probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    Liveness,
    Readiness,
    Startup,
}

impl Probe {
    /// The probe's field in a container.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
            Self::Startup => "startupProbe",
        }
    }

    /// The word that kubelet writes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
            Self::Startup => "Startup",
        }
    }
}

/// Reads an `Unhealthy` event.
pub(crate) fn parse(message: &str) -> Option<(Probe, &str)> {
    [Probe::Liveness, Probe::Readiness, Probe::Startup].into_iter().find_map(|probe| {
        let rest = message.strip_prefix(probe.word())?;
        let rest = rest.strip_prefix(" probe failed: ").or_else(|| rest.strip_prefix(" probe errored"))?;
        Some((probe, rest.trim_start_matches([':', ' '])))
    })
}

/// The class of a failure.
pub(crate) fn class(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    let has = |needles: &[&str]| holds_any(&text, needles);
    if has(&["connection refused"]) {
        "refused"
    } else if has(&["statuscode: 404"]) {
        "wrong-path"
    } else if has(&["server gave http response to https client", "http request to an https server"])
        || (has(&["statuscode: 400"]) && has(&["tls", "https"]))
    {
        "wrong-scheme"
    } else if has(&["malformed http", "http/0.9", "does not implement the grpc health protocol"]) {
        "wrong-protocol"
    } else if has(&["statuscode: 401", "statuscode: 403"]) {
        "auth"
    } else if has(&["statuscode: 5", "not_serving"]) {
        "app-unhealthy"
    } else if has(&[
        "client.timeout",
        "context deadline exceeded",
        "i/o timeout",
        "did not complete within",
        "timed out",
    ]) {
        "timeout"
    } else if has(&["executable file not found", "no such file"]) {
        "exec-missing"
    } else if has(&["strconv.atoi: parsing", "couldn't find port", "could not find port"]) {
        "wrong-port"
    } else {
        "failed"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubelet_texts_have_a_probe_and_a_class() {
        let (probe, rest) = parse(
            "Liveness probe failed: Get \"http://10.0.0.1:8081/live\": dial tcp 10.0.0.1:8081: connect: connection refused",
        )
        .unwrap();
        assert_eq!((probe, class(rest)), (Probe::Liveness, "refused"));
        let (probe, rest) = parse("Readiness probe failed: HTTP probe failed with statuscode: 404").unwrap();
        assert_eq!((probe, class(rest)), (Probe::Readiness, "wrong-path"));
        assert_eq!(parse("Probe warning: something"), None);
    }
}
