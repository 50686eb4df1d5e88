//! The promises of the cache, with a scripted source and a paused clock.

mod failures;
mod lifetimes;
mod logging;
mod sharing;
pub(in crate::entra) mod source;
