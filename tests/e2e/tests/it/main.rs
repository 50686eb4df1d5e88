//! End-to-end tests: the real binary, the real components in the real sandbox, fakes for everything outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test binary: whatever goes wrong ends the test"
)]

mod ask;
mod config;
mod contract;
mod floors;
mod live;
mod model;
mod plugins;
mod recordings;
mod run;
mod scoreboard;
mod secrets;
mod world;
