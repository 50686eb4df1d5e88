//! Whatever a pod names of the cluster's objects, with the paths that name it.

use serde_json::Value;

use crate::decode::reference::Missing;
use crate::object::Object;
use crate::observations::Kind;

/// One object, or one key of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) optional: bool,
}

impl Reference<'_> {
    /// Is it the one that the cluster misses?
    pub(super) fn names(&self, kind: Kind, missing: &Missing) -> bool {
        self.kind == kind
            && self.name == missing.name
            && (missing.key.is_none() || self.key.is_none() || self.key == missing.key.as_deref())
    }
}

/// The references of a pod, or of the pod template of a controller.
pub(super) fn of(user: &Value) -> impl Iterator<Item = (String, Reference<'_>)> {
    let (pointer, base) = if user.kind() == "Pod" {
        ("/spec", ".spec")
    } else {
        ("/spec/template/spec", ".spec.template.spec")
    };
    let mut found = Vec::new();
    if let Some(spec) = user.pointer(pointer) {
        for list in ["initContainers", "containers"] {
            for container in spec.items(&format!("/{list}")) {
                let base = format!("{base}.{list}[name={}]", container.text("/name"));
                of_container(container, &base, &mut found);
            }
        }
        for (index, volume) in spec.items("/volumes").iter().enumerate() {
            of_volume(volume, &format!("{base}.volumes[{index}]"), &mut found);
        }
        let single = [
            ("serviceAccountName", Kind::ServiceAccount),
            ("priorityClassName", Kind::PriorityClass),
            ("runtimeClassName", Kind::RuntimeClass),
        ];
        for (field, kind) in single {
            add(&mut found, kind, (spec, field), &format!("{base}.{field}"), None);
        }
    }
    found.into_iter()
}

type Found<'a> = Vec<(String, Reference<'a>)>;

fn add<'a>(
    found: &mut Found<'a>,
    kind: Kind,
    (holder, field): (&'a Value, &str),
    path: &str,
    key: Option<&'a str>,
) {
    let name = holder.get(field).and_then(Value::as_str).unwrap_or_default();
    if !name.is_empty() {
        let optional = holder.flag("/optional");
        found.push((path.to_owned(), Reference { kind, name, key, optional }));
    }
}

fn of_container<'a>(container: &'a Value, base: &str, found: &mut Found<'a>) {
    for (index, source) in container.items("/envFrom").iter().enumerate() {
        for (field, kind) in [("configMapRef", Kind::ConfigMap), ("secretRef", Kind::Secret)] {
            if let Some(holder) = source.get(field) {
                add(found, kind, (holder, "name"), &format!("{base}.envFrom[{index}].{field}.name"), None);
            }
        }
    }
    for (index, variable) in container.items("/env").iter().enumerate() {
        for (field, kind) in [("configMapKeyRef", Kind::ConfigMap), ("secretKeyRef", Kind::Secret)] {
            if let Some(holder) = variable.pointer(&format!("/valueFrom/{field}")) {
                let key = holder.get("key").and_then(Value::as_str);
                add(
                    found,
                    kind,
                    (holder, "name"),
                    &format!("{base}.env[{index}].valueFrom.{field}.name"),
                    key,
                );
            }
        }
    }
}

fn of_volume<'a>(volume: &'a Value, base: &str, found: &mut Found<'a>) {
    let sources = volume.items("/projected/sources").iter().enumerate();
    let projected = sources.map(|(index, source)| (source, format!("{base}.projected.sources[{index}]")));
    for (source, base) in projected.chain([(volume, base.to_owned())]) {
        if let Some(holder) = source.get("configMap") {
            add(found, Kind::ConfigMap, (holder, "name"), &format!("{base}.configMap.name"), None);
        }
        if let Some(holder) = source.get("secret") {
            let field = if holder.get("secretName").is_some() { "secretName" } else { "name" };
            add(found, Kind::Secret, (holder, field), &format!("{base}.secret.{field}"), None);
        }
    }
    if let Some(holder) = volume.get("persistentVolumeClaim") {
        add(
            found,
            Kind::PersistentVolumeClaim,
            (holder, "claimName"),
            &format!("{base}.persistentVolumeClaim.claimName"),
            None,
        );
    }
    if let Some(holder) = volume.pointer("/csi/volumeAttributes") {
        let field = "secretProviderClass";
        add(
            found,
            Kind::SecretProviderClass,
            (holder, field),
            &format!("{base}.csi.volumeAttributes.{field}"),
            None,
        );
    }
}
