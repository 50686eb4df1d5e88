//! Requests to Azure, and what each is: an operation on a scope, or refused, or never allowed.

use http::Method;

use super::*;
use crate::upstream::{path, target::Target};

const CLUSTER: &str =
    "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/aks";

const GROUP: &str = "/subscriptions/s-1/resourceGroups/shop/providers";
const NETWORK: &str = "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Network";

fn read(kind: &str, method: &str, path: &str) -> Result<ServiceRequest, String> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    match Target::read(kind, &method, path, &[("$skiptoken".to_owned(), "abc".to_owned())]) {
        Ok(Target::Service(request)) => Ok(request),
        Ok(target @ Target::Kubernetes(_)) => panic!("{target}"),
        Err(error) => Err(error.to_string()),
    }
}

fn never(kind: &str, method: &str, path: &str) -> String {
    match read(kind, method, path).unwrap().verdict {
        Verdict::Never(reason) => reason,
        Verdict::Read => panic!("{method} {path} would be sent"),
    }
}

#[test]
fn a_path_is_read_into_an_operation_and_a_scope() {
    let group = "resource group `shop` of subscription `s-1`";
    let subscription = "subscription `s-1`";
    for (method, path, operation, scope) in [
        ("GET", "/subscriptions", "Microsoft.Resources/subscriptions/read", "the tenant"),
        ("GET", "/subscriptions/s-1", "Microsoft.Resources/subscriptions/read", subscription),
        (
            "GET",
            "/subscriptions/s-1/resourceGroups/shop",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            group,
        ),
        ("GET", CLUSTER, "Microsoft.ContainerService/managedClusters/read", group),
        (
            "HEAD",
            &format!("{CLUSTER}/agentPools"),
            "Microsoft.ContainerService/managedClusters/agentPools/read",
            group,
        ),
        (
            "GET",
            &format!("{CLUSTER}/detectors/node-health"),
            "Microsoft.ContainerService/managedClusters/detectors/read",
            group,
        ),
        (
            "GET",
            &format!("{CLUSTER}/providers/Microsoft.ResourceHealth/availabilityStatuses/current"),
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            group,
        ),
        (
            "GET",
            "/subscriptions/s-1/providers/Microsoft.Insights/eventtypes/management/values",
            "Microsoft.Insights/eventtypes/values/read",
            subscription,
        ),
        (
            "POST",
            "/PROVIDERS/microsoft.resourcegraph/Resources",
            "microsoft.resourcegraph/Resources/read",
            "the tenant",
        ),
        (
            "GET",
            "/SUBSCRIPTIONS/s-1/RESOURCEGROUPS/shop/PROVIDERS/Microsoft.Network/networkSecurityGroups/n",
            "Microsoft.Network/networkSecurityGroups/read",
            group,
        ),
    ] {
        let request = read("azure-arm", method, path).unwrap();
        assert_eq!(request.operation.as_deref(), Some(operation), "{path}");
        assert_eq!(request.scope.as_deref(), Some(scope), "{path}");
        assert_eq!(request.verdict, Verdict::Read, "{path}");
    }
}

#[test]
fn a_path_that_leads_elsewhere_may_not_exist() {
    for path in [
        "https://evil.example/subscriptions/s-1",
        "//evil.example/subscriptions/s-1",
        "/batch",
        "/",
        "",
        "/metadata/endpoints",
        "/subscriptions/s-1/../../batch",
        "/subscriptions/./s-1",
        "/subscriptions//s-1",
        "/subscriptions/s-1/",
        "/subscriptions/s-1\\resourceGroups",
        "/subscriptions/s-1%2fresourceGroups",
        "/subscriptions/%2e%2e/batch",
        "/subscriptions/s-1?api-version=1",
        "/subscriptions/s-1#a",
        "/subscriptions/s-1/resourceGroups/shop./providers",
        "/subscriptions/s-1/resourceGroups/ shop",
        "/subscriptions/s-1/resource\u{17f}/shop",
        "/subscriptions/s-1/resourceGroups/shop\u{202e}",
        "/subscriptions/s-1;a=b/resourceGroups",
        "/\u{17f}ubscriptions/s-1",
    ] {
        assert!(read("azure-arm", "GET", path).is_err(), "{path:?}");
    }
    assert_eq!(path::normalise("/a/../b"), Err(path::PathError::DotSegment));
}

