//! Roles and bindings as they are applied, with the API server's validation.

use serde_json::Value;

use super::Rule;

const GROUP: &str = "rbac.authorization.k8s.io";

/// What an object is.
#[derive(Debug)]
pub(super) enum Object {
    Role { namespace: Option<String>, name: String, rules: Vec<Rule> },
    Binding(Binding),
}

/// Who has which role, and where.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    /// None: everywhere.
    pub(super) namespace: Option<String>,
    pub(super) role: Reference,
    pub(super) subjects: Vec<Subject>,
}

/// A role by its name.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) cluster: bool,
    pub(super) name: String,
}

#[derive(Debug)]
pub(super) enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

/// An object's fields, none of them unknown.
pub(super) struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    /// # Panics
    ///
    /// If there is a field of another name.
    pub(super) fn of(value: &'a Value, known: &[&str]) -> Self {
        let keys = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        let unknown: Vec<&str> = keys.filter(|key| !known.contains(key)).collect();
        assert!(value.is_object() && unknown.is_empty(), "unknown fields {unknown:?} in {value}");
        Self(value)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| text(value, name))
    }

    #[expect(clippy::panic, reason = "a manifest that is not valid fails the test")]
    fn required(&self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| panic!("`{name}` is required in {}", self.0))
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).iter().map(|value| text(value, name)).collect()
    }

    #[expect(clippy::panic, reason = "a manifest that is not valid fails the test")]
    fn values(&self, name: &str) -> &'a [Value] {
        match self.0.get(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(values)) => values,
            Some(other) => panic!("`{name}` is no list: {other}"),
        }
    }
}

#[expect(clippy::panic, reason = "a manifest that is not valid fails the test")]
fn text(value: &Value, name: &str) -> String {
    value.as_str().unwrap_or_else(|| panic!("`{name}` is no text: {value}")).to_owned()
}

/// # Panics
///
/// With what is wrong, when the API server would not take it.
#[expect(clippy::panic, reason = "a manifest that is not valid fails the test")]
pub(super) fn read(object: &Value) -> Object {
    let known = ["apiVersion", "kind", "metadata", "rules", "roleRef", "subjects", "aggregationRule"];
    let fields = Fields::of(object, &known);
    // Whatever else a recorded object's metadata holds does not count.
    let metadata = |key: &str| object.pointer(&format!("/metadata/{key}")).map(|value| text(value, key));
    let name = metadata("name").unwrap_or_else(|| panic!("`metadata.name` is required in {object:#}"));
    let namespace = metadata("namespace");
    let kind = fields.required("kind");
    assert_eq!(fields.required("apiVersion"), format!("{GROUP}/v1"), "of {kind} {name}");
    let namespaced = matches!(kind.as_str(), "Role" | "RoleBinding");
    assert_eq!(namespace.is_some(), namespaced, "{kind} {name}: `namespace` is given or lacks");
    match kind.as_str() {
        "Role" | "ClusterRole" => {
            let rules: Vec<Rule> = fields.values("rules").iter().map(Rule::read).collect();
            let urls = rules.iter().any(Rule::is_of_urls);
            assert!(!(namespaced && urls), "{name}: namespaced rules cannot apply to non-resource URLs");
            Object::Role { namespace, name, rules }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = object.get("roleRef").unwrap_or_else(|| panic!("{name}: `roleRef` is required"));
            let role = Fields::of(role, &["apiGroup", "kind", "name"]);
            let cluster = match role.required("kind").as_str() {
                "ClusterRole" => true,
                "Role" if namespaced => false,
                other => panic!("{name}: roleRef.kind `{other}` is not supported"),
            };
            assert_eq!(role.required("apiGroup"), GROUP, "{name}: roleRef.apiGroup");
            let role = Reference { cluster, name: role.required("name") };
            let subjects = fields.values("subjects").iter();
            let subjects = subjects.map(|one| subject(one, namespace.as_deref())).collect();
            Object::Binding(Binding { name, namespace, role, subjects })
        }
        other => panic!("{other} {name} is neither a role nor a binding"),
    }
}

#[expect(clippy::panic, reason = "a manifest that is not valid fails the test")]
fn subject(written: &Value, bound_in: Option<&str>) -> Subject {
    let fields = Fields::of(written, &["kind", "name", "namespace", "apiGroup"]);
    let name = fields.required("name");
    match (fields.required("kind").as_str(), fields.text("apiGroup").unwrap_or_default().as_str()) {
        ("ServiceAccount", "") => {
            let namespace = fields.text("namespace").or_else(|| bound_in.map(str::to_owned));
            let namespace = namespace.unwrap_or_else(|| panic!("the subject {name} needs a namespace"));
            Subject::ServiceAccount { namespace, name }
        }
        ("User", GROUP) => Subject::User(name),
        ("Group", GROUP) => Subject::Group(name),
        (kind, group) => panic!("the subject {kind} {name} of the group `{group}` is not supported"),
    }
}
