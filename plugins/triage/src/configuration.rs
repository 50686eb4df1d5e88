//! What stays of a ConfigMap: its keys, and of its values only what a rule judges: in-cluster addresses without user
//! info. Whatever else a value holds, credentials that somebody left there included, has no place in a finding.

use serde_json::Value;

use crate::address::public_part;
use crate::object::Object;

/// Drops the values of a ConfigMap except the addresses in them; those of the cluster's DNS stay whole.
pub(crate) fn keep_keys(configuration: &mut Value) {
    let is_dns = configuration.namespace() == "kube-system"
        && matches!(configuration.name(), "coredns" | "coredns-custom" | "rke2-coredns-rke2-coredns");
    if is_dns {
        return;
    }
    let data = configuration.get_mut("data").and_then(Value::as_object_mut);
    for (key, value) in data.into_iter().flatten() {
        let kept = public_part(key, value.as_str().unwrap_or_default());
        *value = if kept.is_empty() { Value::Null } else { Value::String(kept) };
    }
    let binary = configuration.get_mut("binaryData").and_then(Value::as_object_mut);
    binary.into_iter().flatten().for_each(|(_, value)| *value = Value::Null);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_stay_and_secrets_go_however_often_it_is_slimmed() {
        let mut map = json!({"metadata": {"namespace": "shop", "name": "app"},
            "data": {"DB_URL": "redis://:hunter2@cache:6379/0", "motto": "hunter2", "PEER_HOST": "cart"},
            "binaryData": {"x": "aHVudGVyMg=="}});
        for _ in 0..2 {
            keep_keys(&mut map);
            let expected = json!({"DB_URL": "redis://cache:6379", "motto": null, "PEER_HOST": "cart"});
            assert_eq!((&map["data"], &map["binaryData"]), (&expected, &json!({"x": null})));
        }
    }

    #[test]
    fn the_clusters_dns_is_judged_whole() {
        let mut map = json!({"metadata": {"namespace": "kube-system", "name": "coredns"}, "data": {"Corefile": ".:53 {}"}});
        keep_keys(&mut map);
        assert_eq!(map["data"]["Corefile"], ".:53 {}");
    }
}
