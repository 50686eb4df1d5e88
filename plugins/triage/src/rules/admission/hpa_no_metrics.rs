//! `hpa-no-metrics`: the autoscaler gets no metrics, from the metrics server or an adapter. Mostly the symptom of
//! an API that does not answer, or of pods that are not ready.

use crate::draft::Draft;
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

use super::autoscaler::failing;

pub(super) const RULE: Rule = Rule {
    id: "hpa-no-metrics",
    subject: Subject::Scaling,
    reads: &[Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = failing(view).into_iter();
    failing
        .filter(|failing| {
            let metric = failing.reason().starts_with("FailedGet") && failing.reason().ends_with("Metric");
            metric && !failing.message().contains("missing request for")
        })
        .map(|failing| {
            let class = match failing.reason() {
                _ if failing.message().contains("did not receive metrics") => "pods-unready",
                "FailedGetObjectMetric" | "FailedGetPodsMetric" | "FailedGetExternalMetric" => "adapter",
                _ => "",
            };
            failing.draft(view, RULE.id, class)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::autoscaler::scenes;

    #[test]
    fn metrics_that_do_not_come_have_a_source() {
        let told = |reason: &str, message: &str| {
            let finding = scenes::with("ScalingActive", reason, message).findings().remove(0);
            (finding.rule, finding.class)
        };
        let of = |rule: &str, class: &str| (rule.to_owned(), class.to_owned());
        let unable =
            "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API";
        assert_eq!(told("FailedGetResourceMetric", unable), of("hpa-no-metrics", ""));
        let adapter =
            "unable to get external metric shop/queue: no metrics returned from external metrics API";
        assert_eq!(told("FailedGetExternalMetric", adapter), of("hpa-no-metrics", "adapter"));
        let young = "did not receive metrics for targeted pods (pods might be unready)";
        assert_eq!(told("FailedGetResourceMetric", young), of("hpa-no-metrics", "pods-unready"));
        scenes::with("ScalingActive", "FailedGetResourceMetric", unable).finds("hpa-no-metrics/");
    }

    #[test]
    fn an_autoscaler_of_nothing_running_is_at_rest() {
        scenes::with(
            "ScalingActive",
            "ScalingDisabled",
            "scaling is disabled since the replica count is zero",
        )
        .is_silent();
    }
}
