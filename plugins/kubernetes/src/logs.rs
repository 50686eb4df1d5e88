//! Logs of a pod: which streams to read, how to merge them, what to keep.

pub(crate) mod line;
pub(crate) mod streams;
pub(crate) mod window;
