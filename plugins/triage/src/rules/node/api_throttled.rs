//! The API server turns clients away because there are too many requests.
//!
//! Fires when the logs of two or more failing components have its words, or when it answered our own reads so.

use std::collections::BTreeMap;

use holmes_protocol::{Confidence, Severity};

use crate::containers::Container;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::{Kind, SOURCES};
use crate::rules::{Rule, Subject};
use crate::view::View;

const MANY: usize = 2;
/// The API server's own sentence; an application's 429 is another's.
const REFUSED: &str = "the server has received too many requests and has asked us to try again later";
const WAITED: &str = "due to client-side throttling, not priority and fairness";

pub(super) const RULE: Rule = Rule {
    id: "api-throttled",
    subject: Subject::ControlPlane,
    reads: &[Kind::Pod, Kind::Service],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let Some(server) = view.find(Kind::Service, "default", "kubernetes").found() else { return Vec::new() };
    let ours = SOURCES.iter().find_map(|source| {
        let list = view.observations.lists.get(&source.kind)?;
        list.message.contains(REFUSED).then_some(source.plural)
    });
    let mut components: BTreeMap<String, (&Container<'_>, usize, &str, &str)> = BTreeMap::new();
    for container in view.working_containers().iter().filter(|container| container.is_unhealthy(view.now)) {
        if let Some((number, line, instance)) = complaint(view, container) {
            components.entry(view.top(container.pod).key()).or_insert((container, number, line, instance));
        }
    }
    if ours.is_none() && components.len() < MANY {
        return Vec::new();
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, server);
    draft.confidence(Confidence::Medium);
    for (container, number, line, instance) in components.values() {
        draft.affects(container.pod);
        draft.log(container.pod, format!("{}{instance}:{number}", container.name()), line);
    }
    if let Some(plural) = ours {
        draft.computed(server, ".metadata.name", format!("our own read of {plural} was refused"));
    }
    draft.summary(format!("the API server turns clients away: {} components say so", components.len()));
    draft.check(&["kubectl", "get", "flowschemas"], "which clients share which limit");
    vec![draft]
}

fn complaint<'a>(view: &View<'a>, container: &Container<'a>) -> Option<(usize, &'a str, &'static str)> {
    [(false, ""), (true, ":previous")].into_iter().find_map(|(previous, instance)| {
        let mut lines = view.log(container, previous)?.lines().zip(1..);
        let (line, number) = lines.find(|(line, _)| line.contains(REFUSED) || line.contains(WAITED))?;
        Some((number, line, instance))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{Scene, crashing_pod};

    fn cluster(apps: &[&str], line: &str) -> Scene {
        let server = json!({"metadata": {"namespace": "default"}, "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 443}]}});
        apps.iter().fold(Scene::new().with(Kind::Service, "kubernetes", server), |scene, app| {
            scene.with(Kind::Pod, app, crashing_pod(app)).log(app, "app", line)
        })
    }

    fn told(scene: &Scene) -> bool {
        scene.told().contains(&"api-throttled/".to_owned())
    }

    #[test]
    fn two_components_that_are_turned_away_tell_of_the_server() {
        assert!(told(&cluster(&["a", "b"], REFUSED)));
        assert!(!told(&cluster(&["a"], REFUSED)));
        assert!(!told(&cluster(&["a", "b"], "HTTP 429 from payments: too many requests")));
    }
}
