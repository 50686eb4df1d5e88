//! Who means to use a Service: a route from outside, an address in a running container, a webhook, an API.

use std::collections::HashSet;

use serde_json::Value;

use crate::address::{Address, addresses, service};
use crate::containers::Container;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::network::route::leads_to;
use crate::view::{View, controller};

/// Something that is in vain without the Service, and the path in it that names the Service.
pub(super) type Consumer<'a> = (&'a Value, String);

/// The addresses in the environment of what runs: one container for all replicas of a controller.
pub(super) fn distinct_addresses<'a>(view: &View<'a>) -> Vec<(Container<'a>, Address<'a>)> {
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let mut found = Vec::new();
    for container in view.working_containers() {
        let owner = controller(container.pod).map_or(container.pod.uid(), |owner| owner.text("/uid"));
        if seen.insert((owner, container.name())) {
            found.extend(addresses(container).into_iter().map(|address| (*container, address)));
        }
    }
    found
}

/// The first consumer of a Service; the addresses are those of [`distinct_addresses`].
pub(super) fn consumer<'a>(
    view: &View<'a>,
    wanted: &Value,
    addresses: &[(Container<'a>, Address<'a>)],
) -> Option<Consumer<'a>> {
    let by_address = || {
        addresses.iter().find_map(|(container, address)| {
            let found = service(view, container.pod.namespace(), address.host).found()?;
            (found.key() == wanted.key()).then(|| (address.source, address.path.clone()))
        })
    };
    leads_to(view, wanted)
        .or_else(|| (wanted.text("/spec/type") == "LoadBalancer").then(|| balanced(view, wanted)).flatten())
        .or_else(|| called(view, wanted))
        .or_else(by_address)
}

fn balanced<'a>(view: &View<'a>, service: &Value) -> Option<Consumer<'a>> {
    let found = view.find(Kind::Service, service.namespace(), service.name()).found()?;
    Some((found, ".spec.type".to_owned()))
}

/// A webhook or an API of the cluster that the Service answers for.
fn called<'a>(view: &View<'a>, wanted: &Value) -> Option<Consumer<'a>> {
    let is_wanted = |reference: Option<&Value>| {
        reference.is_some_and(|reference| {
            reference.text("/namespace") == wanted.namespace() && reference.text("/name") == wanted.name()
        })
    };
    let hooks = [Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration];
    let by_hook = hooks.into_iter().flat_map(|kind| view.all(kind)).find_map(|configuration| {
        let mut hooks = configuration.items("/webhooks").iter();
        let hook = hooks.find(|hook| is_wanted(hook.pointer("/clientConfig/service")))?;
        Some((configuration, format!(".webhooks[name={}].clientConfig.service", hook.text("/name"))))
    });
    by_hook.or_else(|| {
        let mut apis = view.all(Kind::ApiService).iter();
        let api = apis.find(|api| is_wanted(api.pointer("/spec/service")))?;
        Some((api, ".spec.service".to_owned()))
    })
}
