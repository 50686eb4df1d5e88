//! Tool `aks_list_node_pools`.

use holmes_plugin::{
    azure::{Arm, Read},
    prelude::*,
};

use crate::{api, pool, report::Report, which::WhichCluster};

/// Lists the node pools of an AKS cluster, those with a problem first: state, nodes, autoscaling, size, version, error.
#[tool(read_only)]
pub fn aks_list_node_pools(host: &Host, arguments: WhichCluster) -> Result<Output, ToolError> {
    let id = arguments.id(host)?;
    let listed = Arm::new(host).list(&Read::new(format!("{id}/agentPools"), api::AKS), api::PAGES)?;
    let mut report = Report::new(host);
    pool::table(&mut report, listed.items.iter());
    if listed.more {
        report.left_out(format!("the list goes on: only {} pages were read", api::PAGES));
    }
    report.source(&id);
    Ok(report.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{CLUSTER, which_cluster};
    use holmes_plugin::testing::Canned;

    #[test]
    fn pools_are_read_over_pages() {
        let path = format!("{CLUSTER}/agentPools");
        let host = Canned::new()
            .respond(move |request| {
                assert_eq!(request.path, path);
                let first = !request.query.iter().any(|(name, _)| name == "$skiptoken");
                let body = if first {
                    let link = format!("https://management.azure.com{path}?api-version=2026-08-01&%24skiptoken=2");
                    json!({"value": [{"name": "system", "properties": {"mode": "System"}}], "nextLink": link})
                } else {
                    json!({"value": [{"name": "workers", "properties": {"mode": "User", "provisioningState": "Failed"}}]})
                };
                Some((200, body.to_string().into_bytes()))
            })
            .host();
        let text = aks_list_node_pools(&host, which_cluster()).unwrap().to_text();
        assert!(text.contains("workers | User | Failed") && text.contains("system | System"), "{text}");
        assert!(text.ends_with("2 node pools, 1 with a visible problem"), "{text}");
    }
}
