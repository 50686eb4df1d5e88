//! In-process servers for tests, each on a free port of 127.0.0.1.
//!
//! A fake records what it is asked, holds every request to the protocol's rules, and mints a recognisable
//! secret that tests search their outputs for.

pub mod arm;
pub mod azure_openai;
mod canary;
pub mod entra;
mod form;
pub mod imds;
pub mod kubernetes;
pub mod large;
pub mod llm;
mod server;
pub mod tls;
mod wire;

pub use arm::{ArmStep, FakeArm};
pub use azure_openai::FakeAzureOpenAi;
pub use entra::{FakeEntra, Tokens};
pub use imds::FakeImds;
pub use kubernetes::{Decision, FakeKubernetes, Mood};
pub use llm::{FakeLlm, Turn};
pub use tls::TestAuthority;
