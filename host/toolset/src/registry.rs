//! Which toolsets there are, which are not and why, and the way a call takes to its tool.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures::FutureExt;
use holmes_protocol::{
    SideEffect, ToolCall, ToolError, ToolErrorKind, ToolName, ToolOutcome, ToolSpec, ToolsetName,
};
use jsonschema::Validator;
use serde_json::Value;

use crate::{CallContext, Invocation, Toolset, schema};

/// Names that are suggested for one that does not exist.
const SUGGESTIONS: usize = 3;

/// A toolset that is not offered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// The toolset, or the file it should have come from.
    pub name: String,
    /// One sentence for people and for the model.
    pub reason: String,
}

/// Why a toolset was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two toolsets have one name.
    #[error("a toolset named `{0}` is there already; the later `{0}` is refused")]
    DuplicateToolset(ToolsetName),
    /// Two toolsets serve a tool of one name.
    #[error("its tool `{tool}` is already served by toolset `{earlier}`, so toolset `{later}` is refused")]
    DuplicateTool {
        /// The tool.
        tool: ToolName,
        /// The toolset that has it.
        earlier: ToolsetName,
        /// The toolset that was refused.
        later: ToolsetName,
    },
}

/// The toolsets of a host.
pub struct Registry {
    toolsets: Vec<Arc<dyn Toolset>>,
    tools: HashMap<String, Tool>,
    unavailable: Vec<Unavailable>,
}

struct Tool {
    spec: ToolSpec,
    toolset: Arc<dyn Toolset>,
    /// Compiled with the first call: most tools are never called in a short run.
    validator: OnceLock<Result<Validator, String>>,
}

impl Registry {
    /// Takes every toolset that does not collide with an earlier one; the others are unavailable.
    pub fn new(toolsets: Vec<Arc<dyn Toolset>>, unavailable: Vec<Unavailable>) -> Self {
        let mut registry = Self { toolsets: Vec::new(), tools: HashMap::new(), unavailable };
        for toolset in toolsets {
            if let Err(error) = registry.add(Arc::clone(&toolset)) {
                let name = toolset.name().to_string();
                registry.unavailable.push(Unavailable { name, reason: error.to_string() });
            }
        }
        registry
    }

    /// The toolsets on offer.
    pub fn toolsets(&self) -> &[Arc<dyn Toolset>] {
        &self.toolsets
    }

    /// Those that are not, and why.
    pub fn unavailable(&self) -> &[Unavailable] {
        &self.unavailable
    }

    /// All tools, toolset by toolset.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.toolsets.iter().flat_map(|toolset| toolset.tools().iter().cloned()).collect()
    }

    /// The tool of a name.
    pub fn find(&self, name: &str) -> Option<&ToolSpec> {
        self.tools.get(name).map(|tool| &tool.spec)
    }

    /// Runs a call. Whatever goes wrong is an outcome that the model can act on; a panic of a toolset too.
    pub async fn call(&self, call: &ToolCall, context: CallContext) -> ToolOutcome {
        let Some(tool) = self.tools.get(&call.name) else {
            return ToolOutcome::Failure(self.unknown(&call.name));
        };
        let arguments = match tool.arguments(&call.arguments) {
            Ok(arguments) => arguments,
            Err(error) => return ToolOutcome::Failure(error),
        };
        if tool.spec.side_effect != SideEffect::ReadOnly {
            return ToolOutcome::ApprovalRequired(format!(
                "`{}` changes something and needs a person's approval, which this version can not ask for. \
                 Nothing ran and nothing is queued. Tell the person what you would do",
                call.name
            ));
        }
        let invocation = Invocation { tool: tool.spec.name.clone(), arguments };
        let running =
            AssertUnwindSafe(async { tool.toolset.invoke(invocation, context).await }).catch_unwind();
        running.await.unwrap_or_else(|_| {
            tracing::error!(tool = %tool.spec.name, "toolset panicked");
            let message = "the tool failed inside the host; try another way to find out";
            ToolOutcome::Failure(ToolError::new(ToolErrorKind::Internal, message))
        })
    }

    fn add(&mut self, toolset: Arc<dyn Toolset>) -> Result<(), RegistryError> {
        let later = toolset.name().clone();
        if self.toolsets.iter().any(|earlier| *earlier.name() == later) {
            return Err(RegistryError::DuplicateToolset(later));
        }
        let mut seen: Vec<&ToolName> = Vec::new();
        for spec in toolset.tools() {
            let earlier = self.find(spec.name.as_str()).map(|earlier| earlier.toolset.clone());
            let earlier = earlier.or_else(|| seen.contains(&&spec.name).then(|| later.clone()));
            if let Some(earlier) = earlier {
                return Err(RegistryError::DuplicateTool { tool: spec.name.clone(), earlier, later });
            }
            seen.push(&spec.name);
        }
        for spec in toolset.tools() {
            let tool = Tool { spec: spec.clone(), toolset: Arc::clone(&toolset), validator: OnceLock::new() };
            self.tools.insert(spec.name.to_string(), tool);
        }
        self.toolsets.push(toolset);
        Ok(())
    }

    fn unknown(&self, name: &str) -> ToolError {
        let wanted = name.to_ascii_lowercase();
        let wanted: String = wanted.chars().take(64).collect();
        let mut names: Vec<(usize, &str)> =
            self.tools.keys().map(|known| (distance(&wanted, known), known.as_str())).collect();
        names.sort_unstable();
        let close: Vec<String> =
            names.iter().take(SUGGESTIONS).map(|(_, known)| format!("`{known}`")).collect();
        let shown: String = name.chars().take(64).flat_map(char::escape_debug).collect();
        let hint = if close.is_empty() {
            "no tools are available".to_owned()
        } else {
            format!("closest: {}", close.join(", "))
        };
        ToolError::new(ToolErrorKind::NotFound, format!("there is no tool `{shown}`; {hint}"))
    }
}

impl Tool {
    fn arguments(&self, text: &str) -> Result<Value, ToolError> {
        let mut value = schema::parse(text)?;
        schema::coerce(&self.spec.input_schema, &mut value);
        let validator = self.validator.get_or_init(|| {
            jsonschema::validator_for(&self.spec.input_schema).map_err(|error| error.to_string())
        });
        match validator {
            Ok(validator) => schema::check(validator, &self.spec.input_schema, &value)?,
            Err(error) => {
                let message = "the tool's own schema is broken, so it can not be called";
                return Err(ToolError::new(ToolErrorKind::Internal, message).with_detail(error));
            }
        }
        Ok(value)
    }
}

/// Levenshtein distance over bytes; a name that contains the other is close.
fn distance(left: &str, right: &str) -> usize {
    if right.contains(left) || left.contains(right) {
        return 1;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, to) in row.iter_mut().skip(1).zip(right.bytes()) {
            let replaced = diagonal.saturating_add(usize::from(from != to));
            diagonal = *cell;
            before = replaced.min(before.saturating_add(1)).min(diagonal.saturating_add(1));
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
