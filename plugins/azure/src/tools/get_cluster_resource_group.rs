//! Tool `get_cluster_resource_group`.

use holmes_plugin::prelude::*;

use crate::{find, report::Report, which::WhichName};

/// Gets the resource group that an AKS cluster is in, by the cluster's name.
#[tool(read_only)]
pub fn get_cluster_resource_group(host: &Host, arguments: WhichName) -> Result<Output, ToolError> {
    let search = find::cluster(host, &arguments)?;
    if search.clusters.is_empty() {
        return Ok(search.nothing());
    }
    let mut report = Report::new(host);
    for cluster in &search.clusters {
        report.line(format!(
            "{} (cluster {} in {}, {})",
            cluster.group,
            cluster.id.name(),
            cluster.location,
            cluster.id
        ));
        report.source(&cluster.id);
    }
    if search.clusters.len() > 1 {
        report.note("several clusters have this name; choose by the region, or ask which one is meant");
    }
    Ok(report.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, SUBSCRIPTION};
    use holmes_plugin::testing::Canned;

    fn call(rows: Value) -> Output {
        let host = Canned::new()
            .respond(move |request| {
                let body = String::from_utf8(request.body.clone().unwrap()).unwrap();
                assert!(body.contains("name =~ 'shop-prod'"), "{body}");
                Some((
                    200,
                    json!({"totalRecords": rows.as_array().unwrap().len(), "data": rows})
                        .to_string()
                        .into_bytes(),
                ))
            })
            .host();
        let arguments = WhichName {
            cluster_name: "shop-prod".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        get_cluster_resource_group(&host, arguments).unwrap()
    }

    #[test]
    fn the_group_is_found_by_the_clusters_name() {
        let text = call(json!([{"id": CLUSTER, "resourceGroup": "shop-prod-rg", "location": "westeurope"}]))
            .to_text();
        assert!(text.starts_with("shop-prod-rg (cluster shop-prod in westeurope"), "{text}");
    }

    #[test]
    fn a_name_that_nobody_has_is_no_data() {
        assert!(call(json!([])).is_no_data());
    }

    #[test]
    fn a_name_can_not_become_a_part_of_the_query() {
        let host = Canned::new().host();
        let arguments = WhichName {
            cluster_name: "x' or 1 == 1".to_owned(),
            subscription_id: Some(SUBSCRIPTION.to_owned()),
        };
        let error = get_cluster_resource_group(&host, arguments).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArguments);
    }
}
