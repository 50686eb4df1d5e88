//! Toolsets that misbehave on purpose: one tool per way, one file per family. Only tests load it.
//!
//! What the SDK can not express is said through its generated bindings (`raw`), and what no Rust guest can
//! express stands as WebAssembly text in `host/sandbox/tests/it`.

pub mod compute;
pub mod flood;
pub mod memory;
mod raw;
pub mod result;
pub mod state;
pub mod upstream;

use holmes_plugin::prelude::*;

/// A tool that takes no arguments.
#[arguments]
pub struct Nothing {}

holmes_plugin::toolset!(
    compute::spin,
    compute::spin_on_an_import,
    compute::recurse,
    compute::recurse_in_turns,
    compute::sleep,
    memory::grow,
    memory::grow_politely,
    result::huge_text,
    result::raw_json,
    result::raw_text,
    result::huge_table,
    flood::huge_log,
    flood::log_lines,
    flood::huge_path,
    flood::huge_upstream_name,
    flood::emit_empty_rows,
    flood::emit_mime_types,
    flood::carry_in,
    flood::batch,
    state::count,
    state::crash,
    state::fine,
    upstream::request,
    upstream::read_slowly,
    upstream::hoard,
    upstream::wait_in_a_batch,
);
