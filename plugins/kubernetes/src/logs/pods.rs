//! Which pods a log request means: one by its exact name, or several by a pattern, a label selector or both.

use holmes_plugin::{Host, ToolError};

use super::streams::Stream;
use crate::{
    age::Now,
    field, missing, names, nearest, read,
    render::rows::{Health, Layout},
    scope::Scope,
};

/// More pods than this are a question for a narrower selector.
const MOST: usize = 50;

/// The pods of a request.
#[derive(Debug)]
pub(crate) struct Pods {
    /// `pod api-1`, `pods api-*`.
    pub told: String,
    /// How many there are.
    pub count: usize,
    /// Their streams.
    pub streams: Vec<Stream>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    Pods(Pods),
    /// Why there are none.
    Nothing(String),
}

/// The pods that a name or pattern and a label selector mean in a namespace.
pub(crate) fn find(
    host: &Host,
    namespace: &str,
    name: Option<&str>,
    labels: Option<&str>,
) -> Result<Found, ToolError> {
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let scope = Scope::parse(host, "pods", Some(namespace))?;
    match (given(name), given(labels)) {
        (Some(name), None) if !name.contains('*') => exact(host, &scope, &name),
        (None, None) => Err(ToolError::invalid(
            "which pods? Give pod_name (`worker-*` means several), label_selector, or both",
        )),
        (pattern, labels) => several(host, scope, pattern.as_deref().unwrap_or("*"), labels.as_deref()),
    }
}

fn exact(host: &Host, scope: &Scope, name: &str) -> Result<Found, ToolError> {
    let name = names::object(name)?;
    let Some(pod) = read::one(host, scope, &name)? else {
        return Ok(Found::Nothing(missing::object(host, scope, &name)));
    };
    let streams = Stream::all(&pod);
    Ok(Found::Pods(Pods { told: format!("pod {name}"), count: 1, streams, notes: Vec::new() }))
}

fn several(host: &Host, scope: Scope, pattern: &str, labels: Option<&str>) -> Result<Found, ToolError> {
    let scope = scope.selected(labels, None);
    let mut known = Vec::new();
    let (mut matching, mut total) = (Vec::new(), 0);
    let (row, now) = (Layout::of(&scope.resource).row, Now::of(host));
    read::each(host, &scope, |pod| {
        if !fits(pattern, field::name(&pod)) {
            known.push(field::name(&pod).to_owned());
            return;
        }
        total += 1;
        let born = field::text(&pod, "/metadata/creationTimestamp").to_owned();
        matching.push(Candidate { health: row(&pod, now).health, born, streams: Stream::all(&pod) });
        if matching.len() > 4 * MOST {
            keep_best(&mut matching);
        }
    })?;
    let selected = labels.map(|labels| format!(" with label selector {labels}")).unwrap_or_default();
    if matching.is_empty() {
        if known.is_empty() {
            return Ok(Found::Nothing(missing::list(host, &scope)));
        }
        let near = nearest::names(pattern.trim_matches('*'), known.iter().map(String::as_str));
        let near = if near.is_empty() { String::new() } else { format!(" Nearest: {}.", near.join(", ")) };
        return Ok(Found::Nothing(format!(
            "no pod{selected} in {} has a name like `{pattern}`: searched {}.{near}",
            scope.place(),
            known.len()
        )));
    }
    keep_best(&mut matching);
    let notes = (total > MOST).then(|| {
        format!(
            "{} of {total} pods were left out (at most {MOST} are read at once, those with a visible problem first, \
             then the youngest): narrow pod_name or label_selector",
            total - MOST
        )
    });
    Ok(Found::Pods(Pods {
        told: format!("{} pods {pattern}{selected}", matching.len()),
        count: matching.len(),
        streams: matching.into_iter().flat_map(|pod| pod.streams).collect(),
        notes: notes.into_iter().collect(),
    }))
}

/// A pod that may be read.
struct Candidate {
    health: Health,
    born: String,
    streams: Vec<Stream>,
}

/// Those with a visible problem first, then the youngest.
fn keep_best(pods: &mut Vec<Candidate>) {
    pods.sort_by(|left, right| left.health.cmp(&right.health).then_with(|| right.born.cmp(&left.born)));
    pods.truncate(MOST);
}

/// `*` stands for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inside = name.strip_prefix(head).and_then(|name| name.strip_suffix(tail));
    let found = inside.and_then(|inside| {
        // The first place that fits leaves the most room for the next part.
        middle.split('*').try_fold(inside, |left, part| left.split_once(part).map(|(_, after)| after))
    });
    found.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, name) in
            [("*", "x"), ("api-*", "api-1"), ("*-1", "api-1"), ("a*-*1", "api-7-1"), ("api*", "api")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("api-*", "apis-1"), ("*-2", "api-1"), ("api", "api-1"), ("a*b*c", "acb")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
