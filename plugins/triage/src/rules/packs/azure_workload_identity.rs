//! `azure-workload-identity` (`no-client-id`, `not-injected`, `refused`): a pod that asks for Azure workload identity,
//! fails to sign in, and lacks what the sign-in needs: the client id on its service account, or the token that the
//! mutating webhook injects. Without a failure it is a note: the application may not need Azure.

use holmes_protocol::Severity;

use crate::containers::Container;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const USES: &str = "/metadata/labels/azure.workload.identity~1use";
const CLIENT: &str = "/metadata/annotations/azure.workload.identity~1client-id";
const TOKEN: &str = "azure-identity-token";

pub(super) const RULE: Rule = Rule {
    id: "azure-workload-identity",
    subject: Subject::Pod(12),
    reads: &[Kind::Pod, Kind::ServiceAccount],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = view
        .working_containers()
        .iter()
        .filter(|container| container.pod.text(USES) == "true" && container.is_unhealthy(view.now));
    failing.filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let pod = container.pod;
    let (previous, number, line) = complaint(view, container)?;
    let name = match pod.text("/spec/serviceAccountName") {
        "" => "default",
        name => name,
    };
    let account = view.find(Kind::ServiceAccount, pod.namespace(), name).found();
    let injected = pod.items("/spec/volumes").iter().any(|volume| volume.text("/name") == TOKEN);
    let overridden = container.spec().is_some_and(|spec| {
        spec.items("/env").iter().any(|variable| variable.text("/name") == "AZURE_CLIENT_ID")
    });
    let (class, why) = if !injected {
        (
            "not-injected",
            "no token was injected into its pod; was the workload identity webhook there when it was made?"
                .to_owned(),
        )
    } else if account.is_some_and(|account| account.text(CLIENT).is_empty()) && !overridden {
        (
            "no-client-id",
            format!("service account {name} has no annotation azure.workload.identity/client-id"),
        )
    } else {
        ("refused", "Entra refuses the token".to_owned())
    };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, Some(container.name()));
    let instance = if previous { ":previous" } else { "" };
    draft.log(pod, format!("{}{instance}:{number}", container.name()), line);
    draft.field(pod, ".metadata.labels['azure.workload.identity/use']");
    draft.field(pod, ".spec.serviceAccountName");
    if let Some(account) = account {
        draft.affects(account);
        draft.field(account, ".metadata.annotations");
        if class == "no-client-id" {
            draft.computed(account, ".metadata.annotations['azure.workload.identity/client-id']", "not set");
        }
    }
    if class == "not-injected" {
        draft.computed(pod, ".spec.volumes", format!("none is {TOKEN}"));
    }
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!("container `{}` can not sign in to Azure: {why}", container.name()));
    let namespace = pod.namespace();
    draft.check(
        &["kubectl", "-n", namespace, "get", "serviceaccount", name, "-o", "yaml"],
        "its annotation with the client id",
    );
    Some(draft)
}

/// The line with which the sign-in failed.
fn complaint<'a>(view: &View<'a>, container: &Container<'a>) -> Option<(bool, usize, &'a str)> {
    let failed = |line: &str| {
        line.contains("AADSTS")
            || line.contains("WorkloadIdentityCredential")
            || line.contains("DefaultAzureCredential")
            || line.contains("AZURE_FEDERATED_TOKEN_FILE")
    };
    [false, true].into_iter().find_map(|previous| {
        let lines = view.log(container, previous)?.lines().enumerate();
        let (index, line) = lines.filter(|(_, line)| failed(line)).last()?;
        Some((previous, index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{Scene, crashing_pod};

    const REFUSED: &str = "ClientAuthenticationError: WorkloadIdentityCredential authentication unavailable";

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn scene(annotations: Value, volumes: Value, line: &str) -> Scene {
        let mut pod = crashing_pod("api");
        pod["metadata"]["labels"]["azure.workload.identity/use"] = json!("true");
        pod["spec"]["serviceAccountName"] = json!("api");
        pod["spec"]["volumes"] = volumes;
        Scene::new()
            .with(Kind::Pod, "api-1", pod)
            .with(Kind::ServiceAccount, "api", json!({"metadata": {"annotations": annotations}}))
            .log("api-1", "app", line)
    }

    #[test]
    fn what_the_sign_in_lacks_is_named() {
        let token = json!([{"name": "azure-identity-token", "projected": {}}]);
        let client = json!({"azure.workload.identity/client-id": "11111111-2222-3333-4444-555555555555"});
        scene(json!({"team": "a"}), token.clone(), REFUSED).finds("azure-workload-identity/no-client-id");
        scene(client.clone(), json!([]), REFUSED).finds("azure-workload-identity/not-injected");
        scene(client.clone(), token.clone(), "AADSTS700213: No matching federated identity record found")
            .finds("azure-workload-identity/refused");
        let other = scene(client, token, "panic: nil pointer").told();
        assert!(other.iter().all(|told| !told.starts_with("azure-workload-identity")), "{other:?}");
    }
}
