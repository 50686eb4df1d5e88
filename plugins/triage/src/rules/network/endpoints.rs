//! Who answers for a Service: the endpoints of its slices, and the pods that its selector selects.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::{Object, Seconds, selects};
use crate::view::{View, labels};

/// A pod is expected to be ready after its probes' budget and this.
const SPARE: Seconds = 30;
/// No probe's budget is shorter than this.
const SHORTEST: Seconds = 60;

/// Is a Service one whose endpoints Kubernetes keeps: with a selector, and not a name for something outside?
pub(super) fn is_selecting(service: &Value) -> bool {
    let selects = service.pointer("/spec/selector").and_then(Value::as_object);
    selects.is_some_and(|pairs| !pairs.is_empty())
        && service.text("/spec/type") != "ExternalName"
        && !service.is_deleting()
}

/// The selected pods that may still serve: finished ones never will.
pub(super) fn pods_of_service<'a>(view: &View<'a>, service: &Value) -> Vec<&'a Value> {
    let mut pods = view.selected_by(service);
    pods.retain(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed"));
    pods
}

/// Is the pod ready, and not on its way out?
pub(super) fn is_ready(pod: &Value) -> bool {
    pod.condition_is("Ready", "True") && !pod.is_deleting()
}

/// The endpoints of a slice that take traffic; one that does not say counts as ready.
pub(super) fn ready_endpoints(slice: &Value) -> impl Iterator<Item = &Value> {
    let endpoints = slice.items("/endpoints").iter();
    endpoints.filter(|endpoint| endpoint.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false))
}

/// Does any slice of the Service have an endpoint that takes traffic?
pub(super) fn has_ready_endpoint(view: &View<'_>, service: &Value) -> bool {
    view.slices_of(service).iter().any(|slice| ready_endpoints(slice).next().is_some())
}

/// The nodes on which somebody answers for the Service.
pub(super) fn serving_nodes<'a>(view: &View<'a>, service: &Value) -> BTreeSet<&'a str> {
    let slices = view.slices_of(service).iter();
    let mut nodes: BTreeSet<&str> =
        slices.flat_map(|slice| ready_endpoints(slice)).map(|endpoint| endpoint.text("/nodeName")).collect();
    let pods = view.selected_by(service).into_iter();
    nodes.extend(pods.filter(|pod| is_ready(pod)).map(|pod| pod.text("/spec/nodeName")));
    nodes.remove("");
    nodes
}

/// Since when no pod has been ready: the newest change of their conditions.
pub(super) fn unready_since(pods: &[&Value]) -> Option<Seconds> {
    let changed = |pod: &&Value| pod.condition("Ready").and_then(|ready| ready.time("/lastTransitionTime"));
    pods.iter().filter_map(|pod| changed(pod).or_else(|| pod.created())).max()
}

/// The longest that one of the pods may take to become ready, by its startup and readiness probes.
pub(super) fn patience(pods: &[&Value]) -> Seconds {
    let budget = |probe: &Value| {
        let number = |pointer, default| probe.number(pointer).unwrap_or(default);
        number("/initialDelaySeconds", 0) + number("/failureThreshold", 3) * number("/periodSeconds", 10)
    };
    let of_container = |container: &Value| -> Seconds {
        ["startupProbe", "readinessProbe"].iter().filter_map(|name| container.get(name)).map(budget).sum()
    };
    let containers = pods.iter().flat_map(|pod| pod.items("/spec/containers"));
    (containers.map(of_container).max().unwrap_or_default() + SPARE).max(SHORTEST)
}

/// The workloads and pods that a Service selects, for the roll-up.
pub(crate) fn workloads_of<'a>(view: &View<'a>, service: &Value) -> Vec<&'a Value> {
    let selector = service.pairs("/spec/selector");
    let workloads = view.workloads_in(service.namespace()).iter().copied();
    let mut found: Vec<&Value> = workloads
        .filter(|workload| {
            workload
                .pointer("/spec/template/metadata/labels")
                .is_some_and(|labels| selects(&selector, labels))
        })
        .collect();
    found.extend(view.selected_by(service).into_iter().filter(|pod| labels(pod).is_object()));
    found
}
