//! Tries to leave something behind for the next call: a counter, a broken instance.

use std::sync::atomic::{AtomicU32, Ordering};

use holmes_plugin::prelude::*;

use crate::Nothing;

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Says how many calls there were before this one.
#[tool(read_only)]
pub fn count(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(CALLS.fetch_add(1, Ordering::Relaxed).to_string()))
}

/// Counts, and then crashes.
#[tool(read_only)]
#[expect(clippy::panic, reason = "that is the attack")]
pub fn crash(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    CALLS.fetch_add(1, Ordering::Relaxed);
    panic!("on purpose");
}

/// Does nothing wrong.
#[tool(read_only)]
pub fn fine(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text("fine"))
}