#[test]
fn what_hands_out_keys_is_named_whatever_its_case_and_method() {
    let account = "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/a";
    let site = "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Web/sites/a";
    for (path, name) in [
        (format!("{account}/listKeys"), "listKeys"),
        (format!("{account}/LiStKeYs"), "LiStKeYs"),
        (format!("{account}/listAccountSas"), "listAccountSas"),
        (format!("{account}/regenerateKey"), "regenerateKey"),
        (format!("{CLUSTER}/listClusterAdminCredential"), "listClusterAdminCredential"),
        (format!("{CLUSTER}/LISTCLUSTERUSERCREDENTIAL"), "LISTCLUSTERUSERCREDENTIAL"),
        (format!("{CLUSTER}/accessProfiles/clusterAdmin"), "accessProfiles"),
        (format!("{CLUSTER}/accessProfiles/clusterAdmin/listCredential"), "accessProfiles"),
        (format!("{CLUSTER}/runCommand"), "runCommand"),
        (format!("{CLUSTER}/commandResults/1"), "commandResults"),
        (format!("{site}/config/appsettings/list"), "list"),
        (format!("{site}/hostruntime/admin/host/keys"), "hostruntime"),
        (format!("{site}/extensions/api/vfs"), "extensions"),
        (
            "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/d/readonlykeys"
                .to_owned(),
            "readonlykeys",
        ),
        (format!("{NETWORK}/connections/c/sharedkey"), "sharedkey"),
        (format!("{NETWORK}/connections/c/SharedKey"), "SharedKey"),
        (format!("{site}/functions/admin/token"), "token"),
        (format!("{site}/functions/admin/masterkey"), "masterkey"),
        (format!("{site}/functions/f/keys/default"), "keys"),
        (format!("{site}/host/default/hostKeys"), "hostKeys"),
        (format!("{site}/config/publishingcredentials"), "publishingcredentials"),
        (format!("{site}/slots/s/publishxml"), "publishxml"),
        (format!("{site}/instances/i/processes/1/dump"), "processes"),
        ("/providers/Microsoft.Web/sourcecontrols".to_owned(), "sourcecontrols"),
        ("/providers/Microsoft.Web/publishingUsers/web".to_owned(), "publishingUsers"),
        (format!("{GROUP}/Microsoft.Devices/IotHubs/i/IotHubKeys/owner"), "IotHubKeys"),
        (format!("{GROUP}/Microsoft.Search/searchServices/s/listQueryKeys"), "listQueryKeys"),
        (format!("{GROUP}/Microsoft.Relay/namespaces/n/x/y/connectionKeys"), "connectionKeys"),
        (
            format!("{GROUP}/Microsoft.Automation/automationAccounts/a/agentRegistrationInformation"),
            "agentRegistrationInformation",
        ),
        (format!("{GROUP}/Microsoft.HDInsight/clusters/c/configurations/gateway"), "configurations"),
        (format!("{GROUP}/Microsoft.Compute/virtualMachines/v/retrieveBootDiagnosticsData"), "retrieveBootDiagnosticsData"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            let reason = never("azure-arm", method, &path);
            assert!(reason.starts_with(&format!("`{name}` hands out keys or credentials")), "{path}: {reason}");
        }
    }
    // Names of groups, and types that only look alike, say nothing.
    for path in [
        "/subscriptions/s-1/resourceGroups/listkeys",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/extensions",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/instanceView",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Compute/sshPublicKeys/k",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/keys/k",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/token",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/f/configurations",
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.ServiceNetworking/x/y/listeners",
    ] {
        assert_eq!(read("azure-arm", "GET", path).unwrap().verdict, Verdict::Read, "{path}");
    }
}

#[test]
fn nothing_but_reads_and_the_two_queries_is_ever_sent() {
    for method in ["PUT", "PATCH", "DELETE"] {
        assert!(never("azure-arm", method, CLUSTER).contains("changes something"));
        assert!(
            never("azure-arm", method, "/providers/Microsoft.ResourceGraph/resources").contains("changes")
        );
        assert!(never("azure-logs", method, "/v1/workspaces/w/query").contains("changes something"));
    }
    for path in [
        format!("{CLUSTER}/stop"),
        format!("{CLUSTER}/providers/Microsoft.ResourceGraph/resources"),
        "/providers/Microsoft.ResourceGraph/resources/x".to_owned(),
        "/providers/Microsoft.ResourceGraph/resourcesHistory".to_owned(),
        "/subscriptions/s-1/providers/Microsoft.ResourceGraph/resources".to_owned(),
    ] {
        assert!(never("azure-arm", "POST", &path).contains("the only POST that reads"), "{path}");
    }
    assert!(never("azure-logs", "POST", "/v1/workspaces/w/metadata").contains("the only POST that reads"));
}

#[test]
fn log_analytics_has_queries_and_metadata_of_workspaces_and_resources() {
    let resource = format!("/v1{CLUSTER}/query");
    for (method, path, scope) in [
        ("POST", "/v1/workspaces/w-1/query", "workspace `w-1`"),
        ("GET", "/v1/workspaces/w-1/query", "workspace `w-1`"),
        ("GET", "/v1/workspaces/w-1/metadata", "workspace `w-1`"),
        ("POST", resource.as_str(), "resource group `shop` of subscription `s-1`"),
    ] {
        let request = read("azure-logs", method, path).unwrap();
        assert_eq!(request.scope.as_deref(), Some(scope), "{path}");
        assert_eq!(request.verdict, Verdict::Read, "{path}");
        assert!(request.operation.unwrap().starts_with("Microsoft.OperationalInsights/workspaces/"));
    }
    for path in [
        "/v1/workspaces/w-1",
        "/v1/$batch",
        "/v2/workspaces/w-1/query",
        "/v1/workspaces/w-1/x/query",
        "/v1/workspaces/%2e%2e/query",
        "/workspaces/w-1/query",
        "/v1/query",
        "/v1/subscriptions/query",
        "//evil/v1/workspaces/w-1/query",
    ] {
        assert!(read("azure-logs", "GET", path).is_err(), "{path}");
    }
}

#[test]
fn the_audit_trail_spells_method_operation_and_path() {
    let target = Target::read("azure-arm", &Method::GET, &format!("{CLUSTER}/detectors/x"), &[]).unwrap();
    assert_eq!(
        target.to_string(),
        format!("GET Microsoft.ContainerService/managedClusters/detectors/read {CLUSTER}/detectors/x")
    );
}

proptest::proptest! {
    #[test]
    fn no_post_but_the_two_queries_is_a_read(path in "/(subscriptions|providers|v1)(/[a-zA-Z.%]{0,12}){0,8}") {
        for kind in ["azure-arm", "azure-logs"] {
            if let Ok(request) = read(kind, "POST", &path) {
                let lower = path.to_ascii_lowercase();
                let query = lower == "/providers/microsoft.resourcegraph/resources" || lower.ends_with("/query");
                proptest::prop_assert!(query || request.verdict != Verdict::Read, "{}", path);
            }
        }
    }
}
