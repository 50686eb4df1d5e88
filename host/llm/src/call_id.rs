//! Ids of tool calls: the provider's, or one of ours where it gave none that could be sent back.

use holmes_protocol::ToolCallId;

use crate::retry;

/// The id that a provider gave; `index` tells the calls of one answer apart.
pub(crate) fn call_id(given: &str, index: u64) -> ToolCallId {
    given.parse().unwrap_or_else(|_| mint(index))
}

fn mint(index: u64) -> ToolCallId {
    let mark = retry::random();
    let minted = format!("call_{mark:016x}_{index}");
    // Always within the rules of an id; the loop exists because the type's only constructor is fallible.
    minted.parse().unwrap_or_else(|_| mint(0))
}
