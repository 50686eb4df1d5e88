//! What a file of a recording is for, by its path.

/// The folders and files of our own recordings, with or without one leading folder; then the layouts of others:
/// must-gathers, support bundles, `kubectl cluster-info dump`, files of `kubectl get`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// `snapshot.json`, `version.json`, `forbidden.json`, `unavailable.json`.
    Document(&'a str),
    /// A discovery document, by its path at the API server.
    Discovery(String),
    /// Every object of a kind: group and plural.
    List(&'a str, &'a str),
    /// In `resources/`, but not named as a list is.
    Misnamed,
    /// One container's log, by `namespace/pod/container.log`.
    Log(String),
    /// The logs of all containers of a pod, one after another.
    Logs,
    /// Objects, or something else in these formats.
    Json,
    Yaml,
    /// The only file, or one beside the others: its name tells nothing.
    Unknown,
    Nothing,
}

const DOCUMENTS: [&str; 4] = ["snapshot.json", "version.json", "forbidden.json", "unavailable.json"];

pub(super) fn of(path: &str) -> Role<'_> {
    let segments: Vec<&str> = path.split('/').collect();
    let own = match segments.as_slice() {
        [folder, rest @ ..] if !matches!(*folder, "resources" | "discovery") && !rest.is_empty() => own(rest),
        all => own(all),
    };
    if let Some(role) = own {
        return role;
    }
    if let Some(key) = log(&segments) {
        return Role::Log(key);
    }
    let name = segments.last().copied().unwrap_or_default();
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        _ if name == "logs.txt" => Role::Logs,
        "json" => Role::Json,
        "yaml" | "yml" => Role::Yaml,
        _ if segments.len() == 1 => Role::Unknown,
        _ => Role::Nothing,
    }
}

fn own<'a>(segments: &[&'a str]) -> Option<Role<'a>> {
    match segments {
        [name] if DOCUMENTS.contains(name) => Some(Role::Document(name)),
        ["discovery", name] => {
            let name = name.strip_suffix(".json").unwrap_or(name).replace("__", "/");
            Some(Role::Discovery(format!("/{name}")))
        }
        ["resources", name] => {
            let parts = name.strip_suffix(".json").and_then(|name| name.split_once('.'));
            Some(parts.map_or(Role::Misnamed, |(plural, group)| {
                Role::List(if group == "core" { "" } else { group }, plural)
            }))
        }
        _ => None,
    }
}

/// `…/namespace/pod/container.log`, as support bundles and our own recordings have it, or
/// `…/namespaces/NAMESPACE/pods/POD/CONTAINER/CONTAINER/logs/current.log` of a must-gather.
fn log(segments: &[&str]) -> Option<String> {
    let (container, pod, namespace) = match segments {
        [.., "namespaces", namespace, "pods", pod, container, _, "logs", name] => {
            let previous = match *name {
                "current.log" => "",
                "previous.log" => ".previous",
                _ => return None,
            };
            (format!("{container}{previous}"), pod, namespace)
        }
        [before @ .., namespace, pod, name] => {
            let container = name.strip_suffix(".log")?;
            let bundled = before.ends_with(&["pods", "logs"]);
            let previous = container.strip_suffix("-previous").filter(|_| bundled);
            let container = previous.map_or_else(|| container.to_owned(), |name| format!("{name}.previous"));
            (container, pod, namespace)
        }
        _ => return None,
    };
    Some(format!("{namespace}/{pod}/{container}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_recognised() {
        let log = |key: &str| Role::Log(key.to_owned());
        for (path, role) in [
            ("snapshot.json", Role::Document("snapshot.json")),
            ("cluster/version.json", Role::Document("version.json")),
            ("discovery/apis__apps__v1.json", Role::Discovery("/apis/apps/v1".to_owned())),
            ("resources/pods.core.json", Role::List("", "pods")),
            ("a/resources/deployments.apps.json", Role::List("apps", "deployments")),
            ("resources/odd.txt", Role::Misnamed),
            ("a/logs/shop/web/app.log", log("shop/web/app.log")),
            ("logs/shop/web/app.previous.log", log("shop/web/app.previous.log")),
            ("must-gather.local.1/quay-io-x/namespaces/shop/core/pods.yaml", Role::Yaml),
            ("m/q/namespaces/shop/pods/web/app/app/logs/current.log", log("shop/web/app.log")),
            ("m/q/namespaces/shop/pods/web/app/app/logs/previous.log", log("shop/web/app.previous.log")),
            ("m/q/namespaces/shop/pods/web/app/app/logs/previous.insecure.log", Role::Nothing),
            ("b/cluster-resources/pods/shop.json", Role::Json),
            ("b/cluster-resources/pods/logs/shop/web/app.log", log("shop/web/app.log")),
            ("b/cluster-resources/pods/logs/shop/web/app-previous.log", log("shop/web/app.previous.log")),
            ("dump/shop/web/logs.txt", Role::Logs),
            ("dump.txt", Role::Unknown),
            ("notes/readme", Role::Nothing),
        ] {
            assert_eq!(of(path), role, "{path}");
        }
    }
}
