//! Reading what kubelet, scheduler, admission and applications say, by anchored patterns in linear time.

pub(crate) mod admission;
pub(crate) mod corefile;
pub(crate) mod eviction;
pub(crate) mod exit_code;
pub(crate) mod image_pull;
pub(crate) mod log_line;
pub(crate) mod nearest;
pub(crate) mod probe;
pub(crate) mod reference;
pub(crate) mod schedule;
pub(crate) mod scheduler;
pub(crate) mod unresolved;
pub(crate) mod volume;

/// The text between two markers.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(start)?;
    after.split_once(end).map(|(inside, _)| inside)
}

/// Does the lower-cased text hold one of these?
pub(crate) fn holds_any(text: &str, needles: &[&str]) -> bool {
    needles.iter().any(|needle| text.contains(needle))
}
