//! Whom a failing container blames: the telling line of its log, and the Services that it names.

use holmes_protocol::Confidence;
use serde_json::Value;

use crate::address::{addresses, service, services_in_line};
use crate::containers::Container;
use crate::decode::log_line::Telling;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::Object;
use crate::view::View;

/// A line of a log, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastWords<'t> {
    pub(crate) line: Telling<'t>,
    pub(crate) previous: bool,
}

impl LastWords<'_> {
    pub(crate) fn cite(&self, draft: &mut Draft, container: &Container<'_>) {
        let instance = if self.previous { ":previous" } else { "" };
        let path = format!("{}{instance}:{}", container.name(), self.line.number);
        draft.log(container.pod, path, self.line.line);
    }
}

/// What the instance that ended said last. The log of a waiting container is that of its last instance.
pub(crate) fn last_words<'a>(view: &View<'a>, container: &Container<'a>) -> Option<LastWords<'a>> {
    let order = if container.is_running() { [true, false] } else { [false, true] };
    let read = |previous| {
        let line = view.telling(container, previous)?;
        Some(LastWords { line, previous })
    };
    let found: Vec<LastWords<'a>> = order.into_iter().filter_map(read).collect();
    let known = found.iter().position(|words| !words.line.class.is_empty()).unwrap_or_default();
    found.into_iter().nth(known)
}

/// Cites the telling line of a container that runs but is not well; returns the line's class.
pub(crate) fn cite_log<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) -> &'static str {
    let Some(words) = last_words(view, container) else { return "" };
    words.cite(draft, container);
    blame(view, container, words.line.line, draft);
    words.line.class
}

/// Notes which Services the line or the environment names: their failure would explain this one.
pub(crate) fn blame<'a>(view: &View<'a>, container: &Container<'a>, line: &str, draft: &mut Draft) {
    if !crate::decode::log_line::class(line).starts_with("dep-") {
        suggest_variable(container, line, draft);
        return;
    }
    draft.confidence(Confidence::Medium);
    draft.depends_on.extend(blamed(view, container, line).into_iter().map(Value::key));
}

/// The Services that a complaint is about: those that the line names, else all that the environment names.
pub(crate) fn blamed<'a>(view: &View<'a>, container: &Container<'a>, line: &str) -> Vec<&'a Value> {
    let namespace = container.pod.namespace();
    let mut named = services_in_line(view, namespace, line);
    let silent = named.is_empty();
    for address in addresses(container) {
        if let Some(target) = service(view, namespace, address.host).found()
            && (silent || line.contains(address.host))
            && !named.iter().any(|known| std::ptr::eq(*known, target))
        {
            named.push(target);
        }
    }
    named
}

/// A line that asks for a setting may ask for one that is there under a misspelt name.
fn suggest_variable(container: &Container<'_>, line: &str, draft: &mut Draft) {
    let Some(spec) = container.spec() else { return };
    let defined: Vec<&str> = spec.items("/env").iter().map(|variable| variable.text("/name")).collect();
    let words =
        line.split(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'));
    for word in words.filter(|word| word.len() > 3 && word.contains('_')) {
        if defined.contains(&word) {
            continue;
        }
        if let Some(near) = nearest::name(word, defined.iter().copied()) {
            draft.field(container.pod, &container.spec_path(&format!(".env[name={near}].name")));
            draft.suggest(format!("the log asks for `{word}`, the environment defines `{near}`: misspelt?"));
            return;
        }
    }
}
