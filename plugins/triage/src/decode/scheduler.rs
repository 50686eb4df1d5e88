//! What the scheduler says about a pod that fits no node.

/// One reason and the number of nodes that gave it; a reason of the whole cluster has no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) class: &'static str,
    pub(crate) count: Option<u32>,
    pub(crate) text: String,
}

/// Patterns in the scheduler's filter order, which breaks ties.
const CLASSES: [(&str, &str); 29] = [
    ("were unschedulable", "cordoned"),
    ("didn't match the requested node name", "node-name"),
    ("untolerated taint", "taint"),
    ("that the pod didn't tolerate", "taint"),
    ("didn't match Pod's node affinity", "node-selector"),
    ("didn't match node selector", "node-selector"),
    ("didn't have free ports", "host-port"),
    ("Insufficient cpu", "cpu"),
    ("Insufficient memory", "memory"),
    ("Insufficient ephemeral-storage", "ephemeral-storage"),
    ("Insufficient ", "extended-resource"),
    ("Too many pods", "max-pods"),
    ("ReadWriteOncePod", "volume-in-use"),
    ("exceed max volume count", "volume-limit"),
    ("unbound immediate PersistentVolumeClaims", "unbound-pvc"),
    ("didn't find available persistent volumes", "volume-bind"),
    ("did not have enough free storage", "volume-bind"),
    ("didn't match PersistentVolume's node affinity", "volume-zone"),
    ("volume node affinity conflict", "volume-zone"),
    ("no available volume zone", "volume-zone"),
    ("topology spread constraints", "topology-spread"),
    ("anti-affinity rules", "pod-anti-affinity"),
    ("pod affinity rules", "pod-affinity"),
    ("is being deleted", "deleting-pvc"),
    ("bound to non-existent persistentvolume", "lost-pvc"),
    ("waiting for ephemeral volume controller", "ephemeral-pvc"),
    ("resourceclaim", "dra"),
    ("resource claim", "dra"),
    ("allocate all claims", "dra"),
];

/// Reads `0/N nodes are available: <count reason>, … preemption: …`.
pub(crate) fn reasons(message: &str) -> Vec<Reason> {
    if message.contains("persistentvolumeclaim \"") && message.contains("\" not found") {
        return vec![Reason { class: "missing-pvc", count: None, text: message.to_owned() }];
    }
    let text = message.split("preemption:").next().unwrap_or(message);
    let text = text.split_once("available:").map_or(text, |(_, after)| after);
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(", ") {
        let begins_a_reason = part.trim_start().starts_with(|letter: char| letter.is_ascii_digit());
        match parts.last_mut() {
            // Taint texts contain commas; only a number begins the next reason.
            Some(last) if !begins_a_reason => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.iter().filter_map(|part| reason(part.trim())).collect()
}

fn reason(part: &str) -> Option<Reason> {
    let class = CLASSES.iter().find(|(text, _)| part.contains(text)).map_or("other", |(_, class)| class);
    let (count, text) = match part.split_once(' ') {
        Some((number, text)) if number.parse::<u32>().is_ok() => (number.parse().ok(), text),
        _ => (None, part),
    };
    // The scheduler appends remarks to the last reason after a full stop.
    let text = text.split(". ").next().unwrap_or(text).trim_end_matches(['.', ' ']);
    (!text.is_empty()).then(|| Reason { class, count, text: text.to_owned() })
}

/// Where a class stands in the scheduler's order.
pub(crate) fn order(class: &str) -> usize {
    CLASSES.iter().position(|(_, known)| *known == class).unwrap_or(CLASSES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(message: &str) -> Vec<(&'static str, Option<u32>)> {
        reasons(message).into_iter().map(|reason| (reason.class, reason.count)).collect()
    }

    #[test]
    fn messages_split_at_numbers() {
        assert_eq!(
            classes(
                "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, preemption: 0/4 nodes are available: 4 No preemption victims found."
            ),
            [("taint", Some(1)), ("cpu", Some(3))]
        );
        assert_eq!(
            classes(
                "0/3 nodes are available: 1 node(s) had untolerated taint {a: b, c: d}, 2 node(s) didn't match PersistentVolume's node affinity."
            ),
            [("taint", Some(1)), ("volume-zone", Some(2))]
        );
        assert_eq!(
            classes("0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"),
            [("unbound-pvc", None)]
        );
        assert_eq!(classes("persistentvolumeclaim \"x\" not found"), [("missing-pvc", None)]);
        assert_eq!(
            classes("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."),
            [("pod-anti-affinity", Some(2))]
        );
    }
}
