//! Tool `kubectl_top_pods`.

use holmes_plugin::prelude::*;

use crate::{field, names, quantity, usage};

/// Where.
#[arguments]
pub struct TopPods {
    /// Namespace. Left out: all namespaces.
    pub namespace: Option<String>,
}

/// Shows CPU and memory that pods use now, summed over their containers, heaviest memory first.
#[tool(read_only)]
pub fn kubectl_top_pods(host: &Host, arguments: TopPods) -> Result<Output, ToolError> {
    let scope = usage::scope("pods", "PodMetrics", names::namespace(arguments.namespace.as_deref())?);
    let mut rows = Vec::new();
    usage::each(host, &scope, |metrics| {
        let sum = |name: &str| -> f64 {
            let containers = field::list(&metrics, "/containers").iter();
            containers.filter_map(|it| quantity::parse(field::text(it, &format!("/usage/{name}")))).sum()
        };
        let (cpu, memory) = (sum("cpu"), sum("memory"));
        let cells = vec![
            field::namespace(&metrics).to_owned(),
            field::name(&metrics).to_owned(),
            quantity::cpu(cpu),
            quantity::memory(memory),
        ];
        rows.push((memory, cells));
    })?;
    if rows.is_empty() {
        return Ok(Output::no_data(format!("the metrics API has no pods in {}", scope.place())));
    }
    let footer = format!("pods with metrics, {}, by memory", scope.place());
    Ok(usage::output(host, &["NAMESPACE", "NAME", "CPU", "MEMORY"], rows, &footer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn containers_are_summed_and_the_heaviest_is_first() {
        let metrics = |name: &str, memory: &str| {
            json!({
                "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"name": name, "namespace": "a"},
                "containers": [{"usage": {"cpu": "1500000n", "memory": memory}}, {"usage": {"cpu": "1m", "memory": "1Mi"}}],
            })
        };
        let host = Fixture::new().with(metrics("light", "10Mi")).with(metrics("heavy", "99Mi")).host();
        let text = kubectl_top_pods(&host, TopPods { namespace: None }).unwrap().to_text();
        let expected = "NAMESPACE  NAME   CPU  MEMORY\na          heavy  2m   100Mi\na          light  2m   11Mi\n\n\
                        -- 2 of 2 pods with metrics, all namespaces, by memory";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_cluster_without_metrics_says_so() {
        let error = kubectl_top_pods(&Fixture::new().host(), TopPods { namespace: None }).unwrap_err();
        assert!(error.message.contains("metrics API (metrics.k8s.io) is not served"), "{error}");
    }
}
