//! What kubelet, scheduler and admission say about an object that a pod names and that is not there.

use crate::decode::between;

/// A reference that does not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The kind of the object, for example `ConfigMap`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// The key that the object lacks; none when the object itself is what is missing.
    pub(crate) key: Option<String>,
}

/// The words before a quoted name, in lower case, and the kinds that they mean.
const KINDS: [(&str, &str); 9] = [
    ("configmap \"", "ConfigMap"),
    ("secret \"", "Secret"),
    ("persistentvolumeclaim \"", "PersistentVolumeClaim"),
    ("persistentvolumeclaims \"", "PersistentVolumeClaim"),
    ("serviceaccount \"", "ServiceAccount"),
    ("runtimeclass.node.k8s.io \"", "RuntimeClass"),
    ("runtimeclass \"", "RuntimeClass"),
    ("secretproviderclass.secrets-store.csi.x-k8s.io \"", "SecretProviderClass"),
    ("secretproviderclasses.secrets-store.csi.x-k8s.io \"", "SecretProviderClass"),
];

/// Reads a container's waiting message, an event of a pod or of its controller, or a scheduler message.
pub(crate) fn missing(message: &str) -> Option<Missing> {
    missing_key(message).or_else(|| missing_object(message)).or_else(|| missing_priority(message))
}

fn missing_object(message: &str) -> Option<Missing> {
    // Names of objects are lower case; how the kind before them is written differs.
    let message = message.to_ascii_lowercase();
    KINDS.iter().find_map(|(word, kind)| {
        let (_, after) = message.split_once(word)?;
        let (name, rest) = after.split_once('"')?;
        rest.trim_start().starts_with("not found").then(|| Missing {
            kind,
            name: name.rsplit('/').next().unwrap_or(name).to_owned(),
            key: None,
        })
    })
}

fn missing_priority(message: &str) -> Option<Missing> {
    let name = between(message, "no PriorityClass with name ", " was found")?;
    Some(Missing { kind: "PriorityClass", name: name.to_owned(), key: None })
}

/// `couldn't find key K in Secret ns/x`, `configmap references non-existent config key: K`.
fn missing_key(message: &str) -> Option<Missing> {
    if let Some((_, after)) = message.split_once("couldn't find key ") {
        let (key, rest) = after.split_once(" in ")?;
        let (kind, name) = rest.split_once(' ')?;
        let kind = if kind.eq_ignore_ascii_case("secret") { "Secret" } else { "ConfigMap" };
        let name = name.split([' ', ',', '"']).next()?;
        let name = name.rsplit('/').next().unwrap_or(name);
        return Some(Missing { kind, name: name.to_owned(), key: Some(key.to_owned()) });
    }
    let (kind, marker) = [
        ("Secret", "references non-existent secret key: "),
        ("ConfigMap", "references non-existent config key: "),
    ]
    .into_iter()
    .find(|(_, marker)| message.contains(marker))?;
    let (_, key) = message.split_once(marker)?;
    let key = key.split([' ', ',']).next()?.to_owned();
    // The message names the volume, not the object; the rule finds the object through the volume.
    Some(Missing { kind, name: String::new(), key: Some(key) })
}

/// The volume that a `FailedMount` message is about.
pub(crate) fn volume(message: &str) -> Option<&str> {
    between(message, "for volume \"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_cluster_name_the_reference() {
        let cases = [
            ("secret \"a-b\" not found", "Secret", "a-b", None),
            ("MountVolume.SetUp failed for volume \"v\" : configmap \"c\" not found", "ConfigMap", "c", None),
            ("couldn't find key dsn in Secret shop/db", "Secret", "db", Some("dsn")),
            ("couldn't find key X in ConfigMap shop/app-config", "ConfigMap", "app-config", Some("X")),
            ("configmap references non-existent config key: nginx.conf", "ConfigMap", "", Some("nginx.conf")),
            ("persistentvolumeclaim \"data\" not found", "PersistentVolumeClaim", "data", None),
            (
                "pods \"a-\" is forbidden: error looking up service account shop/a: serviceaccount \"a\" not found",
                "ServiceAccount",
                "a",
                None,
            ),
            (
                "pods \"a-\" is forbidden: no PriorityClass with name gold was found",
                "PriorityClass",
                "gold",
                None,
            ),
            (
                "failed to get runtime class: runtimeclass.node.k8s.io \"gvisor\" not found",
                "RuntimeClass",
                "gvisor",
                None,
            ),
            ("pod rejected: RuntimeClass \"gvisor\" not found", "RuntimeClass", "gvisor", None),
            (
                "failed to get secretproviderclass shop/vault, error: SecretProviderClass.secrets-store.csi.x-k8s.io \"vault\" not found",
                "SecretProviderClass",
                "vault",
                None,
            ),
        ];
        for (message, kind, name, key) in cases {
            let found = missing(message).unwrap();
            assert_eq!(
                (found.kind, found.name.as_str(), found.key.as_deref()),
                (kind, name, key),
                "{message}"
            );
        }
    }

    #[test]
    fn other_texts_are_not_references() {
        for message in ["secret \"a\" is forbidden", "service \"x\" not found", "container has runAsNonRoot"]
        {
            assert_eq!(missing(message), None);
        }
    }
}
