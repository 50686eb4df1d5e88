//! A failing container says that its service account may not do something in the cluster. The account, verb and
//! resource are read from the line, and whether any role that is bound to the account grants it, where roles are
//! readable. Not when a role grants it by now.

use holmes_protocol::Confidence;
use serde_json::Value;

use super::crash::{Crash, failures};
use crate::decode::between;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "rbac-denied",
    subject: Subject::Pod(72),
    reads: &[Kind::Pod, Kind::Role, Kind::RoleBinding, Kind::ClusterRole, Kind::ClusterRoleBinding],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    failures(view)
        .filter(|crash| crash.log_class() == "rbac")
        .filter_map(|crash| judge(view, &crash))
        .collect()
}

/// What the API server refused.
struct Denial<'t> {
    namespace: &'t str,
    account: &'t str,
    verb: &'t str,
    resource: &'t str,
    group: &'t str,
    /// None: at the cluster scope.
    within: Option<&'t str>,
}

fn parse(line: &str) -> Option<Denial<'_>> {
    let (namespace, account) = between(line, "system:serviceaccount:", "\"")?.split_once(':')?;
    let (_, rest) = line.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let group = between(rest, "API group \"", "\"").unwrap_or_default();
    Some(Denial {
        namespace,
        account,
        verb,
        resource,
        group,
        within: between(rest, "in the namespace \"", "\""),
    })
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    // JSON logs escape the quotes.
    let line = crash.line().replace("\\\"", "\"");
    let denial = parse(&line)?;
    let pod = crash.container.pod;
    let granted = granted(view, &denial);
    if granted == Some(true) || view.age(pod.created())? < GRACE {
        return None;
    }
    let mut draft = crash.draft(view, RULE.id, "");
    draft.confidence(if granted.is_some() { Confidence::High } else { Confidence::Medium });
    draft.field(pod, ".spec.serviceAccountName");
    let Denial { namespace, account, verb, resource, group, .. } = denial;
    let place =
        denial.within.map_or("at the cluster scope".to_owned(), |within| format!("in namespace {within}"));
    draft.summary(format!(
        "service account {namespace}/{account} may not {verb} {resource} {place}: the API server refuses"
    ));
    draft.parameters.push(format!("{verb} {resource} {group}"));
    if granted.is_some() {
        draft.computed(
            pod,
            ".spec.serviceAccountName",
            format!("no role bound to {account} grants {verb} {resource}"),
        );
        draft.suggest(format!(
            "bind a role that grants {verb} on {resource} {place} to service account {account}"
        ));
    }
    let user = format!("--as=system:serviceaccount:{namespace}:{account}");
    let mut argv = vec!["kubectl", "auth", "can-i", verb, resource, user.as_str()];
    if let Some(within) = denial.within {
        argv.extend(["-n", within]);
    }
    draft.check(&argv, "what the account may do");
    Some(draft)
}

/// Does a bound role grant it? None where roles or bindings can not be read.
fn granted(view: &View<'_>, denial: &Denial<'_>) -> Option<bool> {
    let place = denial.within.unwrap_or_default();
    let readable = view.is_complete(Kind::ClusterRole, "")
        && view.is_complete(Kind::ClusterRoleBinding, "")
        && (place.is_empty()
            || view.is_complete(Kind::Role, place) && view.is_complete(Kind::RoleBinding, place));
    let local = view.all(Kind::RoleBinding).iter().filter(|binding| binding.namespace() == place);
    let bindings = view.all(Kind::ClusterRoleBinding).iter().chain(local.filter(|_| !place.is_empty()));
    let mut ours =
        bindings.filter(|binding| binding.items("/subjects").iter().any(|subject| is_bound(subject, denial)));
    readable.then(|| {
        ours.any(|binding| {
            let name = binding.text("/roleRef/name");
            let role = if binding.text("/roleRef/kind") == "Role" {
                view.find(Kind::Role, binding.namespace(), name)
            } else {
                view.find(Kind::ClusterRole, "", name)
            };
            role.found().is_some_and(|role| role.items("/rules").iter().any(|rule| grants(rule, denial)))
        })
    })
}

fn is_bound(subject: &Value, denial: &Denial<'_>) -> bool {
    let name = subject.text("/name");
    match subject.text("/kind") {
        "ServiceAccount" => name == denial.account && subject.text("/namespace") == denial.namespace,
        "Group" => {
            name == "system:serviceaccounts"
                || name == "system:authenticated"
                || name.strip_prefix("system:serviceaccounts:") == Some(denial.namespace)
        }
        "User" => {
            name.strip_prefix("system:serviceaccount:")
                == Some(&format!("{}:{}", denial.namespace, denial.account))
        }
        _ => false,
    }
}

fn grants(rule: &Value, denial: &Denial<'_>) -> bool {
    let holds = |pointer: &str, wanted: &str| {
        let mut words = rule.items(pointer).iter().filter_map(Value::as_str);
        words.any(|word| word == "*" || word == wanted)
    };
    // A grant of some names only is none for a list.
    let named = !rule.items("/resourceNames").is_empty();
    holds("/verbs", denial.verb)
        && holds("/resources", denial.resource)
        && holds("/apiGroups", denial.group)
        && !named
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    const LINE: &str = "E1116 leases.coordination.k8s.io is forbidden: User \"system:serviceaccount:shop:operator\" cannot list resource \"leases\" in API group \"coordination.k8s.io\" in the namespace \"shop\"";

    fn scene() -> Scene {
        let mut pod = crashing_pod("a");
        pod["spec"]["serviceAccountName"] = json!("operator");
        Scene::new().with(Kind::Pod, "a-1", pod).previous_log("a-1", "app", LINE)
    }

    fn bound(scene: Scene, resource: &str) -> Scene {
        scene
            .with(Kind::Role, "r", json!({"rules": [{"apiGroups": ["coordination.k8s.io"], "resources": [resource], "verbs": ["get", "list"]}]}))
            .with(Kind::RoleBinding, "b", json!({"roleRef": {"kind": "Role", "name": "r"},
                "subjects": [{"kind": "ServiceAccount", "namespace": "shop", "name": "operator"}]}))
    }

    #[test]
    fn the_account_and_what_it_may_not_are_named() {
        let finding = scene().finds("rbac-denied/");
        assert!(finding.summary.contains("shop/operator may not list leases"), "{}", finding.summary);
        assert_eq!(bound(scene(), "configmaps").told(), ["rbac-denied/"]);
    }

    #[test]
    fn a_role_that_grants_it_by_now_takes_the_accusation_back() {
        assert_eq!(bound(scene(), "leases").told(), ["crashloop/rbac"]);
    }

    #[test]
    fn roles_that_may_not_be_read_prove_nothing() {
        let finding = scene().forbid(Kind::Role).findings().remove(0);
        assert_eq!(finding.rule, "rbac-denied");
        assert!(!finding.evidence.iter().any(|item| item.value.to_string().contains("no role")));
    }

    #[test]
    fn a_container_that_runs_well_may_complain() {
        Scene::new().with(Kind::Pod, "a-1", healthy_pod("a")).log("a-1", "app", LINE).is_silent();
    }
}
