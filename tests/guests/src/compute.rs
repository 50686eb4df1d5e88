//! Never comes back: loops, loops over a cheap import, recursion without end, an hour of sleep.

use std::hint::black_box;

use holmes_plugin::prelude::*;

use crate::Nothing;

/// Loops for ever.
#[tool(read_only)]
pub fn spin(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Asks for the time for ever.
#[tool(read_only)]
pub fn spin_on_an_import(host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    loop {
        black_box(host.monotonic_ms());
    }
}

/// Calls itself without end.
#[tool(read_only)]
pub fn recurse(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(deeper(0).to_string()))
}

/// Two functions call each other through a table without end.
#[tool(read_only)]
pub fn recurse_in_turns(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let turns: [fn(u64) -> u64; 2] = [black_box(even), black_box(odd)];
    Ok(Output::text(turns.iter().map(|turn| turn(0)).sum::<u64>().to_string()))
}

/// Sleeps for an hour.
#[tool(read_only)]
pub fn sleep(host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    host.sleep_ms(3_600_000);
    Ok(Output::text("slept"))
}

#[expect(unconditional_recursion, reason = "that is the attack")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + 1
}

fn even(depth: u64) -> u64 {
    let next: fn(u64) -> u64 = black_box(odd);
    black_box(next(depth + 1)) + 1
}

fn odd(depth: u64) -> u64 {
    let next: fn(u64) -> u64 = black_box(even);
    black_box(next(depth + 1)) + 1
}
