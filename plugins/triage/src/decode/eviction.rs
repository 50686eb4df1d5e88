//! Why the kubelet put a pod out, by its own words.

/// Texts of the kubelet and their classes; the first hit wins.
const CLASSES: [(&str, &str); 8] = [
    ("EmptyDir volume", "emptydir-limit"),
    ("local ephemeral storage limit", "ephemeral-limit"),
    ("ephemeral local storage usage exceeds", "ephemeral-limit"),
    ("low on resource: ephemeral-storage", "node-disk"),
    ("low on resource: inodes", "node-disk"),
    ("low on resource: memory", "node-memory"),
    ("low on resource: pids", "node-pid"),
    ("had condition: [MemoryPressure]", "node-memory"),
];

/// The class of an eviction's message.
pub(crate) fn class(message: &str) -> &'static str {
    CLASSES.iter().find(|(text, _)| message.contains(text)).map_or("other", |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_kubelet_have_classes() {
        let cases = [
            ("Usage of EmptyDir volume \"cache\" exceeds the limit \"100Mi\". ", "emptydir-limit"),
            ("Container app exceeded its local ephemeral storage limit \"1Gi\". ", "ephemeral-limit"),
            (
                "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
                "ephemeral-limit",
            ),
            (
                "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container app was using 1Gi, request is 0, has larger consumption of memory. ",
                "node-memory",
            ),
            ("The node was low on resource: ephemeral-storage. ", "node-disk"),
            ("Pod was evicted", "other"),
        ];
        for (message, expected) in cases {
            assert_eq!(class(message), expected, "{message}");
        }
    }
}
