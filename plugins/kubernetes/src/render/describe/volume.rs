//! Volumes of a pod or of a template: what each one comes from.

use holmes_plugin::serde_json::Value;

use super::Report;
use crate::field;

pub(super) fn describe(report: &mut Report, object: &Value, spec: &str) {
    let volumes = field::list(object, &format!("{spec}/volumes"));
    let told: Vec<&Value> =
        volumes.iter().filter(|it| !field::text(it, "/name").starts_with("kube-api-access-")).collect();
    if told.is_empty() {
        return;
    }
    report.line(0, "Volumes:");
    for volume in told {
        report.line(1, format!("{}: {}", field::text(volume, "/name"), source(volume)));
    }
}

fn source(volume: &Value) -> String {
    let optional = |pointer: &str| if field::is_true(volume, pointer) { " (optional)" } else { "" };
    if volume.get("secret").is_some() {
        return format!(
            "Secret {}{}",
            field::text(volume, "/secret/secretName"),
            optional("/secret/optional")
        );
    }
    if volume.get("configMap").is_some() {
        return format!(
            "ConfigMap {}{}",
            field::text(volume, "/configMap/name"),
            optional("/configMap/optional")
        );
    }
    if volume.get("persistentVolumeClaim").is_some() {
        return format!("PersistentVolumeClaim {}", field::text(volume, "/persistentVolumeClaim/claimName"));
    }
    let Some((kind, value)) = volume.as_object().and_then(|map| map.iter().find(|(key, _)| *key != "name"))
    else {
        return "emptyDir".to_owned();
    };
    format!("{kind} {value}")
}
