//! In-process servers for tests, each on a free port of 127.0.0.1.
//!
//! A fake records what it is asked, holds every request to the protocol's rules, and mints a recognisable
//! secret that tests search their outputs for.

pub mod kubernetes;
pub mod llm;

pub use kubernetes::{FakeKubernetes, Mood};
pub use llm::{FakeLlm, Turn};
