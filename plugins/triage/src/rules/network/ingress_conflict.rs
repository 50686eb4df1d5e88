//! `ingress-conflict`. `duplicate`: two Ingresses of one class claim the same host and path for different
//! backends, so that one of them is ignored. `misroute`: a path is named like a Service of the namespace that
//! nothing routes to, and leads to another one; a note, for names are only names.
//!
//! Not on: canaries and other Ingresses that are meant to be merged, and Ingresses behind different addresses.

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "ingress-conflict",
    subject: Subject::Network,
    reads: &[Kind::Ingress],
    explains: &[],
    yields_to: &[],
    evaluate,
};

/// Annotations that say that an Ingress shares its paths on purpose.
const SHARED: [&str; 3] = [
    "nginx.ingress.kubernetes.io/canary",
    "nginx.org/mergeable-ingress-type",
    "alb.ingress.kubernetes.io/group.name",
];

/// One path of an Ingress.
struct Claim<'a> {
    ingress: &'a Value,
    path: &'a Value,
    /// Where it stands in the Ingress.
    place: String,
}

/// Class, host, path and type of the path.
type Place<'a> = (&'a str, &'a str, &'a str, &'a str);

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut claims: BTreeMap<Place<'_>, Vec<Claim<'_>>> = BTreeMap::new();
    for ingress in view.all(Kind::Ingress).iter().filter(|one| !one.is_deleting() && !is_shared(one)) {
        for (rule_index, rule) in ingress.items("/spec/rules").iter().enumerate() {
            for (index, path) in rule.items("/http/paths").iter().enumerate() {
                let place = format!(".spec.rules[{rule_index}].http.paths[{index}]");
                let key = (class(ingress), rule.text("/host"), path.text("/path"), path.text("/pathType"));
                claims.entry(key).or_default().push(Claim { ingress, path, place });
            }
        }
    }
    let mut drafts: Vec<Draft> =
        claims.iter().filter_map(|(place, claims)| duplicate(place, claims)).collect();
    drafts.extend(misroutes(view, &claims));
    drafts
}

fn is_shared(ingress: &Value) -> bool {
    ingress.pairs("/metadata/annotations").iter().any(|(key, _)| SHARED.contains(key))
}

fn class(ingress: &Value) -> &str {
    let annotations = ingress.pairs("/metadata/annotations");
    let old = annotations.into_iter().find(|(key, _)| *key == "kubernetes.io/ingress.class");
    match ingress.text("/spec/ingressClassName") {
        "" => old.map_or("", |(_, class)| class),
        class => class,
    }
}

/// Two Ingresses that claim one place. The older one came first; the newer one is the matter.
fn duplicate(place: &Place<'_>, claims: &[Claim<'_>]) -> Option<Draft> {
    let mut claims: Vec<&Claim<'_>> = claims.iter().collect();
    claims.sort_by_key(|claim| (claim.ingress.created(), claim.ingress.key(), claim.place.clone()));
    let (first, rest) = claims.split_first()?;
    let rival = rest.iter().find(|rival| {
        rival.ingress.key() != first.ingress.key()
            && backend(rival) != backend(first)
            && share_an_address(rival.ingress, first.ingress)
    })?;
    let (_, host, path, _) = place;
    let host = if host.is_empty() { "any host" } else { host };
    let mut draft = Draft::new(RULE.id, "duplicate", Severity::Warning, rival.ingress);
    draft.collapse = format!("{} {host} {path}", rival.ingress.key());
    draft.parameters.push(format!("{host}{path}"));
    for claim in [rival, first] {
        draft.field(claim.ingress, &claim.place);
    }
    draft.affects(first.ingress);
    draft.since(rival.ingress, ".metadata.creationTimestamp");
    draft.summary(format!(
        "Ingress {} and Ingress {}/{} both claim {host}{path} for different backends",
        rival.ingress.name(),
        first.ingress.namespace(),
        first.ingress.name()
    ));
    draft.check(&["kubectl", "get", "ingress", "-A", "-o", "wide"], "which Ingresses claim the host");
    Some(draft)
}

/// A backend as another namespace sees it.
fn backend<'a>(claim: &Claim<'a>) -> (&'a str, Option<&'a Value>) {
    (claim.ingress.namespace(), claim.path.get("backend"))
}

