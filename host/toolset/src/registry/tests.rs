use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use holmes_protocol::{SideEffect, ToolCall, ToolOutcome, ToolOutput, ToolSpec, ToolStatus, ToolsetName};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Registry;
use crate::{CallContext, Invocation, Toolset, redact::Redactor};

struct Fake {
    name: ToolsetName,
    tools: Vec<ToolSpec>,
}

impl Fake {
    fn start(name: &str, tools: &[&str]) -> Arc<dyn Toolset> {
        let name: ToolsetName = name.parse().unwrap();
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
            "name": {"type": "string"}, "lines": {"type": "integer"}, "all": {"type": "boolean"},
            "kinds": {"type": "array", "items": {"type": "string"}}, "options": {"anyOf": [{"type": "object"}, {"type": "null"}]}
        }});
        let tools = tools.iter().map(|tool| ToolSpec {
            name: tool.parse().unwrap(),
            toolset: name.clone(),
            description: String::new(),
            input_schema: schema.clone(),
            side_effect: if *tool == "delete" { SideEffect::Destructive } else { SideEffect::ReadOnly },
        });
        Arc::new(Self { tools: tools.collect(), name })
    }
}

impl Toolset for Fake {
    fn name(&self) -> &ToolsetName {
        &self.name
    }
    fn version(&self) -> &'static str {
        "0"
    }
    fn description(&self) -> &'static str {
        ""
    }
    fn instructions(&self) -> Option<&str> {
        None
    }
    fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }
    fn invoke(&self, invocation: Invocation, _: CallContext) -> BoxFuture<'_, ToolOutcome> {
        assert!(invocation.tool.as_str() != "panics");
        let text = invocation.arguments.to_string();
        async move { ToolOutcome::Success(ToolOutput { text, ..ToolOutput::default() }) }.boxed()
    }
}

fn call(registry: &Registry, tool: &str, arguments: &str) -> ToolOutcome {
    let call = ToolCall { id: "c".parse().unwrap(), name: tool.to_owned(), arguments: arguments.to_owned() };
    let context = CallContext {
        investigation: "i".parse().unwrap(),
        call_id: call.id.clone(),
        deadline: Instant::now() + Duration::from_secs(1),
        cancellation: CancellationToken::new(),
        output_budget: 1,
        redactor: Arc::new(Redactor::new()),
    };
    registry.call(&call, context).now_or_never().unwrap()
}

fn failure(outcome: ToolOutcome) -> String {
    let ToolOutcome::Failure(error) = outcome else { panic!("{outcome:?}") };
    error.message
}

#[test]
fn the_later_of_two_that_collide_is_unavailable() {
    let registry = Registry::new(
        vec![
            Fake::start("one", &["get"]),
            Fake::start("one", &["list"]),
            Fake::start("two", &["logs", "get"]),
        ],
        Vec::new(),
    );
    assert_eq!(registry.toolsets().len(), 1);
    assert_eq!(registry.specs().len(), 1);
    let reasons: Vec<_> = registry.unavailable().iter().map(|entry| entry.reason.as_str()).collect();
    assert!(reasons[0].contains("`one`"), "{reasons:?}");
    assert!(
        reasons[1].contains("`one`") && reasons[1].contains("`two`") && reasons[1].contains("`get`"),
        "{reasons:?}"
    );
    assert!(registry.find("logs").is_none());
}

#[test]
fn values_are_fitted_where_nothing_is_lost() {
    let registry = Registry::new(vec![Fake::start("one", &["get"])], Vec::new());
    let arguments = r#"{"name":7,"lines":"42","all":"true","kinds":"pods","options":"{\"a\":1}"}"#;
    let ToolOutcome::Success(output) = call(&registry, "get", arguments) else { panic!() };
    let made: Value = serde_json::from_str(&output.text).unwrap();
    assert_eq!(made, json!({"name": "7", "lines": 42, "all": true, "kinds": ["pods"], "options": {"a": 1}}));
    let ToolOutcome::Success(output) = call(&registry, "get", r#"{"name":"x","lines":null,"options":null}"#)
    else {
        panic!()
    };
    assert_eq!(output.text, r#"{"name":"x","options":null}"#);
}

#[test]
fn errors_tell_the_model_what_to_do() {
    let registry = Registry::new(vec![Fake::start("one", &["get_pods", "panics", "delete"])], Vec::new());
    assert!(failure(call(&registry, "get_pod", "{}")).contains("closest: `get_pods`"));
    assert!(failure(call(&registry, "get_pods", "{\"name\": ")).contains("line 1 column"));
    let missing = failure(call(&registry, "get_pods", ""));
    assert!(
        missing.contains("\"name\" is a required property") && missing.contains("`name` (string, required)"),
        "{missing}"
    );
    let wrong = failure(call(&registry, "get_pods", r#"{"name":"x","lines":"many"}"#));
    assert!(wrong.contains("`lines`: "), "{wrong}");
    assert!(failure(call(&registry, "panics", r#"{"name":"x"}"#)).contains("another way"));
    assert_eq!(call(&registry, "delete", r#"{"name":"x"}"#).status(), ToolStatus::ApprovalRequired);
}
