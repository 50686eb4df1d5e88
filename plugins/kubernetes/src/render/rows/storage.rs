//! Claims, volumes and storage classes.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, field};

pub(super) const CLAIM: Layout = Layout {
    columns: &["STATUS", "VOLUME", "CAPACITY", "ACCESS", "STORAGECLASS"],
    row: claim,
    counted: Some("STATUS"),
};

pub(super) const VOLUME: Layout = Layout {
    columns: &["CAPACITY", "ACCESS", "RECLAIM", "STATUS", "CLAIM", "STORAGECLASS"],
    row: volume,
    counted: Some("STATUS"),
};

pub(super) const CLASS: Layout = Layout {
    columns: &["PROVISIONER", "RECLAIM", "BINDING", "EXPANSION", "DEFAULT"],
    row: class,
    counted: None,
};

fn modes(object: &Value) -> String {
    let modes =
        field::list(object, "/spec/accessModes").iter().map(|mode| match mode.as_str().unwrap_or_default() {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        });
    modes.collect::<Vec<_>>().join(",")
}

fn phase(object: &Value) -> String {
    if field::text(object, "/metadata/deletionTimestamp").is_empty() {
        field::text(object, "/status/phase").to_owned()
    } else {
        "Terminating".to_owned()
    }
}

fn claim(object: &Value, _now: Now) -> Row {
    let status = phase(object);
    let health = Health::problem_if(status != "Bound");
    let requested = field::text(object, "/spec/resources/requests/storage");
    let cells = [
        status,
        field::text(object, "/spec/volumeName").to_owned(),
        field::text_or(object, "/status/capacity/storage", requested).to_owned(),
        modes(object),
        field::text(object, "/spec/storageClassName").to_owned(),
    ];
    Row::new(cells, health)
}

fn volume(object: &Value, _now: Now) -> Row {
    let status = phase(object);
    let health = Health::problem_if(!matches!(status.as_str(), "Bound" | "Available"));
    let claim = match field::text(object, "/spec/claimRef/name") {
        "" => String::new(),
        name => format!("{}/{name}", field::text(object, "/spec/claimRef/namespace")),
    };
    let cells = [
        field::text(object, "/spec/capacity/storage").to_owned(),
        modes(object),
        field::text(object, "/spec/persistentVolumeReclaimPolicy").to_owned(),
        status,
        claim,
        field::text(object, "/spec/storageClassName").to_owned(),
    ];
    Row::new(cells, health)
}

fn class(object: &Value, _now: Now) -> Row {
    let cells = [
        field::text(object, "/provisioner").to_owned(),
        field::text_or(object, "/reclaimPolicy", "Delete").to_owned(),
        field::text_or(object, "/volumeBindingMode", "Immediate").to_owned(),
        field::is_true(object, "/allowVolumeExpansion").to_string(),
        field::text(object, "/metadata/annotations/storageclass.kubernetes.io~1is-default-class").to_owned(),
    ];
    Row::new(cells, Health::Fine)
}
