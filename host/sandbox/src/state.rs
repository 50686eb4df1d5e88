//! What one call's store holds: rights, budgets, counters. Built by its one constructor, per call.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use holmes_protocol::{InvestigationId, ToolCallId, ToolName, ToolsetName};
use holmes_telemetry::audit::Audit;
use holmes_toolset::redact::Redactor;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::{
    bindings::holmes::toolset::types::Content,
    grants::Effective,
    limits::{CpuClock, Limits, Space},
    upstream::Backend,
    wasi::{self, Printed},
};

/// What is the same for every call of a toolset.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: ToolsetName,
    pub(crate) digest: String,
    pub(crate) limits: Limits,
    pub(crate) rights: Effective,
    pub(crate) upstreams: BTreeMap<String, Backend>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) audit: Audit,
}

/// Who calls, and until when.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) investigation: InvestigationId,
    pub(crate) call: ToolCallId,
    pub(crate) tool: ToolName,
    pub(crate) deadline: Instant,
    pub(crate) cancellation: CancellationToken,
    pub(crate) output_budget: u64,
    pub(crate) redactor: Arc<Redactor>,
}

/// A limit that was reached. It ends the guest, and the call's error names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reached {
    #[error("it made more than {0} calls of the host")]
    HostCalls(u32),
    #[error("it spent more than {} s of CPU", .0.as_secs())]
    Cpu(Duration),
    #[error("it carried more than {0} bytes into the host")]
    InboundBytes(u64),
    #[error("it held more than {0} responses open")]
    Handles(usize),
}

/// What a store holds during one call.
pub(crate) struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Caller,
    pub(crate) table: ResourceTable,
    pub(crate) space: Space,
    pub(crate) cpu: CpuClock,
    pub(crate) started: Instant,
    pub(crate) responses_left: u64,
    /// Bytes that bodies which lie here whole, unread, may still take.
    pub(crate) held_left: u64,
    pub(crate) emitted: Vec<Content>,
    pub(crate) emitted_bytes: u64,
    pub(crate) log_lines: u32,
    pub(crate) printed: Printed,
    host_calls: u32,
    inbound_left: u64,
    wasi: Option<WasiCtx>,
}

impl State {
    pub(crate) fn new(shared: Arc<Shared>, caller: Caller, wasi: crate::scan::Wasi) -> Self {
        let printed = Printed::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(shared.limits.handles);
        Self {
            space: Space::new(&shared.limits),
            cpu: CpuClock::start(),
            started: Instant::now(),
            responses_left: shared.limits.responses,
            held_left: shared.limits.responses,
            emitted: Vec::new(),
            emitted_bytes: 0,
            log_lines: 0,
            host_calls: 0,
            inbound_left: shared.limits.inbound_bytes,
            wasi: (wasi == crate::scan::Wasi::Empty).then(|| wasi::empty(&printed)),
            printed,
            table,
            caller,
            shared,
        }
    }

    /// Every host function begins with this: counts the call and the bytes that came with it.
    pub(crate) fn enter(&mut self, bytes: usize) -> Result<(), Reached> {
        self.host_calls += 1;
        if self.host_calls > self.shared.limits.host_calls {
            return Err(Reached::HostCalls(self.shared.limits.host_calls));
        }
        match self.inbound_left.checked_sub(bytes as u64) {
            Some(left) => self.inbound_left = left,
            None => return Err(Reached::InboundBytes(self.shared.limits.inbound_bytes)),
        }
        Ok(())
    }

    /// Now, as the toolset is to see it: the recording's moment when one is bound.
    pub(crate) fn moment(&self) -> u64 {
        self.shared.upstreams.values().find_map(Backend::now_unix_ms).unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// Until the call has to be over.
    pub(crate) fn remaining(&self) -> Duration {
        self.caller.deadline.saturating_duration_since(Instant::now())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Only a linker that was made for a component with WASI calls this, and such a call has a context.
        let ctx = self.wasi.get_or_insert_with(|| wasi::empty(&self.printed));
        WasiCtxView { ctx, table: &mut self.table }
    }
}
