//! Attack tests: hostile toolsets in the real sandbox, one test or more for each row of the attack list.
//!
//! Two kinds of guests: `tests/guests`, toolsets in Rust that misbehave, and core modules written by hand
//! (`wat`) for what no compiler would make. No test asserts how fast a limit bites, only that it does.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod azure;
#[cfg(test)]
mod compiling;
#[cfg(test)]
mod endless;
#[cfg(test)]
mod files;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod packing;
#[cfg(test)]
mod results;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod wasi;
#[cfg(test)]
mod wat;
#[cfg(test)]
mod world;
