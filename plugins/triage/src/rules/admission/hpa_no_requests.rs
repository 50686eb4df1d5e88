//! `hpa-no-requests`: utilization is a share of the request, and containers of the target request nothing. Every
//! one of them is named: the controller names one at a time.

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

use super::autoscaler::{failing, target};

pub(super) const RULE: Rule = Rule {
    id: "hpa-no-requests",
    subject: Subject::Scaling,
    reads: &[Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = failing(view).into_iter();
    failing
        .filter_map(|failing| {
            let (_, rest) = failing.message().split_once("missing request for ")?;
            let resource = rest.split(' ').next().unwrap_or("cpu");
            let mut draft = failing.draft(view, RULE.id, "");
            let Some(target) = target(view, failing.autoscaler) else { return Some(draft) };
            let request = format!("/resources/requests/{resource}");
            let containers = target.items("/spec/template/spec/containers").iter();
            let without: Vec<&str> = containers
                .filter(|container| container.text(&request).is_empty())
                .map(|container| container.text("/name"))
                .collect();
            for name in &without {
                draft.field(target, &format!(".spec.template.spec.containers[name={name}].name"));
                draft.field(target, &format!(".spec.template.spec.containers[name={name}].resources"));
            }
            if !without.is_empty() {
                draft.suggest(format!("set resources.requests.{resource} of {}", without.join(", ")));
            }
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::autoscaler::scenes;

    #[test]
    fn every_container_without_the_request_is_named() {
        let message = "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container proxy of Pod web-1";
        let finding =
            scenes::with("ScalingActive", "FailedGetResourceMetric", message).finds("hpa-no-requests/");
        assert_eq!(finding.suggestion, ["set resources.requests.cpu of proxy"]);
    }
}
