//! Which pods use which claim.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::{View, claims_of};

/// Pods that a finding about a claim shows.
const SHOWN: usize = 3;

/// The pods of every claim, without those that have finished; by namespace and name of the claim.
pub(super) struct Users<'a> {
    by_claim: HashMap<&'a str, HashMap<Cow<'a, str>, Vec<&'a Value>>>,
}

impl<'a> Users<'a> {
    pub(super) fn new(view: &View<'a>) -> Self {
        let mut by_claim: HashMap<&str, HashMap<Cow<'_, str>, Vec<&Value>>> = HashMap::new();
        let finished = |pod: &&Value| matches!(pod.text("/status/phase"), "Succeeded" | "Failed");
        for pod in view.all(Kind::Pod).iter().filter(|pod| !finished(pod)) {
            for claim in claims_of(pod) {
                by_claim.entry(pod.namespace()).or_default().entry(claim).or_default().push(pod);
            }
        }
        Self { by_claim }
    }

    pub(super) fn of(&self, claim: &Value) -> &[&'a Value] {
        let users = self.by_claim.get(claim.namespace()).and_then(|claims| claims.get(claim.name()));
        users.map_or(&[], Vec::as_slice)
    }

    /// Names the pods that wait for a claim, and their controllers.
    pub(super) fn affect(&self, view: &View<'a>, claim: &Value, draft: &mut Draft) {
        for pod in self.of(claim).iter().take(SHOWN) {
            draft.affects(pod);
            draft.affects(view.top(pod));
        }
    }
}

/// Does the pod wait for its volumes: scheduled, and no container of it ever started?
pub(super) fn waits_for_volumes(pod: &Value) -> bool {
    pod.text("/status/phase") == "Pending"
        && !pod.text("/spec/nodeName").is_empty()
        && !pod.is_deleting()
        && !crate::containers::containers(pod).iter().any(crate::containers::Container::has_started)
}
