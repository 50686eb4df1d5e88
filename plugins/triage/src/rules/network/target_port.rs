//! The port of a pod that a Service's port leads to.

use serde_json::Value;

use crate::object::Object;

/// What a port of a Service names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Looked up in every pod; one without it is left out.
    Name(&'a str),
    /// Taken as it is; what pods declare is only information.
    Number(i64),
}

/// The target of a Service's port: the port itself where none is told.
pub(super) fn target(port: &Value) -> Option<Target<'_>> {
    match port.pointer("/targetPort") {
        Some(Value::String(name)) => Some(Target::Name(name)),
        Some(Value::Number(number)) if number.as_i64() != Some(0) => number.as_i64().map(Target::Number),
        _ => port.number("/port").map(Target::Number),
    }
}

/// The protocol of a port of a Service, a container or a policy.
pub(super) fn protocol(port: &Value) -> &str {
    match port.text("/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}

/// The containers that serve: sidecars among the init containers included.
pub(super) fn serving(pod: &Value) -> impl Iterator<Item = &Value> {
    let sidecars = pod.items("/spec/initContainers").iter();
    let sidecars = sidecars.filter(|container| container.text("/restartPolicy") == "Always");
    pod.items("/spec/containers").iter().chain(sidecars)
}

/// The ports that a pod declares.
pub(super) fn declared(pod: &Value) -> Vec<&Value> {
    serving(pod).flat_map(|container| container.items("/ports")).collect()
}

/// The number of the port that a Service's port leads to in this pod; none when the pod has no such name.
pub(super) fn number_in(pod: &Value, port: &Value) -> Option<i64> {
    match target(port)? {
        Target::Number(number) => Some(number),
        Target::Name(name) => {
            let fits = |one: &&Value| one.text("/name") == name && protocol(one) == protocol(port);
            declared(pod).into_iter().find(fits)?.number("/containerPort")
        }
    }
}

/// The TCP ports that the kubelet probes in a pod: something listens there when the pod is ready.
pub(super) fn probed(pod: &Value) -> Vec<i64> {
    let mut found = Vec::new();
    for container in serving(pod) {
        for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
            for action in ["httpGet", "tcpSocket", "grpc"] {
                match container.pointer(&format!("/{probe}/{action}/port")) {
                    Some(Value::String(name)) => {
                        let mut ports = container.items("/ports").iter();
                        let named = ports.find(|port| port.text("/name") == name);
                        found.extend(named.and_then(|port| port.number("/containerPort")));
                    }
                    number => found.extend(number.and_then(Value::as_i64)),
                }
            }
        }
    }
    found
}

/// Ports as a suggestion lists them: `http 8080, 9090/UDP`.
pub(super) fn listed(ports: &[&Value], number: &str) -> String {
    let one = |port: &&Value| {
        let protocol = if protocol(port) == "TCP" { String::new() } else { format!("/{}", protocol(port)) };
        let text = format!("{} {}{protocol}", port.text("/name"), port.number(number).unwrap_or_default());
        text.trim().to_owned()
    };
    let mut texts: Vec<String> = ports.iter().map(one).collect();
    texts.dedup();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_target_is_a_name_a_number_or_the_port_itself() {
        let pod = json!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}});
        assert_eq!(number_in(&pod, &json!({"port": 80, "targetPort": "http"})), Some(8080));
        assert_eq!(number_in(&pod, &json!({"port": 80, "targetPort": "web"})), None);
        assert_eq!(number_in(&pod, &json!({"port": 80, "targetPort": "http", "protocol": "UDP"})), None);
        assert_eq!(number_in(&pod, &json!({"port": 80, "targetPort": 9090})), Some(9090));
        assert_eq!(number_in(&pod, &json!({"port": 80})), Some(80));
    }

    #[test]
    fn probes_by_name_are_resolved_in_their_container() {
        let pod = json!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"port": "http"}}, "livenessProbe": {"tcpSocket": {"port": 9}}}]}});
        assert_eq!(probed(&pod), [8080, 9]);
    }
}
