//! Logs of pods: which ones, their streams, the window, the lines that are wanted, and how they are told.

pub(crate) mod filter;
pub(crate) mod line;
pub(crate) mod pods;
pub(crate) mod report;
pub(crate) mod streams;
pub(crate) mod window;
