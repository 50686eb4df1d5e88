//! Why the API server refused to create a pod.

use crate::decode::between;

/// A refusal, by what has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The quota's name, and the resources that do not fit.
    Quota {
        quota: String,
        resources: Vec<String>,
    },
    QuotaMustSpecify {
        quota: String,
    },
    LimitRange,
    PodSecurity {
        level: String,
    },
    ServiceAccount {
        name: String,
    },
    PriorityClass {
        name: String,
    },
    WebhookUnreachable {
        webhook: String,
        cause: &'static str,
    },
    WebhookDenied {
        webhook: String,
    },
    PolicyDenied,
    InvalidSpec,
    SecurityContextConstraint,
    NamespaceTerminating,
    Other,
}

/// Reads a `FailedCreate` or `ReplicaFailure` message.
pub(crate) fn refusal(message: &str) -> Refusal {
    let quoted = |start: &str| between(message, start, "\"").map(str::to_owned);
    if let Some(quota) = between(message, "exceeded quota: ", ",") {
        return Refusal::Quota { quota: quota.to_owned(), resources: requested(message) };
    }
    if let Some(quota) = between(message, "failed quota: ", ":") {
        return Refusal::QuotaMustSpecify { quota: quota.to_owned() };
    }
    if let Some(name) = quoted("failed calling webhook \"") {
        return Refusal::WebhookUnreachable { webhook: name, cause: webhook_cause(message) };
    }
    if let Some(name) = quoted("admission webhook \"") {
        return Refusal::WebhookDenied { webhook: name };
    }
    if let Some(level) = quoted("violates PodSecurity \"") {
        return Refusal::PodSecurity { level };
    }
    if message.contains("error looking up service account")
        && let Some(name) = quoted("serviceaccount \"")
    {
        return Refusal::ServiceAccount { name };
    }
    if let Some(name) = between(message, "no PriorityClass with name ", " was found") {
        return Refusal::PriorityClass { name: name.to_owned() };
    }
    if message.contains("usage per Container is")
        || message.contains("usage per Pod is")
        || message.contains("to request ratio")
    {
        return Refusal::LimitRange;
    }
    if message.contains("ValidatingAdmissionPolicy") {
        return Refusal::PolicyDenied;
    }
    if message.contains("unable to validate against any security context constraint") {
        return Refusal::SecurityContextConstraint;
    }
    if message.contains("because it is being terminated") {
        return Refusal::NamespaceTerminating;
    }
    if message.contains("is invalid:") { Refusal::InvalidSpec } else { Refusal::Other }
}

/// The resources that a quota message says were requested.
fn requested(message: &str) -> Vec<String> {
    let list = between(message, "requested: ", ", used:").unwrap_or_default();
    list.split(',').filter_map(|pair| Some(pair.trim().split_once('=')?.0.to_owned())).collect()
}

fn webhook_cause(message: &str) -> &'static str {
    let cases = [
        ("no endpoints available", "no-endpoints"),
        ("connection refused", "no-endpoints"),
        ("not found", "no-service"),
        ("x509:", "tls"),
        ("context deadline exceeded", "timeout"),
        ("timeout", "timeout"),
    ];
    cases.iter().find(|(text, _)| message.contains(text)).map_or("unreachable", |(_, cause)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admission_texts_name_what_refused() {
        let quota = "pods \"x\" is forbidden: exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=5850m, limited: requests.cpu=6";
        assert_eq!(
            refusal(quota),
            Refusal::Quota { quota: "compute".into(), resources: vec!["requests.cpu".into()] }
        );
        let account =
            "pods \"a-\" is forbidden: error looking up service account ns/a: serviceaccount \"a\" not found";
        assert_eq!(refusal(account), Refusal::ServiceAccount { name: "a".into() });
        let security = "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged (…)";
        assert_eq!(refusal(security), Refusal::PodSecurity { level: "restricted:latest".into() });
        let webhook = "Internal error occurred: failed calling webhook \"v.example\": failed to call webhook: Post \"https://s.ns.svc:443/x\": no endpoints available for service \"s\"";
        assert_eq!(
            refusal(webhook),
            Refusal::WebhookUnreachable { webhook: "v.example".into(), cause: "no-endpoints" }
        );
        let range = "pods \"x\" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi";
        assert_eq!(refusal(range), Refusal::LimitRange);
        assert_eq!(refusal("something else"), Refusal::Other);
    }
}
