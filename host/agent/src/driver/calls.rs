//! Runs the tools of one turn side by side; each result passes the door before anybody sees it.

use std::time::Duration;

use futures::{StreamExt, stream};
use holmes_protocol::{Event, ToolCall, ToolError, ToolErrorKind, ToolOutcome};
use holmes_toolset::CallContext;
use tokio::time::Instant;

use super::Driver;
use crate::{CallRecord, guard, run::Finished};

/// A toolset that keeps its deadline says itself what it was doing; the host cuts it off a little later.
const GRACE: Duration = Duration::from_millis(200);

impl Driver {
    /// All results; events are emitted as each call begins and ends.
    pub(super) async fn call_tools(&self, calls: Vec<ToolCall>, first_number: u32) -> Vec<Finished> {
        let numbered = calls.into_iter().zip(first_number..);
        let running = numbered.map(|(call, number)| self.call_tool(call, number));
        stream::iter(running).buffer_unordered(self.config.parallel_calls.max(1)).collect().await
    }

    async fn call_tool(&self, call: ToolCall, number: u32) -> Finished {
        let started = Instant::now();
        let shown = guard::shown(&call, &self.door);
        let toolset = self.registry.find(&call.name).map(|spec| spec.toolset.clone());
        self.emit(Event::ToolStarted { number, call: shown.clone(), toolset: toolset.clone() });
        let outcome = self.outcome(&call, started).await;
        if let ToolOutcome::Failure(ToolError { kind, detail: Some(detail), .. }) = &outcome {
            tracing::warn!(tool = %shown.name, %kind, detail = %self.door.answer(detail), "tool call failed");
        }
        let admitted = self.door.admit(&call, outcome);
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let record = CallRecord {
            number,
            id: call.id,
            tool: shown.name,
            toolset,
            arguments: shown.arguments,
            status: admitted.status,
            text: admitted.body.clone(),
            size: admitted.body.len(),
            truncated: admitted.truncated,
            elapsed_ms,
        };
        self.emit(Event::ToolFinished {
            number,
            call_id: record.id.clone(),
            name: record.tool.clone(),
            toolset: record.toolset.clone(),
            arguments: record.arguments.clone(),
            status: record.status,
            text: record.text.clone(),
            truncated: record.truncated,
            elapsed_ms,
        });
        Finished { admitted, record }
    }

    async fn outcome(&self, call: &ToolCall, started: Instant) -> ToolOutcome {
        let limit = self.config.tool_time_limit;
        let own = started.checked_add(limit);
        let deadline = match (own, self.deadline) {
            (Some(own), Some(whole)) => own.min(whole),
            (Some(deadline), None) | (None, Some(deadline)) => deadline,
            (None, None) => started,
        };
        let context = CallContext {
            investigation: self.investigation.clone(),
            call_id: call.id.clone(),
            deadline,
            cancellation: self.cancellation.child_token(),
            output_budget: u64::try_from(self.door.limits().success_bytes).unwrap_or(u64::MAX),
            redactor: std::sync::Arc::clone(self.door.redactor()),
        };
        let cut_off = deadline.checked_add(GRACE).unwrap_or(deadline);
        tokio::time::timeout_at(cut_off, self.registry.call(call, context)).await.unwrap_or_else(|_| {
            let message =
                format!("the call took longer than {} s and was ended; ask for less", limit.as_secs());
            ToolOutcome::Failure(ToolError::new(ToolErrorKind::Timeout, message))
        })
    }
}
