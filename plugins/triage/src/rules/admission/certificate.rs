//! Certificates that somebody serves: of Ingresses and Gateways, with what is known of them. A Secret arrives with
//! the facts of its certificate only; where Secrets may not be read, cert-manager's Certificate tells the dates.

use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{Lookup, View};

/// A certificate, who serves it, and for which hosts.
#[derive(Debug)]
pub(super) struct Served<'a> {
    /// The Ingress or Gateway.
    pub(super) user: &'a Value,
    /// Where the user names it.
    path: &'static str,
    pub(super) hosts: Vec<&'a str>,
    /// The Secret, or the Certificate that stands for it.
    pub(super) holder: &'a Value,
    /// Path of the dates in the holder.
    facts: &'static str,
    pub(super) from: Option<Seconds>,
    pub(super) until: Seconds,
    /// Names that it covers; empty where nobody knows.
    pub(super) names: Vec<&'a str>,
    /// When its issuer's controller renews it, where one does.
    pub(super) renewal: Renewal,
}

/// Who takes care of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    Nobody,
    Controller,
    /// The controller said when, and that is past.
    Overdue,
}

impl<'a> Served<'a> {
    /// A draft that cites the dates and the user.
    pub(super) fn draft(&self, rule: &str, class: &str, severity: holmes_protocol::Severity) -> Draft {
        let mut draft = Draft::new(rule, class, severity, self.holder);
        for field in ["notAfter", "notBefore", "subject", "subjectAlternativeNames", "renewalTime"] {
            draft.field(self.holder, &format!("{}.{field}", self.facts));
        }
        draft.field(self.user, self.path);
        draft.affects(self.user);
        draft.takes_down.insert(self.user.key());
        let (kind, namespace, name) =
            (self.holder.kind().to_ascii_lowercase(), self.holder.namespace(), self.holder.name());
        draft.check(&["kubectl", "-n", namespace, "describe", &kind, name], "when it was renewed");
        draft
    }

    /// `certificate in Secret web-tls of Ingress web`.
    pub(super) fn title(&self) -> String {
        let (holder, user) = (self.holder, self.user);
        format!("certificate in {} {} of {} {}", holder.kind(), holder.name(), user.kind(), user.name())
    }

    /// A host that is served and that the certificate does not name.
    pub(super) fn uncovered(&self) -> Option<&'a str> {
        let covers = |host: &str| {
            self.names.iter().any(|name| {
                let name = name.trim_start_matches("DNS:");
                let wildcard = name.strip_prefix("*.").zip(host.split_once('.'));
                name.eq_ignore_ascii_case(host)
                    || wildcard.is_some_and(|(zone, (_, rest))| zone.eq_ignore_ascii_case(rest))
            })
        };
        if self.names.is_empty() {
            return None;
        }
        self.hosts.iter().copied().find(|host| !host.is_empty() && !covers(host))
    }
}

/// Every certificate that an Ingress or a Gateway serves, as far as its dates are known.
pub(super) fn served<'a>(view: &View<'a>) -> Vec<Served<'a>> {
    let ingresses = view.all(Kind::Ingress).iter().flat_map(|ingress| {
        ingress.items("/spec/tls").iter().filter_map(move |entry| {
            let hosts = entry.items("/hosts").iter().filter_map(Value::as_str).collect();
            look(view, ingress, ".spec.tls", entry.text("/secretName"), ingress.namespace(), hosts)
        })
    });
    let gateways = view.all(Kind::Gateway).iter().flat_map(|gateway| {
        gateway.items("/spec/listeners").iter().flat_map(move |listener| {
            listener.items("/tls/certificateRefs").iter().filter_map(move |reference| {
                let namespace = match reference.text("/namespace") {
                    "" => gateway.namespace(),
                    namespace => namespace,
                };
                let hosts = vec![listener.text("/hostname")];
                look(view, gateway, ".spec.listeners", reference.text("/name"), namespace, hosts)
            })
        })
    });
    ingresses.chain(gateways).collect()
}

fn look<'a>(
    view: &View<'a>,
    user: &'a Value,
    path: &'static str,
    secret: &str,
    namespace: &str,
    hosts: Vec<&'a str>,
) -> Option<Served<'a>> {
    let issued = view.all(Kind::Certificate).iter().find(|certificate| {
        certificate.namespace() == namespace && certificate.text("/spec/secretName") == secret
    });
    let renewal = issued.and_then(|certificate| certificate.time("/status/renewalTime"));
    match view.find(Kind::Secret, namespace, secret) {
        Lookup::Found(holder) => {
            let facts = holder.get("data")?.get("tls.crt")?.get("certificate")?;
            let annotated = holder
                .pairs("/metadata/annotations")
                .iter()
                .any(|(key, _)| key.starts_with("cert-manager.io/"));
            Some(Served {
                user,
                path,
                hosts,
                holder,
                facts: ".data['tls.crt'].certificate",
                from: facts.time("/notBefore"),
                until: facts.time("/notAfter")?,
                names: facts.items("/subjectAlternativeNames").iter().filter_map(Value::as_str).collect(),
                renewal: of(view, issued.is_some() || annotated, renewal),
            })
        }
        Lookup::Unknown => {
            let holder = issued?;
            Some(Served {
                user,
                path,
                hosts,
                holder,
                facts: ".status",
                from: holder.time("/status/notBefore"),
                until: holder.time("/status/notAfter")?,
                names: holder.items("/spec/dnsNames").iter().filter_map(Value::as_str).collect(),
                renewal: of(view, true, renewal),
            })
        }
        Lookup::Absent => None,
    }
}

fn of(view: &View<'_>, managed: bool, renewal: Option<Seconds>) -> Renewal {
    match (managed, renewal) {
        (_, Some(moment)) if moment < view.now => Renewal::Overdue,
        (false, None) => Renewal::Nobody,
        (true, _) | (_, Some(_)) => Renewal::Controller,
    }
}

/// Certificates for the tests of the rules.
#[cfg(test)]
pub(super) mod scenes {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    /// An Ingress for `web.example` with a certificate of these dates and names.
    pub(crate) fn with(from: &str, until: &str, name: &str) -> Scene {
        Scene::new().with(Kind::Ingress, "web", ingress()).with(
            Kind::Secret,
            "web-tls",
            json!({"data": {"tls.crt": {"certificate": {"notBefore": from, "notAfter": until, "subject": "CN=web",
                "subjectAlternativeNames": [format!("DNS:{name}")]}}}}),
        )
    }

    pub(crate) fn ingress() -> serde_json::Value {
        json!({"spec": {"tls": [{"secretName": "web-tls", "hosts": ["web.example"]}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}})
    }
}
