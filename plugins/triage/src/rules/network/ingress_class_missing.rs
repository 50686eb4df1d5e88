//! `ingress-class-missing`: no controller serves an Ingress. Its class does not exist, or it names none and there
//! is no default class, and it has no address.
//!
//! Not on: classes by the old annotation, which need no object, an Ingress that has an address all the same, and
//! clusters without any class, where a cloud may serve what names none.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

/// A controller needs minutes for an address.
const GRACE: Seconds = 300;
const DEFAULT: (&str, &str) = ("ingressclass.kubernetes.io/is-default-class", "true");

pub(super) const RULE: Rule = Rule {
    id: "ingress-class-missing",
    subject: Subject::Network,
    reads: &[Kind::Ingress, Kind::IngressClass],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    if !view.is_complete(Kind::IngressClass, "") {
        return Vec::new();
    }
    let ingresses = view.all(Kind::Ingress).iter();
    ingresses.filter(|ingress| waits(view, ingress)).filter_map(|ingress| judge(view, ingress)).collect()
}

fn waits(view: &View<'_>, ingress: &Value) -> bool {
    ingress.items("/status/loadBalancer/ingress").is_empty()
        && !ingress.is_deleting()
        && view.age(ingress.created()) >= Some(GRACE)
}

fn judge<'a>(view: &View<'a>, ingress: &'a Value) -> Option<Draft> {
    let class = ingress.text("/spec/ingressClassName");
    let classes = view.all(Kind::IngressClass);
    let annotated =
        ingress.pairs("/metadata/annotations").iter().any(|(key, _)| *key == "kubernetes.io/ingress.class");
    let defaulted = classes.iter().any(|one| one.pairs("/metadata/annotations").contains(&DEFAULT));
    let served = if class.is_empty() {
        annotated || defaulted || classes.is_empty()
    } else {
        !view.find(Kind::IngressClass, "", class).is_absent()
    };
    if served {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Error, ingress);
    draft.parameters.push(class.to_owned());
    let name = ingress.name();
    let names: Vec<&str> = classes.iter().map(Value::name).collect();
    if class.is_empty() {
        // A controller may still take what has no class; that there is no address says that none did.
        draft.confidence(Confidence::Medium);
        draft.field(ingress, ".spec.rules");
        draft.field(ingress, ".spec.defaultBackend");
        for one in classes.iter().take(3) {
            draft.computed(one, DEFAULT_PATH, "not the default");
        }
        draft.summary(format!(
            "Ingress {name} names no class and no class is the default: no controller gave it an address"
        ));
    } else {
        draft.field(ingress, ".spec.ingressClassName");
        draft.absent("IngressClass", "", class);
        draft.summary(format!(
            "IngressClass {class} of Ingress {name} does not exist: no controller serves it"
        ));
        if let Some(near) = nearest::name(class, names.iter().copied()) {
            draft.suggest(format!("did you mean `{near}`?"));
        }
    }
    draft.since(ingress, ".metadata.creationTimestamp");
    draft.suggest(if names.is_empty() {
        "there is no IngressClass at all: is a controller installed?".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    });
    draft.check(&["kubectl", "get", "ingressclasses"], "which classes there are");
    Some(draft)
}

const DEFAULT_PATH: &str = ".metadata.annotations['ingressclass.kubernetes.io/is-default-class']";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn cluster(ingress: Value, class: Value) -> Scene {
        Scene::new().with(Kind::Ingress, "web", ingress).with(Kind::IngressClass, "nginx", class)
    }

    #[test]
    fn a_class_that_is_not_there_is_named_with_those_that_are() {
        let finding = cluster(json!({"spec": {"ingressClassName": "ngnix"}}), json!({}))
            .finds("ingress-class-missing/");
        assert_eq!(finding.suggestion, ["did you mean `nginx`?", "there are nginx"]);
        cluster(json!({"spec": {"ingressClassName": "nginx"}}), json!({})).is_silent();
    }

    #[test]
    fn no_class_and_no_default_and_no_address_is_told() {
        let bare = json!({"spec": {"rules": [{"host": "web.example"}]}});
        assert_eq!(cluster(bare.clone(), json!({})).told(), ["ingress-class-missing/"]);
        let default = json!({"metadata": {"annotations": {(super::DEFAULT.0): "true"}}});
        cluster(bare.clone(), default).is_silent();
        Scene::new().with(Kind::Ingress, "web", bare).is_silent();
    }

    #[test]
    fn the_old_annotation_needs_no_object() {
        let old = json!({"metadata": {"annotations": {"kubernetes.io/ingress.class": "gce"}}, "spec": {}});
        cluster(old, json!({})).is_silent();
    }

    #[test]
    fn an_address_is_proof_that_somebody_serves_it() {
        let served = json!({"spec": {"ingressClassName": "managed"}, "status": {"loadBalancer": {"ingress": [{"ip": "20.0.0.1"}]}}});
        cluster(served, json!({})).is_silent();
    }

    #[test]
    fn a_new_ingress_is_given_five_minutes() {
        let young = json!({"metadata": {"creationTimestamp": LATELY}, "spec": {"ingressClassName": "gone"}});
        let scene = cluster(young, json!({}));
        assert!(scene.clone().at("2026-11-16T11:59:59Z").told().is_empty());
        assert_eq!(scene.told(), ["ingress-class-missing/"]);
    }
}
