//! From an object to what it stands on: a Service on its pods, a pod on its node, and so on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{backends, workloads_of};
use crate::view::{View, claims_of};

/// The edges, found when they are first walked.
pub(crate) struct Graph<'v, 'a> {
    view: &'v View<'a>,
    edges: BTreeMap<String, Vec<String>>,
}

impl<'v, 'a> Graph<'v, 'a> {
    pub(crate) fn new(view: &'v View<'a>) -> Self {
        Self { view, edges: BTreeMap::new() }
    }

    /// Every key that can be reached, the start included.
    pub(crate) fn reach(&mut self, start: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut reached: BTreeSet<String> = start.into_iter().collect();
        let mut waiting: Vec<String> = reached.iter().cloned().collect();
        while let Some(key) = waiting.pop() {
            let view = self.view;
            let next = self.edges.entry(key).or_insert_with_key(|key| edges(view, key));
            for key in next.iter() {
                if reached.insert(key.clone()) {
                    waiting.push(key.clone());
                }
            }
        }
        reached
    }
}

fn edges(view: &View<'_>, key: &str) -> Vec<String> {
    let mut parts = key.splitn(3, '/');
    let (Some(kind), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Vec::new();
    };
    let Some(object) = Kind::parse(kind).and_then(|kind| view.find(kind, namespace, name).found()) else {
        return Vec::new();
    };
    match kind {
        "Pod" => of_pod(view, object),
        "Service" => workloads_of(view, object).into_iter().map(Value::key).collect(),
        "Ingress" => {
            backends(object).iter().map(|backend| object_key("Service", namespace, backend.service)).collect()
        }
        "HorizontalPodAutoscaler" => {
            let target = object_key(
                object.text("/spec/scaleTargetRef/kind"),
                namespace,
                object.text("/spec/scaleTargetRef/name"),
            );
            vec![target, object_key("APIService", "", "v1beta1.metrics.k8s.io")]
        }
        "PersistentVolumeClaim" => vec![
            object_key("PersistentVolume", "", object.text("/spec/volumeName")),
            object_key("StorageClass", "", object.text("/spec/storageClassName")),
        ],
        "APIService" => vec![object_key(
            "Service",
            object.text("/spec/service/namespace"),
            object.text("/spec/service/name"),
        )],
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let hooks = object.items("/webhooks").iter();
            hooks
                .map(|hook| {
                    object_key(
                        "Service",
                        hook.text("/clientConfig/service/namespace"),
                        hook.text("/clientConfig/service/name"),
                    )
                })
                .collect()
        }
        _ => view.children(object).iter().map(|child| child.key()).collect(),
    }
}

fn of_pod<'a>(view: &View<'a>, pod: &'a Value) -> Vec<String> {
    let mut keys: Vec<String> = view.owners(pod).into_iter().map(Value::key).collect();
    keys.push(object_key("Node", "", pod.text("/spec/nodeName")));
    let claims = claims_of(pod).into_iter();
    keys.extend(claims.map(|claim| object_key("PersistentVolumeClaim", pod.namespace(), &claim)));
    keys
}
