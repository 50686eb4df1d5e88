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

/// Lists all objects of a kind in one namespace as a wide table with exact counts. If not all rows fit, those with
/// a visible problem come first; columns that are empty in every row are left out.
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
    use crate::fixture::{Fixture, asked, event, is_truncated, pod};

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
        assert_eq!(asked(&host, "lists"), 10, "pages of 500");
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

    #[test]
    fn events_show_what_they_are_about_and_not_their_own_names() {
        let pod = pod("a", "x");
        let host = Fixture::new().with(event(&pod, "Warning", "BackOff", "2026-11-16T15:29:00Z")).host();
        let text = list(&host, "events", "a").unwrap().to_text();
        let expected = "LAST-SEEN  COUNT  TYPE     REASON   OBJECT  MESSAGE\n\
                        20s        3      Warning  BackOff  Pod/x   about x\n";
        assert!(text.starts_with(expected), "{text}");
    }
}
