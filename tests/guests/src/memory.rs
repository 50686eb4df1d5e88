//! Takes all the memory there is.

use std::hint::black_box;

use holmes_plugin::prelude::*;

use crate::Nothing;

/// Asks for more until it dies.
#[tool(read_only)]
pub fn grow(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Asks for more until it is refused, and says how many MiB it got.
#[tool(read_only)]
pub fn grow_politely(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut more = Vec::new();
        if more.try_reserve_exact(1 << 20).is_err() {
            let got = hoard.len();
            drop(hoard);
            return Ok(Output::text(got.to_string()));
        }
        more.resize(1 << 20, 1_u8);
        hoard.push(black_box(more));
    }
}
