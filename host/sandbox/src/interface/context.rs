//! `context`: how long the call may still take, how much it may still say, and parts handed over early.

use crate::{
    bindings::holmes::toolset::{context::Host, types::Content},
    state::State,
};

/// Longest progress message; it goes to a person's terminal.
const MESSAGE: usize = 200;

/// What a part, and a row or cell of a table, weighs besides its text: a million empty ones take memory too.
const PART: usize = 64;
const CELL: usize = 24;

impl Host for State {
    fn remaining_ms(&mut self) -> wasmtime::Result<u64> {
        self.enter(0)?;
        Ok(u64::try_from(self.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    fn is_cancelled(&mut self) -> wasmtime::Result<bool> {
        self.enter(0)?;
        Ok(self.caller.cancellation.is_cancelled())
    }

    fn output_budget(&mut self) -> wasmtime::Result<u64> {
        self.enter(0)?;
        Ok(self.caller.output_budget.min(self.shared.limits.result))
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: String) -> wasmtime::Result<()> {
        self.enter(message.len())?;
        let message: String = message.chars().take(MESSAGE).flat_map(char::escape_debug).collect();
        tracing::debug!(toolset = %self.shared.name, done, total, message, "progress");
        Ok(())
    }

    fn emit(&mut self, part: Content) -> wasmtime::Result<bool> {
        let bytes = PART + size(&part);
        self.enter(bytes)?;
        if self.emitted_bytes + bytes as u64 > self.shared.limits.emitted {
            return Ok(false);
        }
        self.emitted_bytes += bytes as u64;
        self.emitted.push(part);
        Ok(true)
    }
}

fn size(part: &Content) -> usize {
    match part {
        Content::Text(text) | Content::Data(text) => text.len(),
        Content::Table(table) => {
            let cells = table.columns.iter().chain(table.rows.iter().flatten());
            table.rows.len() * CELL + cells.map(|cell| cell.len() + CELL).sum::<usize>()
        }
        Content::Blob(blob) => blob.mime.len() + blob.bytes.len(),
    }
}
