//! Tool `kubectl_describe`.

use holmes_plugin::prelude::*;

use crate::{lookup, render::describe};

/// Which object.
#[arguments]
pub struct Describe {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub kind: String,
    /// Exact name.
    pub name: String,
    /// Namespace. Left out: all namespaces are searched for the name.
    pub namespace: Option<String>,
}

/// Describes one object: metadata, spec, container states, conditions, related objects, and its events.
#[tool(read_only)]
pub fn kubectl_describe(host: &Host, arguments: Describe) -> Result<Output, ToolError> {
    let found = lookup::by_name(host, &arguments.kind, &arguments.name, arguments.namespace.as_deref())?;
    match found.single()? {
        Some(object) => Ok(describe::text(host, &found.scope, object).output(host)),
        None => Ok(Output::no_data(found.missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, event, pod};

    fn describe(host: &Host, kind: &str, name: &str, namespace: Option<&str>) -> Result<String, ToolError> {
        let arguments = Describe {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        kubectl_describe(host, arguments).map(|output| output.to_text())
    }

    fn crashing() -> Value {
        let mut pod = pod("billing", "api-1");
        pod["spec"]["containers"][0]["env"] = json!([
            {"name": "A", "value": "1"},
            {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        ]);
        pod["status"]["containerStatuses"] = json!([{
            "name": "app", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-16T15:24:20Z"}},
        }]);
        pod
    }

    #[test]
    fn a_pod_shows_states_environment_and_its_own_events() {
        let pod = crashing();
        let host = Fixture::new()
            .with(event(&pod, "Warning", "BackOff", "2026-11-16T15:28:20Z"))
            .with({
                let mut earlier = event(&pod, "Normal", "Pulled", "2026-11-16T15:00:00Z");
                earlier["involvedObject"]["uid"] = json!("of-an-earlier-pod");
                earlier
            })
            .with(pod)
            .host();
        let text = describe(&host, "pod", "api-1", Some("billing")).unwrap();
        for expected in [
            "Status: CrashLoopBackOff",
            "    State: waiting, CrashLoopBackOff",
            "    Last state: terminated, OOMKilled, exit code 137",
            "      A=1",
            "      P from Secret db key password",
            "  60s ago (x3 over 10m)  Warning  BackOff  kubelet: about api-1",
            "(1 events are about an earlier object of this name and left out)",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn without_a_namespace_the_name_is_searched_everywhere() {
        let fixture = Fixture::new().with(pod("a", "x")).with(pod("b", "x")).with(pod("b", "y"));
        let host = fixture.host();
        assert!(describe(&host, "po", "y", None).unwrap().contains("found in namespace `b`"));
        let error = describe(&host, "po", "x", None).unwrap_err();
        assert!(error.message.contains("namespaces a, b: say which namespace"), "{error}");
    }

    #[test]
    fn absent_is_no_data_and_forbidden_is_an_error() {
        let host = Fixture::new().with(pod("a", "api-1")).forbid("services").host();
        let arguments =
            Describe { kind: "pod".to_owned(), name: "api".to_owned(), namespace: Some("a".to_owned()) };
        let output = kubectl_describe(&host, arguments).unwrap();
        assert!(output.is_no_data());
        assert!(output.to_text().contains("api-1"), "{}", output.to_text());
        assert_eq!(describe(&host, "svc", "x", Some("a")).unwrap_err().kind, ErrorKind::PolicyDenied);
        assert_eq!(describe(&host, "pod", "../x", Some("a")).unwrap_err().kind, ErrorKind::InvalidArguments);
    }

    #[test]
    fn a_service_tells_of_its_endpoints_and_a_selector_that_finds_nothing() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "a"},
            "spec": {"type": "ClusterIP", "selector": {"app": "wbe"}, "ports": [{"port": 80}]},
        });
        let text =
            describe(&Fixture::new().with(service).with(pod("a", "x")).host(), "svc", "web", Some("a"))
                .unwrap();
        assert!(text.contains("Pods matching the selector: 0"), "{text}");
        assert!(text.contains("Endpoints: none"), "{text}");
    }
}
