//! From needs to roles and bindings: rules merged where everything about them is the same, always in one order.

use std::collections::{BTreeMap, BTreeSet};

use holmes_sandbox::upstream::kubernetes::Verb;
use serde_json::{Value, json};

use super::{
    builtin::Scope,
    needs::{Need, Resource},
};
use crate::args::ServiceAccount;

/// The API group of roles, with its version.
pub(super) const VERSION: &str = "rbac.authorization.k8s.io/v1";
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// One rule of a role, and why it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) group: String,
    pub(super) resources: Vec<String>,
    pub(super) verbs: BTreeSet<Verb>,
    /// What is lost without it, by toolset.
    pub(super) loses: BTreeMap<String, String>,
}

/// A role.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// None: a `ClusterRole`.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) rules: Vec<Rule>,
}

/// The roles of these resources: one for the cluster, or one for each namespace and one for what is in none.
pub(super) fn roles(resources: &BTreeMap<Resource, Need>, namespaces: &[String], name: &str) -> Vec<Role> {
    let role = |namespace: Option<&String>, scope: Option<Scope>| Role {
        namespace: namespace.cloned(),
        name: name.to_owned(),
        rules: rules(resources.iter().filter(|(_, need)| scope.is_none_or(|scope| need.scope == scope))),
    };
    let namespaces: BTreeSet<&String> = namespaces.iter().collect();
    let mut roles = if namespaces.is_empty() {
        vec![role(None, None)]
    } else {
        let each = namespaces.iter().map(|namespace| role(Some(namespace), Some(Scope::Namespace)));
        std::iter::once(role(None, Some(Scope::Cluster))).chain(each).collect()
    };
    roles.retain(|role| !role.rules.is_empty());
    roles
}

fn rules<'a>(resources: impl Iterator<Item = (&'a Resource, &'a Need)>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (resource, need) in resources {
        let same = rules.iter_mut().find(|rule| {
            rule.group == resource.group && rule.verbs == need.verbs && rule.loses == need.loses
        });
        match same {
            Some(rule) => rule.resources.push(resource.name.clone()),
            None => rules.push(Rule {
                group: resource.group.clone(),
                resources: vec![resource.name.clone()],
                verbs: need.verbs.clone(),
                loses: need.loses.clone(),
            }),
        }
    }
    rules
}

impl Rule {
    pub(super) fn verbs(&self) -> Vec<&'static str> {
        self.verbs.iter().map(|verb| verb.as_str()).collect()
    }
}

impl Role {
    pub(super) fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "Role" } else { "ClusterRole" }
    }

    pub(super) fn manifest(&self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(
                |rule| json!({"apiGroups": [rule.group], "resources": rule.resources, "verbs": rule.verbs()}),
            )
            .collect();
        json!({"apiVersion": VERSION, "kind": self.kind(), "metadata": self.metadata(), "rules": rules})
    }

    pub(super) fn binding(&self, account: &ServiceAccount) -> Value {
        json!({"apiVersion": VERSION, "kind": format!("{}Binding", self.kind()), "metadata": self.metadata(),
            "roleRef": {"apiGroup": GROUP, "kind": self.kind(), "name": self.name},
            "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}]})
    }

    fn metadata(&self) -> Value {
        match &self.namespace {
            Some(namespace) => json!({"name": self.name, "namespace": namespace}),
            None => json!({"name": self.name}),
        }
    }
}
