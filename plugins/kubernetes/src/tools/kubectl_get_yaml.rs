//! Tool `kubectl_get_yaml`.

use holmes_plugin::prelude::*;

use crate::{budget, lookup, render::yaml};

/// Which object.
#[arguments]
pub struct GetYaml {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
    /// Exact name.
    pub name: String,
    /// Namespace. Left out: all namespaces are searched for the name.
    pub namespace: Option<String>,
}

/// Returns one object as YAML, without managed fields; values of Secrets are hidden.
#[tool(read_only)]
pub fn kubectl_get_yaml(host: &Host, arguments: GetYaml) -> Result<Output, ToolError> {
    let found = lookup::by_name(host, &arguments.kind, &arguments.name, arguments.namespace.as_deref())?;
    let Some(object) = found.single()? else { return Ok(Output::no_data(found.missing)) };
    let mut text = String::new();
    for note in &found.scope.notes {
        text.push_str(&format!("# {note}\n"));
    }
    text.push_str(&yaml::text(object));
    let head = budget::head(&text, budget::bytes(host));
    if head.len() == text.len() {
        return Ok(Output::text(text));
    }
    let left_out = text.len() - head.len();
    Ok(Output::text(format!(
        "{head}\n# {left_out} bytes left out for size; kubernetes_jq_query with field_selector \
         metadata.name={} returns single fields\n",
        arguments.name
    ))
    .truncated())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, is_truncated, pod};

    #[test]
    fn bookkeeping_is_left_out() {
        let mut pod = pod("a", "x");
        pod["metadata"]["managedFields"] = json!([{"manager": "kubectl"}]);
        pod["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": "FAKE-SECRET", "kept": "yes please"});
        let host = Fixture::new().with(pod).host();
        let arguments =
            GetYaml { kind: "pod".to_owned(), name: "x".to_owned(), namespace: Some("a".to_owned()) };
        let text = kubectl_get_yaml(&host, arguments).unwrap().to_text();
        assert!(
            text.starts_with("apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    kept: yes please\n"),
            "{text}"
        );
        assert!(!text.contains("managedFields") && !text.contains("FAKE-SECRET"), "{text}");
    }

    #[test]
    fn a_secret_shows_its_keys_only_and_a_long_object_is_cut() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"}, "data": {"k": "RkFLRQ=="},
        });
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "a"},
            "data": {"big": "0123456789\n".repeat(10_000)},
        });
        let host = Fixture::new().with(secret).with(config).host();
        let yaml = |kind: &str, name: &str| {
            let arguments =
                GetYaml { kind: kind.to_owned(), name: name.to_owned(), namespace: Some("a".to_owned()) };
            kubectl_get_yaml(&host, arguments).unwrap()
        };
        assert!(yaml("secret", "s").to_text().contains("k: <hidden>"));
        let cut = yaml("cm", "c");
        assert!(is_truncated(&cut) && cut.to_text().len() < 61_000);
        assert!(cut.to_text().contains("left out for size"));
    }
}
