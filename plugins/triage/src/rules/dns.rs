//! The cluster's DNS: without it every name fails, whatever else is well.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::View;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    judge(view).into_iter().collect()
}

fn judge(view: &View<'_>) -> Option<Draft> {
    let service = view.find(Kind::Service, "kube-system", "kube-dns").found()?;
    let pods = view.selected_by(service);
    let ready = pods.iter().any(|pod| pod.condition_is("Ready", "True"));
    if ready || !view.is_complete(Kind::Pod, "kube-system") || service.pairs("/spec/selector").is_empty() {
        return None;
    }
    let mut draft = Draft::new("coredns-unhealthy", "", Severity::Critical, service);
    draft.field(service, ".spec.selector");
    for pod in pods.iter().take(3) {
        draft.affects(pod);
        draft.field(pod, ".status.conditions[type=Ready].status");
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    draft.computed(service, ".spec.selector", format!("{} pods match, none is ready", pods.len()));
    draft.summary("no DNS pod of the cluster is ready: names do not resolve");
    draft.check(&["kubectl", "-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns"], "the DNS pods");
    Some(draft)
}
