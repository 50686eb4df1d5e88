//! What containers that are not well say of the network: the evidence that turns an oddity into a failure.

use serde_json::Value;

use crate::address::{addresses, service, services_in_line};
use crate::blame::{LastWords, last_words};
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::Object;
use crate::view::View;

/// A line about something that a container can not reach, and whose line it is.
pub(super) struct Complaint<'a> {
    pub(super) container: Container<'a>,
    pub(super) words: LastWords<'a>,
}

/// Every container that is not well and whose telling line is about a dependency.
pub(super) fn complaints<'a>(view: &View<'a>) -> Vec<Complaint<'a>> {
    let unwell = view.troubled_containers().iter().copied();
    unwell
        .filter(|container| !(container.is_ready() && container.has_recovered(view.now)))
        .filter_map(|container| {
            let words = last_words(view, &container)?;
            words.line.class.starts_with("dep-").then_some(Complaint { container, words })
        })
        .collect()
}

impl<'a> Complaint<'a> {
    /// Makes the container's pod and its controller victims of a finding.
    pub(super) fn suffers(&self, view: &View<'a>, draft: &mut Draft) {
        let pod = self.container.pod;
        draft.takes_down.insert(pod.key());
        draft.takes_down.insert(view.top(pod).key());
    }

    /// The Services that the line names; where it names none, those of the container's environment.
    pub(super) fn services(&self, view: &View<'a>) -> Vec<&'a Value> {
        let namespace = self.container.pod.namespace();
        let mut found = services_in_line(view, namespace, self.words.line.line);
        if found.is_empty() {
            let hosts = addresses(&self.container).into_iter().map(|address| address.host);
            found.extend(hosts.filter_map(|host| service(view, namespace, host).found()));
        }
        found
    }

    /// Does the line name this very Service?
    pub(super) fn names(&self, view: &View<'a>, service: &Value) -> bool {
        let named = services_in_line(view, self.container.pod.namespace(), self.words.line.line);
        named.iter().any(|one| one.uid() == service.uid() && one.key() == service.key())
    }
}
