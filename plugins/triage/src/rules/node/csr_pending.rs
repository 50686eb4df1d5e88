//! Kubelets wait for certificates that nobody approves.
//!
//! Fires fifteen minutes after a request of a kubelet's signer was made, if it is neither approved, denied nor
//! failed. One finding for each signer.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 900;
const SIGNERS: [&str; 2] = ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];

pub(super) const RULE: Rule = Rule {
    id: "csr-pending",
    subject: Subject::ControlPlane,
    reads: &[Kind::CertificateSigningRequest],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::CertificateSigningRequest).iter().filter_map(|request| judge(view, request)).collect()
}

fn judge<'a>(view: &View<'a>, request: &'a Value) -> Option<Draft> {
    let signer = request.text("/spec/signerName");
    let decided = ["Approved", "Denied", "Failed"].iter().any(|kind| request.condition_is(kind, "True"));
    if decided || !SIGNERS.contains(&signer) || view.age(request.created())? < GRACE {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, request);
    signer.clone_into(&mut draft.collapse);
    draft.parameters.push(signer.to_owned());
    draft.field(request, ".spec.signerName");
    draft.field(request, ".spec.username");
    draft.since(request, ".metadata.creationTimestamp");
    draft.summary(format!(
        "certificate request of {} for {signer} waits for approval",
        request.text("/spec/username")
    ));
    draft.check(&["kubectl", "get", "certificatesigningrequests"], "who waits");
    draft.fix(
        &["kubectl", "certificate", "approve", request.name()],
        "approves it; look first who asks",
        "high",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    fn request(signer: &str, conditions: &Value) -> Scene {
        let body = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"signerName": signer, "username": "system:node:n1"},
            "status": {"conditions": conditions}});
        Scene::new().with(Kind::CertificateSigningRequest, "csr-abc", body)
    }

    #[test]
    fn a_request_that_nobody_decides_is_told_after_a_quarter_of_an_hour() {
        request(SIGNERS[0], &json!([])).finds("csr-pending/");
        assert!(request(SIGNERS[0], &json!([])).at("2026-11-16T11:44:59Z").told().is_empty());
        request(SIGNERS[0], &json!([{"type": "Approved", "status": "True"}])).is_silent();
        request("example.com/mesh", &json!([])).is_silent();
    }
}
