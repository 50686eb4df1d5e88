//! One line per tool call on stderr: number, state, tool, arguments, time, size.

use holmes_protocol::{Event, ToolStatus};

use super::printer::Printer;

/// Longest arguments on a line; the whole of them is in `--output json`.
const ARGUMENTS: usize = 80;

/// Shows an event, if it is worth a line.
pub(crate) fn show(event: &Event, printer: Printer) {
    match event {
        Event::ToolFinished {
            number, name, toolset, arguments, status, text, truncated, elapsed_ms, ..
        } => {
            let state = state(*status, printer);
            let toolset = toolset.as_ref().map(|toolset| format!("{toolset}.")).unwrap_or_default();
            let flags = if *truncated { "  truncated" } else { "" };
            let seconds = std::time::Duration::from_millis(*elapsed_ms).as_secs_f32();
            let lines = text.lines().count();
            let arguments = short(arguments);
            printer.progress(&format!(
                "#{number} {state} {toolset}{name}  {arguments}  {seconds:.1}s  {lines} lines{flags}"
            ));
        }
        Event::Retry { reason, wait_ms } => {
            let seconds = std::time::Duration::from_millis(*wait_ms).as_secs_f32();
            printer.progress(&format!("retry in {seconds:.1}s: {reason}"));
        }
        Event::FellBack { model, reason } => {
            printer.progress(&format!("model `{model}` answers instead: {reason}"));
        }
        Event::ModelStarted { .. }
        | Event::TextDelta { .. }
        | Event::AssistantMessage { .. }
        | Event::ToolStarted { .. }
        | Event::Usage { .. } => {}
    }
}

fn state(status: ToolStatus, printer: Printer) -> &'static str {
    match status {
        ToolStatus::Success => printer.symbol("\u{2713}", "ok"),
        ToolStatus::NoData => printer.symbol("\u{2205}", "no data"),
        ToolStatus::Error => printer.symbol("\u{2717}", "error"),
        ToolStatus::ApprovalRequired => printer.symbol("?", "needs approval"),
    }
}

fn short(arguments: &str) -> String {
    let mut shown: String = arguments.chars().take(ARGUMENTS).collect();
    if shown.len() < arguments.len() {
        shown.push_str("...");
    }
    shown
}
