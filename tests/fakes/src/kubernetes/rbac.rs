//! Who may do what: RBAC as the API server evaluates it, from roles and bindings.
//!
//! Manifests are read as `kubectl apply` reads them: a field that the API does not have, a rule without verbs
//! or a binding without a role ends the test.

mod manifest;
mod rule;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use manifest::{Binding, Reference, Subject};
pub(super) use rule::Rule;

use super::target::Target;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) groups: Vec<String>,
}

impl User {
    /// A service account, with the groups that the API server gives it.
    pub(super) fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ],
        }
    }

    /// Whoever shows no credential.
    pub(super) fn anonymous() -> Self {
        Self { name: "system:anonymous".to_owned(), groups: vec!["system:unauthenticated".to_owned()] }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attributes<'a> {
    Resource { verb: &'a str, target: &'a Target },
    Path { verb: &'a str, path: &'a str },
}

/// Every role and binding.
#[derive(Debug, Default)]
pub(super) struct Access {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    readers: Vec<(String, Vec<(String, String)>)>,
}

#[derive(Debug)]
struct Role {
    /// None: a `ClusterRole`.
    namespace: Option<String>,
    name: String,
    rules: Vec<Rule>,
}

impl Access {
    /// What every cluster gives to everybody: discovery, the version, and to ask about oneself.
    pub(super) fn of_every_cluster() -> Self {
        let mut access = Self::default();
        let everyone: [(&str, Value, &[&str]); 3] = [
            (
                "system:discovery",
                json!([{"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*",
                    "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"]}]),
                &["system:authenticated"],
            ),
            (
                "system:basic-user",
                json!([
                    {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
                        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]},
                    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
                ]),
                &["system:authenticated"],
            ),
            (
                "system:public-info-viewer",
                json!([{"verbs": ["get"],
                    "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]}]),
                &["system:authenticated", "system:unauthenticated"],
            ),
        ];
        for (name, rules, groups) in everyone {
            let rules = rules.as_array().into_iter().flatten().map(Rule::read).collect();
            let groups: Vec<Subject> =
                groups.iter().map(|group| Subject::Group((*group).to_owned())).collect();
            access.add_cluster_role(name, rules, groups);
        }
        access
    }

    /// A `ClusterRole` and who has it.
    fn add_cluster_role(&mut self, name: &str, rules: Vec<Rule>, subjects: Vec<Subject>) {
        self.roles.push(Role { namespace: None, name: name.to_owned(), rules });
        let role = Reference { cluster: true, name: name.to_owned() };
        self.bindings.push(Binding { name: name.to_owned(), namespace: None, role, subjects });
    }

    /// Lets one user read everything but these (group, resource), and whatever is below them. RBAC can not say
    /// that; a webhook in front of it can.
    pub(super) fn reader(&mut self, user: &User, except: Vec<(String, String)>) {
        self.readers.push((user.name.clone(), except));
    }

    /// Applies a `Role`, `ClusterRole`, `RoleBinding` or `ClusterRoleBinding`; one of the same name is replaced.
    ///
    /// # Panics
    ///
    /// With the API server's complaint, when it would not take the object.
    pub(super) fn apply(&mut self, object: &Value) {
        match manifest::read(object) {
            manifest::Object::Role { namespace, name, rules } => {
                self.roles.retain(|role| (&role.namespace, &role.name) != (&namespace, &name));
                self.roles.push(Role { namespace, name, rules });
            }
            manifest::Object::Binding(new) => {
                self.bindings.retain(|old| (&old.namespace, &old.name) != (&new.namespace, &new.name));
                self.bindings.push(new);
            }
        }
    }

    /// The API server's decision.
    pub(super) fn permits(&self, user: &User, attributes: Attributes<'_>) -> bool {
        if user.groups.iter().any(|group| group == "system:masters") {
            return true;
        }
        let namespace = match attributes {
            Attributes::Resource { verb, target } => {
                if let Some((_, except)) = self.readers.iter().find(|(name, _)| *name == user.name)
                    && ["get", "list", "watch"].contains(&verb)
                {
                    return !except.iter().any(|(group, resource)| {
                        *group == target.group
                            && (*resource == target.plural || *resource == target.rule_resource())
                    });
                }
                target.namespace.as_deref()
            }
            Attributes::Path { .. } => None,
        };
        self.rules_of(user, namespace).any(|rule| rule.covers(attributes))
    }

    /// The rules that a user has in a namespace, or everywhere.
    pub(super) fn rules_of<'a>(
        &'a self,
        user: &'a User,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Rule> {
        let counts = move |binding: &&Binding| {
            binding.namespace.as_deref().is_none_or(|bound| Some(bound) == namespace)
                && binding.subjects.iter().any(|subject| subject.is(user))
        };
        self.bindings.iter().filter(counts).flat_map(|binding| {
            let bound_to = if binding.role.cluster { None } else { binding.namespace.as_ref() };
            let role = self
                .roles
                .iter()
                .find(|role| role.name == binding.role.name && role.namespace.as_ref() == bound_to);
            role.map_or(&[][..], |role| role.rules.as_slice())
        })
    }
}

impl Subject {
    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => *name == user.name,
            Self::Group(name) => user.groups.contains(name),
            Self::ServiceAccount { namespace, name } => {
                user.name == format!("system:serviceaccount:{namespace}:{name}")
            }
        }
    }
}
