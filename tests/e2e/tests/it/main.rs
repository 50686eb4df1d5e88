//! End-to-end tests: the real binary, the real components in the real sandbox, fakes for everything outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test binary: whatever goes wrong ends the test"
)]

mod ask;
mod auth;
mod azure;
mod cloud;
mod config;
mod contract;
mod endurance;
mod floors;
mod holmesgpt_pages;
mod identity;
mod kubernetes;
mod large;
mod live;
mod model;
mod permissions;
mod plugins;
mod protocols;
mod rbac;
mod recordings;
mod reload;
mod run;
mod scoreboard;
mod secrets;
mod served;
mod snapshot;
mod triage;
mod world;
