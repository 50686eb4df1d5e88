//! The cluster's DNS: the Service that pods ask, and the ConfigMap that it is set up by.

use serde_json::Value;

use crate::object::label;
use crate::observations::Kind;
use crate::view::{View, labels};

/// Where distributions keep it.
const PLACES: [(&str, &str); 4] = [
    ("kube-system", "kube-dns"),
    ("kube-system", "coredns"),
    ("kube-system", "rke2-coredns-rke2-coredns"),
    ("openshift-dns", "dns-default"),
];

/// `ConfigMaps` with a Corefile, the operator's additions last.
const CONFIGURATIONS: [&str; 3] = ["coredns", "rke2-coredns-rke2-coredns", "coredns-custom"];

/// The Service that resolves names for pods.
pub(super) fn service<'a>(view: &View<'a>) -> Option<&'a Value> {
    PLACES.iter().find_map(|(namespace, name)| view.find(Kind::Service, namespace, name).found()).or_else(
        || {
            let mut services = view.all(Kind::Service).iter();
            services.find(|service| label(labels(service), "k8s-app") == Some("kube-dns"))
        },
    )
}

/// The `ConfigMaps` that `CoreDNS` is set up by.
pub(super) fn configurations<'a>(view: &View<'a>) -> Vec<&'a Value> {
    let found = CONFIGURATIONS.iter().map(|name| view.find(Kind::ConfigMap, "kube-system", name).found());
    found.flatten().collect()
}
