//! `route-backend` (`BackendNotFound`, `RefNotPermitted`, `port`, …): a route that leads to a Service that is not
//! there, has no such port, or lies in a namespace that grants no reference.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{lasting, words};
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::{Lookup, View};

const GRACE: i64 = 60;

pub(super) const RULE: Rule = Rule {
    id: "route-backend",
    subject: Subject::Network,
    reads: &[Kind::HttpRoute, Kind::GrpcRoute, Kind::Service, Kind::ReferenceGrant],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let routes = [Kind::HttpRoute, Kind::GrpcRoute].into_iter().flat_map(|kind| view.all(kind));
    routes.filter(|route| !route.is_deleting()).filter_map(|route| judge(view, route)).collect()
}

/// What is wrong with a backend, by the objects that were read.
struct Fault<'a> {
    class: &'static str,
    namespace: &'a str,
    name: &'a str,
    path: String,
    text: String,
}

fn judge<'a>(view: &View<'a>, route: &'a Value) -> Option<Draft> {
    let fault = fault(view, route);
    let stated = route.items("/status/parents").iter().enumerate().find_map(|(index, parent)| {
        let condition = lasting(view, parent.items("/conditions"), "ResolvedRefs", "False", GRACE)?;
        Some((index, condition))
    });
    let class = match (&fault, stated) {
        (_, Some((_, condition))) => condition.text("/reason"),
        (Some(fault), None) if view.age(route.created()) >= Some(GRACE) => fault.class,
        _ => return None,
    };
    let mut draft = Draft::new(RULE.id, class, Severity::Error, route);
    let mut text = String::new();
    if let Some((index, condition)) = stated {
        let path = format!(".status.parents[{index}].conditions[type=ResolvedRefs]");
        for field in ["reason", "message"] {
            draft.field(route, &format!("{path}.{field}"));
        }
        draft.since(route, &format!("{path}.lastTransitionTime"));
        text = words(condition);
    }
    if let Some(fault) = fault {
        draft.parameters.push(fault.name.to_owned());
        draft.field(route, &fault.path);
        match view.find(Kind::Service, fault.namespace, fault.name) {
            Lookup::Absent => {
                draft.absent("Service", fault.namespace, fault.name);
                let here = view.all(Kind::Service).iter().filter(|one| one.namespace() == fault.namespace);
                if let Some(near) = nearest::name(fault.name, here.map(Object::name)) {
                    draft.suggest(format!("Service `{near}` exists in namespace {}", fault.namespace));
                }
            }
            Lookup::Found(service) => {
                draft.field(service, ".spec.ports");
                draft.affects(service);
            }
            Lookup::Unknown => {}
        }
        if fault.class == "RefNotPermitted" {
            draft.suggest(format!("a ReferenceGrant in namespace {} would allow it", fault.namespace));
        }
        text = fault.text;
    }
    draft.summary(format!("{} {} leads nowhere: {text}", route.kind(), route.name()));
    Some(draft)
}

fn fault<'a>(view: &View<'a>, route: &'a Value) -> Option<Fault<'a>> {
    let rules = route.items("/spec/rules").iter().enumerate();
    rules
        .flat_map(|(rule, entry)| {
            let references = entry.items("/backendRefs").iter().enumerate();
            references.map(move |(index, reference)| (rule, index, reference))
        })
        .find_map(|(rule, index, reference)| {
            // Only a Service is known; other backends are their controller's.
            if !matches!(reference.text("/kind"), "" | "Service") || !reference.text("/group").is_empty() {
                return None;
            }
            let namespace = match reference.text("/namespace") {
                "" => route.namespace(),
                namespace => namespace,
            };
            let name = reference.text("/name");
            let path = format!(".spec.rules[{rule}].backendRefs[{index}]");
            let fault = |class, text| Some(Fault { class, namespace, name, path, text });
            match view.find(Kind::Service, namespace, name) {
                Lookup::Absent => {
                    fault("BackendNotFound", format!("Service {namespace}/{name} does not exist (not found)"))
                }
                Lookup::Found(service) => {
                    let port = reference.number("/port")?;
                    let known =
                        service.items("/spec/ports").iter().any(|one| one.number("/port") == Some(port));
                    if !known && service.text("/spec/type") != "ExternalName" {
                        fault("port", format!("Service {namespace}/{name} has no port {port}"))
                    } else if namespace != route.namespace() && !is_granted(view, route, namespace, name) {
                        fault(
                            "RefNotPermitted",
                            format!("namespace {namespace} grants no reference to {name}"),
                        )
                    } else {
                        None
                    }
                }
                Lookup::Unknown => None,
            }
        })
}

/// Does a `ReferenceGrant` let the route's namespace refer to the Service? Unknown counts as yes.
fn is_granted(view: &View<'_>, route: &Value, namespace: &str, name: &str) -> bool {
    if !view.is_complete(Kind::ReferenceGrant, namespace) {
        return true;
    }
    let grants = view.all(Kind::ReferenceGrant).iter().filter(|grant| grant.namespace() == namespace);
    grants.into_iter().any(|grant| {
        let from = grant
            .items("/spec/from")
            .iter()
            .any(|from| from.text("/namespace") == route.namespace() && from.text("/kind") == route.kind());
        let to = grant.items("/spec/to").iter().any(|to| {
            to.text("/kind") == "Service" && matches!(to.text("/name"), "" | "*") || to.text("/name") == name
        });
        from && to
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn scene(reference: Value) -> Scene {
        let port = json!({"spec": {"ports": [{"port": 80}]}});
        let mut far = port.clone();
        far["metadata"]["namespace"] = json!("backends");
        Scene::new()
            .with(Kind::HttpRoute, "shop", json!({"spec": {"rules": [{"backendRefs": [reference]}]}}))
            .with(Kind::Service, "cart", port)
            .with(Kind::Service, "far", far)
    }

    #[test]
    fn a_backend_has_to_exist_and_to_have_the_port() {
        let finding = scene(json!({"name": "crat", "port": 80})).finds("route-backend/BackendNotFound");
        assert!(finding.suggestion[0].contains("cart"));
        scene(json!({"name": "cart", "port": 8080})).finds("route-backend/port");
        scene(json!({"name": "cart", "port": 80})).is_silent();
        assert!(scene(json!({"name": "crat", "port": 80})).forbid(Kind::Service).told().is_empty());
    }

    #[test]
    fn another_namespace_has_to_grant_it() {
        let reference = json!({"name": "far", "namespace": "backends", "port": 80});
        scene(reference.clone()).finds("route-backend/RefNotPermitted");
        assert!(scene(reference.clone()).forbid(Kind::ReferenceGrant).told().is_empty());
        let grant = json!({"metadata": {"namespace": "backends"}, "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}], "to": [{"group": "", "kind": "Service"}]}});
        scene(reference).with(Kind::ReferenceGrant, "shop", grant).is_silent();
    }
}
