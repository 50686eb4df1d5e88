//! Which kinds the cluster serves, each in one version, and the discovery documents that say so.

use std::collections::HashSet;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde::Deserialize;

use super::api::{Api, Refusal};
use super::report::{Forbidden, LEFT_OUT, Unavailable};
use super::{Options, RecordError};

/// The largest group has some hundred kinds, each some hundred bytes.
const LARGEST: usize = 16 << 20;

/// Documents that are read side by side.
const AT_ONCE: usize = 8;

/// One kind that can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) name: String,
    pub(super) namespaced: bool,
    /// Other names by which people call it, in lower case.
    aliases: Vec<String>,
}

/// What discovery says.
pub(super) struct Discovered {
    /// By the name of their file in the recording.
    pub(super) documents: Vec<(String, Bytes)>,
    pub(super) kinds: Vec<Kind>,
    pub(super) unavailable: Vec<Unavailable>,
}

#[derive(Deserialize)]
struct Versions {
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize, PartialEq, Eq)]
struct GroupVersion {
    version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

impl Kind {
    #[cfg(test)]
    pub(super) fn core(plural: &str, name: &str) -> Self {
        let (group, version) = (String::new(), "v1".to_owned());
        Self {
            group,
            version,
            plural: plural.into(),
            name: name.into(),
            namespaced: true,
            aliases: Vec::new(),
        }
    }

    /// The segments of its list's path.
    pub(super) fn path<'a>(&'a self, namespace: Option<&'a str>) -> Vec<&'a str> {
        let mut path = match self.group.as_str() {
            "" => vec!["api", &self.version],
            group => vec!["apis", group, &self.version],
        };
        path.extend(namespace.map(|namespace| ["namespaces", namespace]).into_iter().flatten());
        path.push(&self.plural);
        path
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(super) fn file(&self) -> String {
        let group = if self.group.is_empty() { "core" } else { &self.group };
        format!("resources/{}.{group}.json", self.plural)
    }

    pub(super) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    pub(super) fn forbidden(&self) -> Forbidden {
        Forbidden { group: self.group.clone(), resource: self.plural.clone() }
    }

    pub(super) fn unavailable(&self, status: u16, message: String) -> Unavailable {
        let version = Some(self.version.clone());
        Unavailable {
            group: self.group.clone(),
            resource: Some(self.plural.clone()),
            version,
            status,
            message,
        }
    }

    /// A kind that nobody wanted must not look like one without objects, in whatever version it is asked for.
    pub(super) fn left_out(&self) -> Unavailable {
        Unavailable { version: None, ..self.unavailable(503, LEFT_OUT.to_owned()) }
    }

    fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name == format!("{}.{}", self.plural, self.group) || self.aliases.contains(&name)
    }
}

/// Reads every discovery document; a version that does not answer is named and left out.
pub(super) async fn discover(api: &Api<'_>) -> Result<Discovered, RecordError> {
    let version = api.get(&["version"], &[], LARGEST).await;
    let core = api.get(&["api"], &[], LARGEST).await.map_err(Refusal::fatal)?;
    let groups = api.get(&["apis"], &[], LARGEST).await.map_err(Refusal::fatal)?;
    let mut found = Discovered {
        documents: vec![
            ("discovery/api.json".into(), core.clone()),
            ("discovery/apis.json".into(), groups.clone()),
        ],
        kinds: Vec::new(),
        unavailable: Vec::new(),
    };
    found.documents.extend(version.ok().map(|version| ("version.json".to_owned(), version)));
    let versions = versions(&core, &groups)?;
    let mut answers = stream::iter(&versions)
        .map(|(group, version)| async move {
            let root = if group.is_empty() { vec!["api", version] } else { vec!["apis", group, version] };
            let answer = api.get(&root, &[], LARGEST).await;
            (group, version, format!("discovery/{}.json", root.join("__")), answer)
        })
        .buffered(AT_ONCE);
    let mut seen = HashSet::new();
    while let Some((group, version, file, answer)) = answers.next().await {
        let failed = |status, message| Unavailable {
            group: group.clone(),
            resource: None,
            version: Some(version.clone()),
            status,
            message,
        };
        match answer.and_then(|document| Ok((kinds(group, version, &document)?, document))) {
            Ok((kinds, document)) => {
                found.documents.push((file, document));
                found.kinds.extend(
                    kinds.into_iter().filter(|kind| seen.insert((group.clone(), kind.plural.clone()))),
                );
            }
            Err(Refusal::Unauthorized) => return Err(RecordError::Unauthorized),
            Err(Refusal::Failed { status, message }) => found.unavailable.push(failed(status, message)),
            Err(Refusal::Forbidden(message)) => found.unavailable.push(failed(403, message)),
            Err(Refusal::Expired | Refusal::TooLarge) => {
                found.unavailable.push(failed(503, "an unexpected answer".to_owned()));
            }
        }
    }
    drop(answers);
    Ok(found)
}

/// Every group and version: of a group, the preferred one first.
fn versions(core: &[u8], groups: &[u8]) -> Result<Vec<(String, String)>, RecordError> {
    let unreadable = |error: serde_json::Error| RecordError::Discovery(error.to_string());
    let core: Versions = serde_json::from_slice(core).map_err(unreadable)?;
    let groups: Groups = serde_json::from_slice(groups).map_err(unreadable)?;
    let mut all: Vec<_> = core.versions.into_iter().map(|version| (String::new(), version)).collect();
    for Group { name, mut versions, preferred_version } in groups.groups {
        versions.sort_by_key(|version| Some(version) != preferred_version.as_ref());
        all.extend(versions.into_iter().map(|version| (name.clone(), version.version)));
    }
    // They become names of files.
    all.retain(|(group, version)| (group.is_empty() || is_plain(group)) && is_plain(version));
    Ok(all)
}

fn kinds(group: &str, version: &str, document: &[u8]) -> Result<Vec<Kind>, Refusal> {
    let list: Resources = serde_json::from_slice(document)
        .map_err(|error| Refusal::Failed { status: 503, message: format!("no list of kinds: {error}") })?;
    let listed =
        |resource: &Resource| is_plain(&resource.name) && resource.verbs.iter().any(|verb| verb == "list");
    let kind = |resource: Resource| Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        aliases: [resource.name.clone(), resource.kind.to_lowercase(), resource.singular_name]
            .into_iter()
            .chain(resource.short_names)
            .filter(|name| !name.is_empty())
            .collect(),
        plural: resource.name,
        name: resource.kind,
        namespaced: resource.namespaced,
    };
    Ok(list.resources.into_iter().filter(listed).map(kind).collect())
}

/// A name that is one segment of a path, here and on the disk; `pods/log` is none.
pub(super) fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// The kinds that are wanted, and those that are not.
pub(super) fn select(kinds: Vec<Kind>, options: &Options) -> Result<(Vec<Kind>, Vec<Kind>), RecordError> {
    for name in options.include.iter().chain(&options.exclude) {
        if !kinds.iter().any(|kind| kind.is_called(name)) {
            return Err(RecordError::UnknownKind(name.clone()));
        }
    }
    let called = |kind: &Kind, names: &[String]| names.iter().any(|name| kind.is_called(name));
    Ok(kinds.into_iter().partition(|kind| {
        (options.include.is_empty() || called(kind, &options.include)) && !called(kind, &options.exclude)
    }))
}

#[cfg(test)]
mod tests;
