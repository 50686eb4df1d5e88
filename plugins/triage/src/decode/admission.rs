//! Why the API server refused to create a pod.

use crate::decode::between;
use crate::object::quantity;

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
    PolicyDenied {
        policy: String,
    },
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
    if message.contains("insufficient quota to consume") {
        return Refusal::QuotaMustSpecify { quota: String::new() };
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
        let policy = between(message, "ValidatingAdmissionPolicy '", "'").unwrap_or_default();
        return Refusal::PolicyDenied { policy: policy.to_owned() };
    }
    if message.contains("unable to validate against any security context constraint") {
        return Refusal::SecurityContextConstraint;
    }
    if message.contains("because it is being terminated") {
        return Refusal::NamespaceTerminating;
    }
    if message.contains("is invalid:") { Refusal::InvalidSpec } else { Refusal::Other }
}

/// The resources that a quota message says do not fit: used and requested are together more than is allowed.
fn requested(message: &str) -> Vec<String> {
    let asked = amounts(between(message, "requested: ", ", used:").unwrap_or_default());
    let used = amounts(between(message, "used: ", ", limited:").unwrap_or_default());
    let limited = amounts(message.split_once("limited: ").map_or("", |(_, rest)| rest));
    let amount = |list: &[(&str, &str)], name: &str| {
        list.iter().find(|(known, _)| *known == name).and_then(|(_, text)| quantity(text))
    };
    let fits = |name: &str| {
        let sum = amount(&asked, name).zip(amount(&used, name)).map(|(asked, used)| asked + used);
        sum.zip(amount(&limited, name)).is_some_and(|(sum, limit)| sum <= limit)
    };
    asked.iter().filter(|(name, _)| !fits(name)).map(|(name, _)| (*name).to_owned()).collect()
}

/// `requests.cpu=1,pods=2`.
fn amounts(list: &str) -> Vec<(&str, &str)> {
    list.split(',').filter_map(|pair| pair.trim().split_once('=')).collect()
}

fn webhook_cause(message: &str) -> &'static str {
    let cases = [
        ("no endpoints available", "no-endpoints"),
        ("no service port", "wrong-port"),
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
        let two = "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1, used: pods=4,requests.cpu=6, limited: pods=10,requests.cpu=6";
        assert_eq!(
            refusal(two),
            Refusal::Quota { quota: "q".into(), resources: vec!["requests.cpu".into()] }
        );
        let policy =
            "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
        assert_eq!(refusal(policy), Refusal::PolicyDenied { policy: "p".into() });
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
