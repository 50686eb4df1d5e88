//! What the recording's account was not permitted to list, and which APIs answered with an error.

use bytes::Bytes;
use serde::Deserialize;

use super::super::kubernetes::KubernetesRequest;
use super::error::Warning;
use super::{Answer, status};

/// `forbidden.json` and `unavailable.json`.
#[derive(Debug, Default)]
pub(super) struct Denials {
    forbidden: Vec<Forbidden>,
    unavailable: Vec<Unavailable>,
}

#[derive(Debug, Deserialize)]
struct Forbidden {
    #[serde(default)]
    group: String,
    resource: String,
}

#[derive(Debug, Deserialize)]
struct Unavailable {
    #[serde(default)]
    group: String,
    resource: Option<String>,
    version: Option<String>,
    status: u16,
    #[serde(default)]
    message: String,
}

impl Denials {
    pub(super) fn read(
        forbidden: Option<&Bytes>,
        unavailable: Option<&Bytes>,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        Self {
            forbidden: parse("forbidden.json", forbidden, warnings),
            unavailable: parse("unavailable.json", unavailable, warnings),
        }
    }

    /// As an API server orders it: who may ask comes before what there is.
    pub(super) fn of(&self, request: &KubernetesRequest) -> Option<Answer> {
        if self.forbidden.iter().any(|denied| {
            denied.group == request.group
                && (denied.resource == request.resource || denied.resource == request.rule_resource())
        }) {
            return Some(status::forbidden(request));
        }
        self.unavailable(&request.group, Some(&request.version), Some(&request.resource))
    }

    /// For a discovery document: `/apis/{group}[/{version}]`.
    pub(super) fn of_path(&self, path: &str) -> Option<Answer> {
        let mut segments = path.strip_prefix("/apis/")?.split('/');
        self.unavailable(segments.next()?, segments.next(), None)
    }

    /// `secrets`, `roles.rbac.authorization.k8s.io`: what was forbidden, for people.
    pub(super) fn forbidden_names(&self) -> Vec<String> {
        self.forbidden
            .iter()
            .map(|denied| match denied.group.as_str() {
                "" => denied.resource.clone(),
                group => format!("{}.{group}", denied.resource),
            })
            .collect()
    }

    fn unavailable(&self, group: &str, version: Option<&str>, resource: Option<&str>) -> Option<Answer> {
        let found = self.unavailable.iter().find(|api| {
            api.group == group
                && api
                    .version
                    .as_deref()
                    .is_none_or(|recorded| version.is_none_or(|version| version == recorded))
                && match (&api.resource, resource) {
                    (None, _) => true,
                    (Some(recorded), Some(resource)) => recorded == resource,
                    (Some(_), None) => false,
                }
        })?;
        // A status that is no error would turn an error into an empty answer.
        let code = if (400..600).contains(&found.status) { found.status } else { 503 };
        Some(status::unavailable(code, &found.message))
    }
}

fn parse<T: for<'de> Deserialize<'de>>(
    name: &str,
    file: Option<&Bytes>,
    warnings: &mut Vec<Warning>,
) -> Vec<T> {
    let Some(file) = file else { return Vec::new() };
    serde_json::from_slice(file).unwrap_or_else(|error| {
        warnings.push(Warning::new(name, format!("damaged, left out: {error}")));
        Vec::new()
    })
}
