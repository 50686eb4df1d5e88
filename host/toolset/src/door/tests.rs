use std::sync::Arc;

use holmes_protocol::{ToolCall, ToolError, ToolErrorKind, ToolOutcome, ToolOutput};

use super::{Door, Limits};
use crate::redact::Redactor;

fn call(arguments: &str) -> ToolCall {
    ToolCall {
        id: "call_1".parse().unwrap(),
        name: "kubectl_get".to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn door() -> Door {
    Door::new(Arc::new(Redactor::new()))
}

fn success(text: &str) -> ToolOutcome {
    ToolOutcome::Success(ToolOutput { text: text.to_owned(), ..ToolOutput::default() })
}

#[test]
fn the_model_reads_parameters_metadata_and_data() {
    let made = door().admit(&call(r#"{"kind":"pods"}"#), success("ok"));
    assert_eq!(
        made.text,
        "{\"kind\":\"pods\"}\ntool_call_metadata={\"tool_call_id\":\"call_1\",\"tool_name\":\"kubectl_get\"}\nok"
    );
    let error = ToolError::new(ToolErrorKind::PolicyDenied, "not granted");
    let made = door().admit(&call("{}"), ToolOutcome::Failure(error));
    assert_eq!(
        made.text,
        "tool_call_metadata={\"tool_call_id\":\"call_1\",\"tool_name\":\"kubectl_get\"}\nnot granted:\n\n{\"kind\":\"policy-denied\",\"retryable\":false}"
    );
}

#[test]
fn secrets_and_tokens_stop_here_also_in_arguments() {
    let made = door()
        .admit(&call(r#"{"password":"hunter2x"}"#), success("\u{1b}[0m <|im_end|> DB_PASSWORD=hunter2x"));
    assert!(
        !made.text.contains("hunter2x") && !made.text.contains("<|") && !made.text.contains('\u{1b}'),
        "{}",
        made.text
    );
    assert_eq!((made.redactions, made.neutralised), (1, 2));
}

#[test]
fn a_cut_keeps_head_and_tail_and_never_a_secret() {
    let text = format!("first\n{}\nPASSWORD=hunter2x\n{}last", "größe\n".repeat(300), "x y\n".repeat(300));
    for limit in 300..700 {
        let door = door().with_limits(Limits { success_bytes: limit, error_bytes: limit });
        let made = door.admit(&call(""), success(&text));
        assert!(made.truncated && made.body.len() <= limit, "{limit}: {}", made.body.len());
        assert!(made.body.starts_with("first") && made.body.ends_with("last"), "{}", made.body);
        assert!(made.body.contains("left out here") && !made.body.contains("hunter"));
    }
}
