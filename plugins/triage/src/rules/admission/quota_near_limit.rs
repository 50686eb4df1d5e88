//! `quota-near-limit`: nine tenths of a quota are used, and a change that is already written down will not fit: the
//! surge of a rollout, or the pods that an autoscaler may add. Without such a change it is a note.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, quantity};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "quota-near-limit",
    subject: Subject::Admission,
    reads: &[Kind::ResourceQuota, Kind::Deployment, Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::ResourceQuota).iter().flat_map(|quota| judge(view, quota)).collect()
}

fn judge<'a>(view: &View<'a>, quota: &'a Value) -> Vec<Draft> {
    let hard = quota.pairs("/status/hard");
    hard.into_iter()
        .filter_map(|(resource, limit)| {
            let limit = quantity(limit)?;
            let used = quantity(quota.get("status")?.get("used")?.get(resource)?.as_str()?)?;
            // Used up is another rule's, which knows what was refused.
            if limit == 0 || used * 10 < limit * 9 || used >= limit {
                return None;
            }
            let coming = coming(view, quota.namespace(), resource, limit - used);
            let severity = if coming.is_some() { Severity::Warning } else { Severity::Note };
            let mut draft = Draft::new(RULE.id, resource, severity, quota);
            draft.confidence(Confidence::Medium);
            draft.parameters.push(resource.to_owned());
            draft.collapse = format!("{} {resource}", quota.key());
            draft.field(quota, &format!(".status.hard['{resource}']"));
            draft.field(quota, &format!(".status.used['{resource}']"));
            let mut why = String::new();
            if let Some((object, path, text)) = coming {
                draft.field(object, path);
                draft.affects(object);
                why = format!(", and {text} will not fit");
            }
            draft.summary(format!("quota {} has little {resource} left{why}", quota.name()));
            let (namespace, name) = (quota.namespace(), quota.name());
            draft.check(&["kubectl", "-n", namespace, "describe", "resourcequota", name], "what uses it");
            Some(draft)
        })
        .collect()
}

/// Something that is written down and needs more than what is left: `rest` in thousandths.
fn coming<'a>(
    view: &View<'a>,
    namespace: &str,
    resource: &str,
    rest: i128,
) -> Option<(&'a Value, &'static str, String)> {
    let scaled = view.all(Kind::HorizontalPodAutoscaler).iter().filter_map(|autoscaler| {
        let target = super::autoscaler::target(view, autoscaler)?;
        let more = autoscaler.number("/spec/maxReplicas")? - target.number("/spec/replicas").unwrap_or(1);
        let text = format!("{more} more pods of {} {}", target.kind(), target.name());
        Some((autoscaler, target, ".spec.maxReplicas", more, text))
    });
    let rolled = view.all(Kind::Deployment).iter().filter_map(|deployment| {
        let replicas = deployment.number("/spec/replicas").unwrap_or(1);
        let surge = deployment.pointer("/spec/strategy/rollingUpdate/maxSurge")?;
        let more = surge.as_i64().or_else(|| {
            let percent: i64 = surge.as_str()?.strip_suffix('%')?.parse().ok()?;
            Some((replicas * percent + 99) / 100)
        })?;
        let text = format!("the surge of the next rollout of Deployment {}", deployment.name());
        Some((deployment, deployment, ".spec.strategy.rollingUpdate.maxSurge", more, text))
    });
    scaled
        .chain(rolled)
        .filter(|(object, ..)| object.namespace() == namespace)
        .find(|(_, target, _, more, _)| {
            each(target, resource).is_some_and(|need| need * i128::from(*more) > rest)
        })
        .map(|(object, _, path, _, text)| (object, path, text))
}

/// What one pod of a workload takes of a quota's resource, in thousandths.
fn each(workload: &Value, resource: &str) -> Option<i128> {
    if matches!(resource, "pods" | "count/pods") {
        return Some(1000);
    }
    let (field, name) = match resource.split_once('.') {
        Some(("limits", name)) => ("limits", name),
        Some(("requests", name)) => ("requests", name),
        _ if matches!(resource, "cpu" | "memory") => ("requests", resource),
        _ => return None,
    };
    let containers = workload.items("/spec/template/spec/containers").iter();
    let amounts =
        containers.filter_map(|container| quantity(container.text(&format!("/resources/{field}/{name}"))));
    Some(amounts.sum())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    fn scene(used: &str, surge: i64) -> Scene {
        let quota = json!({"status": {"hard": {"requests.cpu": "4"}, "used": {"requests.cpu": used}}});
        let deployment = json!({"spec": {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": surge}},
            "template": {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "500m"}}}]}}},
            "status": {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}});
        Scene::new().with(Kind::ResourceQuota, "team", quota).with(Kind::Deployment, "web", deployment)
    }

    #[test]
    fn a_surge_that_will_not_fit_is_a_warning_and_a_full_quota_alone_a_note() {
        scene("3800m", 1).finds("quota-near-limit/requests.cpu");
        let quiet = scene("3800m", 0);
        assert!(quiet.told().is_empty());
        assert_eq!(quiet.noted(), ["quota-near-limit/requests.cpu"]);
        scene("3", 1).is_silent();
        scene("4", 1).is_silent();
    }
}
