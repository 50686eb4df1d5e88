//! A failing container does not resolve a name of the cluster because its pod does not ask the cluster's DNS: policy
//! `Default`, policy `None` without the cluster's nameserver, or the host's network without `ClusterFirstWithHostNet`.
//! Not pods that only need names from outside.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::address::{addresses, service, services_in_line};
use crate::blame::last_words;
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// The node's own cache of the cluster's DNS listens on a link-local address.
const NODE_CACHE: &str = "169.254.";

pub(super) const RULE: Rule = Rule {
    id: "dns-policy",
    subject: Subject::Pod(75),
    reads: &[Kind::Pod, Kind::Service],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let unwell = view.troubled_containers().iter().filter(|container| container.is_unhealthy(view.now));
    unwell.filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let words = last_words(view, container).filter(|words| words.line.class == "dep-dns")?;
    let pod = container.pod;
    let why = asks_elsewhere(view, pod)?;
    if !names_the_cluster(view, container, words.line.line) {
        return None;
    }
    let mut draft = Draft::of_pod(view, RULE.id, "", Severity::Error, pod, Some(container.name()));
    draft.field(pod, ".spec.dnsPolicy");
    draft.field(pod, ".spec.dnsConfig");
    draft.field(pod, ".spec.hostNetwork");
    words.cite(&mut draft, container);
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    let line = words.line.line.trim();
    draft.summary(format!("container `{}` asks no DNS of the cluster ({why}): {line}", container.name()));
    draft.suggest(if pod.flag("/spec/hostNetwork") {
        "set dnsPolicy: ClusterFirstWithHostNet"
    } else {
        "set dnsPolicy: ClusterFirst, or add the cluster's nameserver to dnsConfig"
    });
    Some(draft)
}

/// Why the pod does not ask the cluster's DNS; none when it does, or when nobody can tell.
fn asks_elsewhere(view: &View<'_>, pod: &Value) -> Option<&'static str> {
    match pod.text("/spec/dnsPolicy") {
        "Default" => Some("dnsPolicy Default"),
        "ClusterFirst" if pod.flag("/spec/hostNetwork") => {
            Some("hostNetwork without ClusterFirstWithHostNet")
        }
        "None" => {
            let dns = view.find(Kind::Service, "kube-system", "kube-dns").found()?;
            let own = dns.text("/spec/clusterIP");
            let mut servers = pod.items("/spec/dnsConfig/nameservers").iter().filter_map(Value::as_str);
            let asks = servers.any(|server| server == own || server.starts_with(NODE_CACHE));
            (!asks).then_some("dnsPolicy None without the cluster's nameserver")
        }
        _ => None,
    }
}

/// Is it a name of the cluster that was not found?
fn names_the_cluster<'a>(view: &View<'a>, container: &Container<'a>, line: &str) -> bool {
    let namespace = container.pod.namespace();
    let given = addresses(container);
    let mut spoken = given.iter().filter(|address| line.contains(address.host));
    line.contains(".svc")
        || !services_in_line(view, namespace, line).is_empty()
        || spoken.any(|address| service(view, namespace, address.host).found().is_some())
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn scene(policy: &str, host_network: bool, servers: &Value, line: &str) -> Scene {
        let mut pod = crashing_pod("api");
        pod["spec"]["dnsPolicy"] = json!(policy);
        pod["spec"]["dnsConfig"] = json!({"nameservers": servers});
        if host_network {
            pod["spec"]["hostNetwork"] = json!(true);
        }
        let dns = json!({"metadata": {"namespace": "kube-system"}, "spec": {"clusterIP": "10.0.0.10"}});
        Scene::new()
            .with(Kind::Pod, "api-1", pod)
            .with(Kind::Service, "kube-dns", dns)
            .with(Kind::Pod, "cart-1", healthy_pod("cart"))
            .with(Kind::Service, "cart", service("cart", &json!(8080)))
            .previous_log("api-1", "app", line)
    }

    const INSIDE: &str = "lookup cart: no such host";
    const OUTSIDE: &str = "lookup pay.example.com: no such host";

    #[test]
    fn a_pod_that_does_not_ask_the_cluster_does_not_find_its_names() {
        assert_eq!(scene("Default", false, &json!([]), INSIDE).told(), ["dns-policy/"]);
        assert_eq!(scene("ClusterFirst", true, &json!([]), INSIDE).told(), ["dns-policy/"]);
        assert_eq!(scene("None", false, &json!(["8.8.8.8"]), INSIDE).told(), ["dns-policy/"]);
    }

    #[test]
    fn one_that_asks_it_or_needs_only_other_names_is_not_accused() {
        let told = |policy, host, servers: Value, line| scene(policy, host, &servers, line).told();
        assert_eq!(told("ClusterFirst", false, json!([]), INSIDE), ["dependency-unreachable/dns"]);
        assert_eq!(told("ClusterFirstWithHostNet", true, json!([]), INSIDE), ["dependency-unreachable/dns"]);
        assert_eq!(told("None", false, json!(["10.0.0.10"]), INSIDE), ["dependency-unreachable/dns"]);
        assert_eq!(told("Default", false, json!([]), OUTSIDE), ["dependency-unreachable/dns"]);
    }
}
