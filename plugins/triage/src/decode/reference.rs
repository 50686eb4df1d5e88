//! What kubelet says about a ConfigMap, Secret or claim that a pod names.

use crate::decode::between;

/// A reference that does not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// `ConfigMap`, `Secret`, `PersistentVolumeClaim` or `ServiceAccount`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// The key that the object lacks; none when the object itself is what is missing.
    pub(crate) key: Option<String>,
}

const KINDS: [(&str, &str); 4] = [
    ("configmap", "ConfigMap"),
    ("secret", "Secret"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("serviceaccount", "ServiceAccount"),
];

/// Reads a container's waiting message, a `FailedMount` or a scheduler message.
pub(crate) fn missing(message: &str) -> Option<Missing> {
    missing_key(message).or_else(|| missing_object(message))
}

fn missing_object(message: &str) -> Option<Missing> {
    KINDS.iter().find_map(|(word, kind)| {
        let (_, after) = message.split_once(&format!("{word} \""))?;
        let (name, rest) = after.split_once('"')?;
        rest.trim_start().starts_with("not found").then(|| Missing {
            kind,
            name: name.rsplit('/').next().unwrap_or(name).to_owned(),
            key: None,
        })
    })
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
    fn kubelet_texts_name_the_reference() {
        let cases = [
            ("secret \"a-b\" not found", "Secret", "a-b", None),
            ("MountVolume.SetUp failed for volume \"v\" : configmap \"c\" not found", "ConfigMap", "c", None),
            ("couldn't find key dsn in Secret shop/db", "Secret", "db", Some("dsn")),
            ("couldn't find key X in ConfigMap shop/app-config", "ConfigMap", "app-config", Some("X")),
            ("configmap references non-existent config key: nginx.conf", "ConfigMap", "", Some("nginx.conf")),
            ("persistentvolumeclaim \"data\" not found", "PersistentVolumeClaim", "data", None),
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
