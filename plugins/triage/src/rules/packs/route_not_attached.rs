//! `route-not-attached` (`NoMatchingParent`, `NotAllowedByListeners`, `NoMatchingListenerHostname`, …): a route that
//! no Gateway took, in the words of the Gateway's controller.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{lasting, words};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

const GRACE: i64 = 60;

pub(super) const RULE: Rule = Rule {
    id: "route-not-attached",
    subject: Subject::Network,
    reads: &[Kind::HttpRoute, Kind::GrpcRoute],
    explains: &[],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let routes = [Kind::HttpRoute, Kind::GrpcRoute].into_iter().flat_map(|kind| view.all(kind));
    routes.filter(|route| !route.is_deleting()).filter_map(|route| judge(view, route)).collect()
}

fn judge<'a>(view: &View<'a>, route: &'a Value) -> Option<Draft> {
    let mut parents = route.items("/status/parents").iter().enumerate();
    let (index, parent, condition) = parents.find_map(|(index, parent)| {
        let condition = lasting(view, parent.items("/conditions"), "Accepted", "False", GRACE)?;
        Some((index, parent, condition))
    })?;
    let gateway = parent.text("/parentRef/name");
    let namespace = match parent.text("/parentRef/namespace") {
        "" => route.namespace(),
        namespace => namespace,
    };
    let mut draft = Draft::new(RULE.id, condition.text("/reason"), Severity::Error, route);
    draft.parameters.push(gateway.to_owned());
    let path = format!(".status.parents[{index}].conditions[type=Accepted]");
    for field in ["reason", "message"] {
        draft.field(route, &format!("{path}.{field}"));
    }
    draft.field(route, ".spec.parentRefs");
    draft.field(route, ".spec.hostnames");
    draft.since(route, &format!("{path}.lastTransitionTime"));
    draft.depends_on.insert(object_key("Gateway", namespace, gateway));
    match view.find(Kind::Gateway, namespace, gateway) {
        crate::view::Lookup::Found(found) => {
            draft.field(found, ".spec.listeners");
            draft.affects(found);
        }
        crate::view::Lookup::Absent => draft.absent("Gateway", namespace, gateway),
        crate::view::Lookup::Unknown => {}
    }
    draft.summary(format!(
        "{} {} is not attached to Gateway {namespace}/{gateway}: {}",
        route.kind(),
        route.name(),
        words(condition)
    ));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene};

    fn route(accepted: &str) -> Scene {
        let body = json!({"spec": {"parentRefs": [{"name": "web", "namespace": "edge"}]},
            "status": {"parents": [{"parentRef": {"name": "web", "namespace": "edge"}, "conditions": [
                {"type": "Accepted", "status": accepted, "reason": "NotAllowedByListeners", "message": "No listeners allow this route", "lastTransitionTime": EARLIER}]}]}});
        let gateway = json!({"metadata": {"namespace": "edge"}, "spec": {"gatewayClassName": "c", "listeners": [{"name": "http"}]}});
        Scene::new().with(Kind::HttpRoute, "shop", body).with(Kind::Gateway, "web", gateway)
    }

    #[test]
    fn a_route_that_its_gateway_refuses_says_why() {
        route("False").finds("route-not-attached/NotAllowedByListeners");
        route("True").is_silent();
    }
}
