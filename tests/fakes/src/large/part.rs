//! The parts of a recording that are copied: the namespaces of a tenant, and the nodes with their daemons.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    names::{Template, Token},
    source::{Objects, PODS, Source},
};

/// The namespaces that are copied together: they call one another.
const TENANT: [&str; 2] = ["storefront", "billing"];
/// The ranges of addresses, above those of the recordings.
const TENANTS: u8 = 128;
const DAEMONS: u8 = 96;

/// Objects that are copied together, and what is different in every copy.
pub(super) struct Part {
    objects: Objects,
    tokens: Vec<(String, Token)>,
}

/// A part that can be written.
pub(super) struct Templates(BTreeMap<String, Vec<Template>>);

impl Part {
    /// The nodes, their leases and figures, and the daemons' pods.
    pub(super) fn daemons(source: &Source) -> Self {
        let nodes: Vec<&Value> =
            source.objects().get("resources/nodes.core.json").into_iter().flatten().collect();
        let mut tokens = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            tokens.push((
                text(node, "/metadata/name").to_owned(),
                Token::Node(text(node, "/metadata/name").to_owned()),
            ));
            let addresses = node.pointer("/status/addresses").and_then(Value::as_array).into_iter().flatten();
            let internal = addresses.filter(|address| text(address, "/type") == "InternalIP");
            tokens.extend(
                internal.map(|address| (text(address, "/address").to_owned(), Token::NodeAddress(index))),
            );
        }
        let is_node = |name: &str| nodes.iter().any(|node| text(node, "/metadata/name") == name);
        let pods = source.objects().get(PODS).into_iter().flatten().filter(|pod| owner(pod) == "DaemonSet");
        let pods: Vec<&str> = pods.map(|pod| text(pod, "/metadata/name")).collect();
        let serves_daemons = |slice: &Value| {
            let targets = slice.pointer("/endpoints").and_then(Value::as_array).into_iter().flatten();
            { targets }.any(|endpoint| pods.contains(&text(endpoint, "/targetRef/name")))
        };
        let objects = select(source, |path, object| {
            let name = text(object, "/metadata/name");
            is_node(name) || pods.contains(&name) || path.contains("endpointslices") && serves_daemons(object)
        });
        for name in pods.iter().copied().chain(slices(&objects)) {
            tokens.push((name.to_owned(), Token::Name(name.to_owned())));
        }
        Self::new(objects, tokens, DAEMONS)
    }

    /// The namespaces of a tenant without what is at fault, their volumes included.
    pub(super) fn tenant(source: &Source, fault: &str, daemons: &Self) -> Self {
        let volumes = source.objects().get("resources/persistentvolumes.core.json").into_iter().flatten();
        let volumes = volumes.filter(|volume| TENANT.contains(&text(volume, "/spec/claimRef/namespace")));
        let volumes: Vec<&str> = volumes.map(|volume| text(volume, "/metadata/name")).collect();
        let objects = select(source, |_, object| {
            let name = text(object, "/metadata/name");
            let namespace = text(object, "/metadata/namespace");
            let about = text(object, "/involvedObject/name");
            let attached = text(object, "/spec/source/persistentVolumeName");
            let inside = TENANT.contains(&namespace) || namespace.is_empty() && TENANT.contains(&name);
            (inside || volumes.contains(&name) || volumes.contains(&attached))
                && !name.starts_with(fault)
                && !about.starts_with(fault)
        });
        let mut tokens: Vec<_> =
            TENANT.iter().map(|name| ((*name).to_owned(), Token::Name((*name).to_owned()))).collect();
        let attachments =
            objects.get("resources/volumeattachments.storage.k8s.io.json").into_iter().flatten();
        for name in attachments.map(|object| text(object, "/metadata/name")) {
            tokens.push((name.to_owned(), Token::Name(name.to_owned())));
        }
        let nodes = daemons.tokens.iter();
        tokens.extend(
            nodes.filter(|(_, token)| matches!(token, Token::Node(_) | Token::NodeAddress(_))).cloned(),
        );
        Self::new(objects, tokens, TENANTS)
    }

    fn new(objects: Objects, mut tokens: Vec<(String, Token)>, range: u8) -> Self {
        let mut addresses: Vec<&str> = Vec::new();
        for object in objects.values().flatten() {
            addresses.extend(["/status/podIP", "/spec/clusterIP"].map(|pointer| text(object, pointer)));
        }
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses.into_iter().filter(|address| address.starts_with("10.")) {
            if !tokens.iter().any(|(needle, _)| needle == address) {
                tokens.push((address.to_owned(), Token::Address(range, tokens.len() % 250 + 1)));
            }
        }
        Self { objects, tokens }
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(super) fn pods(&self) -> usize {
        self.objects.get(PODS).map_or(0, Vec::len)
    }

    /// Ready to be written; `objects` may be more than the part began with.
    pub(super) fn tokenised(&self, objects: Objects) -> Templates {
        let mut tokens = self.tokens.clone();
        for object in objects.values().flatten() {
            let uid = text(object, "/metadata/uid");
            if uid.len() == 36 {
                tokens.push((uid.to_owned(), Token::Uid(uid.to_owned())));
            }
        }
        let cut = |objects: Vec<Value>| {
            objects.iter().map(|object| Template::new(&object.to_string(), &tokens)).collect()
        };
        Templates(objects.into_iter().map(|(path, objects)| (path, cut(objects))).collect())
    }
}

impl Templates {
    /// What the part has in a file.
    pub(super) fn templates(&self, path: &str) -> &[Template] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }
}

fn select(source: &Source, wanted: impl Fn(&str, &Value) -> bool) -> Objects {
    let lists = source.objects().iter();
    lists
        .map(|(path, objects)| {
            (path.clone(), objects.iter().filter(|object| wanted(path, object)).cloned().collect())
        })
        .collect()
}

fn slices(objects: &Objects) -> Vec<&str> {
    let slices = objects.get("resources/endpointslices.discovery.k8s.io.json").into_iter().flatten();
    slices.map(|slice| text(slice, "/metadata/name")).collect()
}

fn owner(object: &Value) -> &str {
    text(object, "/metadata/ownerReferences/0/kind")
}

pub(super) fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
