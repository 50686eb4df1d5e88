//! A claim: what it asks for, what it got, and whether its storage class exists.

use holmes_plugin::{
    Host,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use super::Report;
use crate::{field, names, read, scope::Scope};

pub(super) fn claim(report: &mut Report, host: &Host, object: &Value) {
    report.field(0, "Status", field::text(object, "/status/phase"));
    report.field(0, "Volume", field::text(object, "/spec/volumeName"));
    report.field(0, "Requested", field::text(object, "/spec/resources/requests/storage"));
    report.field(0, "Capacity", field::text(object, "/status/capacity/storage"));
    let modes: Vec<String> = field::list(object, "/spec/accessModes").iter().map(field::plain).collect();
    report.field(0, "Access modes", &modes.join(", "));
    report.field(0, "Volume mode", field::text(object, "/spec/volumeMode"));
    let class = field::text(object, "/spec/storageClassName");
    if !class.is_empty() {
        report.field(0, "Storage class", &format!("{class}{}", state(host, class)));
    }
    report.field(0, "Used by", &users(host, object));
}

fn state(host: &Host, class: &str) -> String {
    if names::object(class).is_err() {
        return String::new();
    }
    let resource = Resource::known("storage.k8s.io", "v1", "storageclasses", "StorageClass", false);
    let scope = Scope { resource, options: ListOptions::default(), notes: Vec::new() };
    match read::one(host, &scope, class) {
        Ok(Some(found)) => {
            let binding = field::text_or(&found, "/volumeBindingMode", "Immediate");
            format!(" ({}, binding {binding})", field::text(&found, "/provisioner"))
        }
        Ok(None) => " (does not exist)".to_owned(),
        Err(error) => format!(" (unknown: {error})"),
    }
}

fn users(host: &Host, claim: &Value) -> String {
    let options =
        ListOptions { namespace: Some(field::namespace(claim).to_owned()), ..ListOptions::default() };
    let scope =
        Scope { resource: Resource::known("", "v1", "pods", "Pod", true), options, notes: Vec::new() };
    let mut users = Vec::new();
    let outcome = read::each(host, &scope, |pod| {
        let mut volumes = field::list(&pod, "/spec/volumes").iter();
        if volumes.any(|it| field::text(it, "/persistentVolumeClaim/claimName") == field::name(claim)) {
            users.push(format!("pod {}", field::name(&pod)));
        }
    });
    match outcome {
        Err(error) => format!("unknown ({error})"),
        Ok(_) if users.is_empty() => "no pod".to_owned(),
        Ok(_) => users.join(", "),
    }
}
