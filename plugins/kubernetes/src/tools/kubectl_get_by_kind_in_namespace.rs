//! Tool `kubectl_get_by_kind_in_namespace`.

use holmes_plugin::prelude::*;

use crate::{names, render::listing, scope::Scope};

/// Which objects.
#[arguments]
pub struct GetByKindInNamespace {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
}

/// Lists all objects of a kind in a namespace as a wide table, with exact counts.
#[tool(read_only)]
pub fn kubectl_get_by_kind_in_namespace(
    host: &Host,
    arguments: GetByKindInNamespace,
) -> Result<Output, ToolError> {
    let namespace = names::one_namespace(&arguments.namespace)?;
    listing::whole(host, &Scope::parse(host, &arguments.kind, Some(&namespace))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, is_truncated, pod};

    fn list(host: &Host, kind: &str, namespace: &str) -> Result<Output, ToolError> {
        let arguments = GetByKindInNamespace { kind: kind.to_owned(), namespace: namespace.to_owned() };
        kubectl_get_by_kind_in_namespace(host, arguments)
    }

    #[test]
    fn five_thousand_pods_stay_within_the_budget_and_are_counted_exactly() {
        let mut fixture = Fixture::new();
        for number in 0..5_000 {
            let mut pod = pod("big", &format!("worker-598d75d5d9-{number:05}"));
            if number == 4_321 {
                pod["status"]["containerStatuses"][0]["state"] =
                    json!({"waiting": {"reason": "CrashLoopBackOff"}});
            }
            fixture = fixture.with(pod);
        }
        let host = fixture.host();
        let output = list(&host, "pods", "big").unwrap();
        let text = output.to_text();
        assert!(is_truncated(&output));
        assert!(text.len() < 61_500, "{}", text.len());
        assert!(text.contains("of 5000 pods (v1), namespace big, no selector"), "{text}");
        assert!(text.contains("STATUS: Running 4999, CrashLoopBackOff 1"));
        assert!(text.contains("0 of them with a visible problem"));
        assert!(text.lines().nth(1).unwrap().contains("worker-598d75d5d9-04321"), "problems come first");
        assert_eq!(host_requests(&host), 10, "pages of 500");
    }

    fn host_requests(host: &Host) -> usize {
        // The fixture counts list requests; it is asked through a path of its own.
        let answer = host.send(holmes_plugin::Request::get("kubernetes", "/fixture/lists")).unwrap();
        answer.text().unwrap().parse().unwrap()
    }

    #[test]
    fn an_empty_list_is_no_data_and_names_a_wrong_namespace() {
        let host = Fixture::new().with(json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "billing"}, "status": {"phase": "Active"},
        }));
        let output = list(&host.host(), "pods", "biling").unwrap();
        assert!(output.is_no_data());
        let text = output.to_text();
        assert!(text.contains("Namespace `biling` does not exist; there are: billing."), "{text}");
    }

    #[test]
    fn a_forbidden_list_is_an_error() {
        let error = list(&Fixture::new().forbid("pods").host(), "pods", "a").unwrap_err();
        assert_eq!(error.kind, ErrorKind::PolicyDenied);
        assert!(list(&Fixture::new().host(), "pods", "a/b").is_err());
    }
}
