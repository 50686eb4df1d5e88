//! What people and scripts get to see.

pub(crate) mod document;
pub(crate) mod live;
pub(crate) mod markdown;
pub(crate) mod printer;
pub(crate) mod progress;
pub(crate) mod report;
