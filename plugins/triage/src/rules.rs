//! The rules, one file each or one tight family, and the one table that registers them.
//!
//! A new rule is a file beside the others and a line in [`RULES`]. A rule looks at the [`View`] and returns
//! drafts; it does not rank, collapse or explain: the roll-up does.

mod api_service;
mod autoscaler;
mod certificate;
mod claim;
mod config_reference;
mod crash;
mod create_error;
mod cron_job;
mod deletion;
mod dns;
mod eviction;
mod image;
mod ingress;
mod job;
mod network_policy;
mod node;
mod pending;
mod probe;
mod refused;
mod replicas_zero;
mod rollout;
mod sandbox;
mod service;
mod terminating;
mod volume;
mod webhook;

use crate::draft::Draft;
use crate::observations::Kind;
use crate::view::View;

/// A rule, or a family that shares its way through the objects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// What it would decide, for a read that was not permitted.
    pub(crate) name: &'static str,
    /// Kinds without which it can not decide, beside pods and events.
    pub(crate) reads: &'static [Kind],
    pub(crate) evaluate: fn(&View<'_>) -> Vec<Draft>,
}

const fn rule(name: &'static str, reads: &'static [Kind], evaluate: fn(&View<'_>) -> Vec<Draft>) -> Rule {
    Rule { name, reads, evaluate }
}

/// Every rule. The order has no meaning: findings are sorted.
pub(crate) const RULES: &[Rule] = &[
    rule("api-service", &[Kind::ApiService], api_service::evaluate),
    rule("autoscaler", &[Kind::HorizontalPodAutoscaler], autoscaler::evaluate),
    rule("certificate", &[Kind::Secret, Kind::Ingress], certificate::evaluate),
    rule(
        "claim",
        &[Kind::PersistentVolumeClaim, Kind::PersistentVolume, Kind::StorageClass],
        claim::evaluate,
    ),
    rule(
        "config-reference",
        &[Kind::Pod, Kind::ConfigMap, Kind::Secret, Kind::ServiceAccount],
        config_reference::evaluate,
    ),
    rule("crash", &[Kind::Pod], crash::evaluate),
    rule("create-error", &[Kind::Pod], create_error::evaluate),
    rule("cron-job", &[Kind::CronJob, Kind::Job], cron_job::evaluate),
    rule("deletion", &[Kind::Namespace], deletion::evaluate),
    rule("dns", &[Kind::Service], dns::evaluate),
    rule("eviction", &[Kind::Pod], eviction::evaluate),
    rule("image", &[Kind::Pod], image::evaluate),
    rule("ingress", &[Kind::Ingress, Kind::IngressClass, Kind::Service, Kind::Secret], ingress::evaluate),
    rule("job", &[Kind::Job], job::evaluate),
    rule("network-policy", &[Kind::NetworkPolicy], network_policy::evaluate),
    rule("node", &[Kind::Node], node::evaluate),
    rule("pending", &[Kind::Pod, Kind::Node], pending::evaluate),
    rule("probe", &[Kind::Pod, Kind::Event], probe::evaluate),
    rule(
        "refused",
        &[Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::ResourceQuota, Kind::LimitRange],
        refused::evaluate,
    ),
    rule("replicas-zero", &[Kind::Deployment, Kind::Service, Kind::Ingress], replicas_zero::evaluate),
    rule("rollout", &[Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet], rollout::evaluate),
    rule("sandbox", &[Kind::Pod, Kind::Event], sandbox::evaluate),
    rule("service", &[Kind::Service], service::evaluate),
    rule("terminating", &[Kind::Pod], terminating::evaluate),
    rule("volume", &[Kind::Pod, Kind::Event], volume::evaluate),
    rule(
        "webhook",
        &[Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration],
        webhook::evaluate,
    ),
];

pub(crate) use ingress::backends;
pub(crate) use service::workloads_of;

#[cfg(test)]
mod tests;
