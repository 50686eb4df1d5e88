//! Runs a jq program over everything in a scope, in bounded memory.

pub(crate) mod path;

use holmes_plugin::{Host, ToolError, arguments, serde_json::Value};
use jaq_json::Val;

use crate::{
    age::Now,
    jq::{self, Program, plan::Plan},
    read::{self, Part},
    scope::Scope,
};

/// What to evaluate on what.
#[arguments]
pub struct Query {
    /// Kind, in the plural, for example `pods` or `deployments.apps`.
    pub kind: String,
    /// jq expression over the list, for example `.items[] | select(.status.phase == "Failed") | .metadata.name`.
    pub jq_expr: String,
    /// Namespace. Left out: all namespaces.
    pub namespace: Option<String>,
    /// Label selector, for example `app=web,tier!=db`.
    pub label_selector: Option<String>,
    /// Field selector, for example `spec.nodeName=node-1`.
    pub field_selector: Option<String>,
}

impl Query {
    /// What the query looks at.
    pub(crate) fn scope(&self, host: &Host) -> Result<Scope, ToolError> {
        let scope = Scope::parse(host, &self.kind, self.namespace.as_deref())?;
        Ok(scope.selected(self.label_selector.as_deref(), self.field_selector.as_deref()))
    }
}

/// Objects that a program sees at once: fewer than a page, as jaq's values are several times their JSON.
const CHUNK: usize = 100;

/// Memory for a list that must be seen as a whole: half of what a component has, with room for results.
const WHOLE: usize = 48 << 20;

/// More results than this are a program that does not end.
const MOST_RESULTS: usize = 1_000_000;

/// What was processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Processed {
    /// Objects in the scope, over all pages. Only an expression about single objects may have seen a part.
    pub items: Part,
    /// Results of the program.
    pub matches: usize,
}

/// Shows every result of the program to `visit`.
pub(crate) fn run(
    host: &Host,
    scope: &Scope,
    code: &str,
    mut visit: impl FnMut(Value),
) -> Result<Processed, ToolError> {
    let now = Now::of(host);
    let mut matches = 0;
    let mut emit = |value: Val| {
        matches += 1;
        visit(jq::to_json(&value));
        matches < MOST_RESULTS
    };
    let items = match Plan::of(code) {
        Plan::Stream(each) => chunks(host, scope, &Program::parse(&each, now)?, &mut emit)?,
        Plan::Collect { each, rest } => {
            let (each, rest) = (Program::parse(&each, now)?, Program::parse(&rest, now)?);
            let mut collected = Vec::new();
            let items = chunks(host, scope, &each, &mut |value| {
                collected.push(value);
                collected.len() < MOST_RESULTS
            })?;
            if let Some(rest) = items.rest {
                return Err(rest.error(scope, items.objects));
            }
            rest.run(collected.into_iter().collect(), &mut emit)?;
            items
        }
        Plan::Whole(code) => {
            let program = Program::parse(&code, now)?;
            let list = whole(host, scope)?;
            let items = Part { objects: list.len(), rest: None };
            program.run(jq::list(list), &mut emit)?;
            items
        }
    };
    if matches >= MOST_RESULTS {
        return Err(ToolError::invalid(format!(
            "the jq expression gave over {MOST_RESULTS} results and was stopped"
        )));
    }
    Ok(Processed { items, matches })
}

fn chunks(
    host: &Host,
    scope: &Scope,
    program: &Program,
    emit: &mut impl FnMut(Val) -> bool,
) -> Result<Part, ToolError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut failure = None;
    let items = read::part(host, scope, |object| {
        if failure.is_some() {
            return;
        }
        chunk.push(jq::from_json(object));
        if chunk.len() == CHUNK {
            failure = program.run(jq::list(std::mem::take(&mut chunk)), &mut *emit).err();
        }
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    program.run(jq::list(chunk), emit)?;
    Ok(items)
}

fn whole(host: &Host, scope: &Scope) -> Result<Vec<Val>, ToolError> {
    let mut list = Vec::new();
    let mut weight = 0;
    let total = read::each(host, scope, |object| {
        weight += jq::weight(&object);
        if weight <= WHOLE {
            list.push(jq::from_json(object));
        }
    })?;
    if weight <= WHOLE {
        return Ok(list);
    }
    Err(ToolError::invalid(format!(
        "{total} {} in {} are too many for an expression that needs the whole list at once: begin with `.items[] | …`, \
         or with `[.items[] | {{only the fields you need}}] | …`, or narrow by namespace or selector",
        scope.resource.plural,
        scope.place()
    )))
}
