//! A container of a pod: its status and its specification side by side.

use serde_json::Value;

use crate::object::{Object, Seconds};

/// Failures older than this are history.
pub(crate) const RESTART_WINDOW: Seconds = 3600;
/// Ready for this long since the last restart counts as recovered.
pub(crate) const RECOVERED: Seconds = 600;

/// One container, init container or sidecar of a pod.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Container<'a> {
    /// Its pod.
    pub(crate) pod: &'a Value,
    /// Its entry in the pod's status.
    pub(crate) status: &'a Value,
    /// Does it run before the others?
    pub(crate) init: bool,
}

/// The containers of a pod that have a status, init containers first.
pub(crate) fn containers(pod: &Value) -> Vec<Container<'_>> {
    let of = |pointer, init| pod.items(pointer).iter().map(move |status| Container { pod, status, init });
    of("/status/initContainerStatuses", true).chain(of("/status/containerStatuses", false)).collect()
}

impl<'a> Container<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.status.text("/name")
    }

    /// The container in the pod's specification.
    pub(crate) fn spec(&self) -> Option<&'a Value> {
        let list = if self.init { "/spec/initContainers" } else { "/spec/containers" };
        self.pod.items(list).iter().find(|container| container.text("/name") == self.name())
    }

    /// Is it an init container that is meant to run on beside the others?
    pub(crate) fn is_sidecar(&self) -> bool {
        self.init && self.spec().is_some_and(|spec| spec.text("/restartPolicy") == "Always")
    }

    /// Does the pod wait for its end?
    pub(crate) fn blocks_start(&self) -> bool {
        self.init && !self.is_sidecar()
    }

    /// Is there nothing to look into: it runs, is ready, and was never restarted?
    pub(crate) fn is_calm(&self) -> bool {
        self.restarts() == 0 && (self.is_running() && self.is_ready() || self.has_done_its_part())
    }

    /// An init container that ended well.
    fn has_done_its_part(&self) -> bool {
        self.init && self.status.number("/state/terminated/exitCode") == Some(0)
    }

    /// The evidence path of a field of its status.
    pub(crate) fn status_path(&self, field: &str) -> String {
        let list = if self.init { "initContainerStatuses" } else { "containerStatuses" };
        format!(".status.{list}[name={}]{field}", self.name())
    }

    /// The evidence path of a field of its specification.
    pub(crate) fn spec_path(&self, field: &str) -> String {
        let list = if self.init { "initContainers" } else { "containers" };
        format!(".spec.{list}[name={}]{field}", self.name())
    }

    pub(crate) fn restarts(&self) -> i64 {
        self.status.number("/restartCount").unwrap_or_default()
    }

    pub(crate) fn waiting_reason(&self) -> &'a str {
        self.status.text("/state/waiting/reason")
    }

    pub(crate) fn waiting_message(&self) -> &'a str {
        self.status.text("/state/waiting/message")
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status.pointer("/state/running").is_some()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.status.flag("/ready")
    }

    /// Did any instance of it ever run?
    pub(crate) fn has_started(&self) -> bool {
        self.is_running() || self.last_end().is_some()
    }

    /// The newest end of an instance, and its path in the status: the current state, else the one before.
    pub(crate) fn last_end(&self) -> Option<(&'a Value, &'static str)> {
        let at = |pointer, path| self.status.pointer(pointer).map(|end| (end, path));
        at("/state/terminated", ".state.terminated")
            .or_else(|| at("/lastState/terminated", ".lastState.terminated"))
    }

    /// When the running instance began.
    pub(crate) fn running_since(&self) -> Option<Seconds> {
        self.status.time("/state/running/startedAt")
    }

    /// Did it end badly, or end at all although it should run, within the window?
    pub(crate) fn failed_lately(&self, now: Seconds) -> bool {
        self.last_end().is_some_and(|(end, path)| {
            let recent = end.time("/finishedAt").is_some_and(|at| now - at <= RESTART_WINDOW);
            let badly = end.number("/exitCode").unwrap_or_default() != 0;
            recent && (badly || (path == ".lastState.terminated" && !self.blocks_start()))
        })
    }

    /// Does it run, ready, for long enough to forget the last restart? Restarts in quick succession are
    /// not forgotten.
    pub(crate) fn has_recovered(&self, now: Seconds) -> bool {
        let steady = self.is_ready() && self.running_since().is_some_and(|at| now - at >= RECOVERED);
        let often = self.restarts() >= 3
            && self.pod.created().is_some_and(|at| (now - at) / self.restarts().max(1) <= 2 * RECOVERED);
        steady && !often
    }

    /// Is its log worth reading?
    pub(crate) fn is_unhealthy(&self, now: Seconds) -> bool {
        let failed_pod = self.pod.text("/status/phase") == "Failed" && self.last_end().is_some();
        let unready =
            self.is_running() && !self.is_ready() && !self.blocks_start() && !self.pod.is_deleting();
        let hanging_init =
            self.is_running() && self.blocks_start() && self.running_since().is_some_and(|at| now - at > 300);
        failed_pod
            || unready
            || hanging_init
            || self.waiting_reason() == "CrashLoopBackOff"
            || (self.failed_lately(now) && !self.has_recovered(now))
    }
}