/// Two controllers of one class, one inside and one outside, have different addresses.
fn share_an_address(one: &Value, other: &Value) -> bool {
    let addresses = |ingress: &Value| -> BTreeSet<String> {
        ingress.items("/status/loadBalancer/ingress").iter().map(Value::to_string).collect()
    };
    let (one, other) = (addresses(one), addresses(other));
    one.is_empty() || other.is_empty() || !one.is_disjoint(&other)
}

/// Paths that are named like a Service to which nothing leads.
fn misroutes<'a>(view: &View<'a>, claims: &BTreeMap<Place<'a>, Vec<Claim<'a>>>) -> Vec<Draft> {
    let service = |claim: &Claim<'a>| claim.path.text("/backend/service/name").to_owned();
    let routed: BTreeSet<(&str, String)> =
        claims.values().flatten().map(|claim| (claim.ingress.namespace(), service(claim))).collect();
    let mut drafts = Vec::new();
    for ((_, _, path, _), claims) in claims {
        let name = path.trim_matches('/');
        for claim in claims {
            let namespace = claim.ingress.namespace();
            let exists = view.find(Kind::Service, namespace, name).found().is_some();
            if !exists || service(claim) == name || routed.contains(&(namespace, name.to_owned())) {
                continue;
            }
            let mut draft = Draft::new(RULE.id, "misroute", Severity::Note, claim.ingress);
            draft.confidence(Confidence::Low);
            draft.collapse = format!("{} {path}", claim.ingress.key());
            draft.field(claim.ingress, &claim.place);
            draft.summary(format!(
                "path {path} of Ingress {} leads to Service {}, and nothing leads to Service {name}",
                claim.ingress.name(),
                service(claim)
            ));
            drafts.push(draft);
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn ingress(service: &str, path: &str) -> Value {
        json!({"spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": [
            {"path": path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}]}}]}})
    }

    fn cluster(second: Value) -> Scene {
        Scene::new()
            .with(Kind::IngressClass, "nginx", json!({}))
            .with(Kind::Ingress, "first", ingress("web", "/"))
            .with(Kind::Ingress, "second", second)
            .with(Kind::Service, "web", service("web", &json!(8080)))
            .with(Kind::Service, "api", service("api", &json!(8080)))
            .with(Kind::Pod, "web-1", healthy_pod("web"))
            .with(Kind::Pod, "api-1", healthy_pod("api"))
    }

    #[test]
    fn one_place_with_two_backends_is_a_conflict() {
        let finding = cluster(ingress("api", "/")).finds("ingress-conflict/duplicate");
        assert!(finding.summary.contains("shop.example/"), "{}", finding.summary);
    }

    #[test]
    fn another_path_another_host_and_the_same_backend_are_silent() {
        cluster(ingress("api", "/v2")).is_silent();
        cluster(ingress("web", "/")).is_silent();
        let mut other = ingress("api", "/");
        other["spec"]["rules"][0]["host"] = json!("api.example");
        cluster(other).is_silent();
    }

    #[test]
    fn a_canary_and_a_second_balancer_are_silent() {
        let mut canary = ingress("api", "/");
        canary["metadata"] = json!({"annotations": {"nginx.ingress.kubernetes.io/canary": "true"}});
        cluster(canary).is_silent();
        let at = |mut body: Value, ip: &str| {
            body["status"] = json!({"loadBalancer": {"ingress": [{"ip": ip}]}});
            body
        };
        Scene::new()
            .with(Kind::IngressClass, "nginx", json!({}))
            .with(Kind::Ingress, "inside", at(ingress("web", "/"), "10.0.0.1"))
            .with(Kind::Ingress, "outside", at(ingress("api", "/"), "20.0.0.1"))
            .with(Kind::Service, "web", service("web", &json!(8080)))
            .with(Kind::Service, "api", service("api", &json!(8080)))
            .with(Kind::Pod, "web-1", healthy_pod("web"))
            .with(Kind::Pod, "api-1", healthy_pod("api"))
            .is_silent();
    }

    #[test]
    fn a_path_named_like_a_service_that_nobody_reaches_is_a_note() {
        let scene = cluster(ingress("web", "/api"));
        scene.is_silent();
        assert_eq!(scene.noted(), ["ingress-conflict/misroute"]);
        assert!(cluster(ingress("api", "/api")).noted().is_empty());
    }
}
