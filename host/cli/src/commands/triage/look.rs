//! One look: the tool is called once, and what it says passes the door before anybody reads it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use holmes_protocol::{InvestigationId, Report, ToolCall, ToolCallId, ToolOutcome};
use holmes_toolset::{CallContext, door::Door};
use serde_json::{Map, Value};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Mutex,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::changes::Scope;
use crate::{
    args::Triage,
    compose::{TRIAGE, TriageTool},
};

/// Longer than the toolset's own limit, which says better what took so long.
const LONGEST: Duration = Duration::from_mins(15);

/// How a look ended.
pub(super) enum Looked {
    /// With a report.
    Report(Box<Report>),
    /// Somebody does not want to wait for it.
    Interrupted,
}

/// Looks at one cluster, always with the same arguments.
pub(super) struct Lookout {
    tool: TriageTool,
    door: Door,
    call: ToolCall,
    investigation: InvestigationId,
    namespace: Option<String>,
    selected: bool,
    stop: Mutex<Stop>,
}

/// SIGINT or SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Lookout {
    pub(super) fn new(tool: TriageTool, triage: &Triage) -> Result<Self> {
        let id: ToolCallId = TRIAGE.parse().context("the call has no name")?;
        let stop = Stop {
            interrupt: signal(SignalKind::interrupt()).context("signals can not be received")?,
            terminate: signal(SignalKind::terminate()).context("signals can not be received")?,
        };
        Ok(Self {
            door: Door::new(Arc::clone(&tool.redactor)),
            tool,
            call: ToolCall { id, name: TRIAGE.to_owned(), arguments: arguments(triage).to_string() },
            investigation: TRIAGE.parse().context("the investigation has no name")?,
            namespace: triage.namespace.clone(),
            selected: triage.selector.is_some(),
            stop: Mutex::new(stop),
        })
    }

    /// What is looked at.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { namespace: self.namespace.as_deref(), selected: self.selected }
    }

    /// Looks.
    pub(super) async fn look(&self) -> Result<Looked> {
        let cancellation = CancellationToken::new();
        let _ended_with_this_look = cancellation.clone().drop_guard();
        let now = Instant::now();
        let context = CallContext {
            investigation: self.investigation.clone(),
            call_id: self.call.id.clone(),
            deadline: now.checked_add(LONGEST).unwrap_or(now),
            cancellation,
            // Nobody reads the text: a report is written from its data.
            output_budget: u64::MAX,
            redactor: Arc::clone(&self.tool.redactor),
        };
        tokio::select! {
            biased;
            () = self.stopped() => Ok(Looked::Interrupted),
            outcome = self.tool.registry.call(&self.call, context) => self.report(outcome).map(Looked::Report),
        }
    }

    /// Resolves when somebody wants the program to end.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.lock().await;
        let Stop { interrupt, terminate } = &mut *stop;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    fn report(&self, outcome: ToolOutcome) -> Result<Box<Report>> {
        if let ToolOutcome::Failure(error) = outcome {
            if let Some(detail) = &error.detail {
                tracing::warn!(detail = %self.door.answer(detail), "triage failed");
            }
            bail!("{}", self.door.answer(&error.message));
        }
        let mut report = self
            .door
            .admit(&self.call, outcome)
            .report
            .context("toolset `triage` gave no report; is its plugin older than this program?")?;
        if report.cluster.is_empty() {
            report.cluster = self.door.answer(&self.tool.cluster);
        }
        Ok(report)
    }
}

/// Only what was asked for, so that a toolset that lacks an argument still serves everybody else.
fn arguments(triage: &Triage) -> Value {
    let mut arguments = Map::new();
    for (name, value) in [("namespace", &triage.namespace), ("selector", &triage.selector)] {
        arguments.extend(value.clone().map(|value| (name.to_owned(), value.into())));
    }
    for (name, set) in [("notes", triage.notes), ("deep", triage.deep), ("no_suppress", triage.no_suppress)] {
        arguments.extend(set.then(|| (name.to_owned(), true.into())));
    }
    arguments.into()
}
