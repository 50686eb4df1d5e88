//! Whether this machine's clock agrees with the identity provider's.

use std::sync::atomic::{AtomicBool, Ordering};

/// What Entra's checks of `nbf` and `exp` forgive is minutes; past one minute something is wrong here.
const TOLERATED_SECONDS: u64 = 60;

/// Whether an offset is more than the network's delay explains.
pub(super) fn is_off(offset_seconds: i64) -> bool {
    offset_seconds.unsigned_abs() > TOLERATED_SECONDS
}

/// Which way the local clock is wrong, for people.
pub(super) fn describe(offset_seconds: i64) -> String {
    let direction = if offset_seconds > 0 { "behind" } else { "ahead of" };
    format!("the local clock is {} s {direction} Entra's", offset_seconds.unsigned_abs())
}

/// Warns when the clock goes wrong, once until it is right again.
#[derive(Debug, Default)]
pub(super) struct OffsetWatch {
    warned: AtomicBool,
}

impl OffsetWatch {
    /// True: a warning was written.
    pub(super) fn observe(&self, offset_seconds: Option<i64>) -> bool {
        let Some(offset) = offset_seconds else { return false };
        let off = is_off(offset);
        let news = off && !self.warned.swap(off, Ordering::Relaxed);
        if !off {
            self.warned.store(false, Ordering::Relaxed);
        }
        if news {
            tracing::warn!(
                offset_seconds = offset,
                "{}; tokens may be refused, check the time synchronisation",
                describe(offset)
            );
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_over_a_minute_is_warned_of_once_until_it_is_gone() {
        let watch = OffsetWatch::default();
        let told = [Some(5), Some(60), Some(61), Some(300), None, Some(0), Some(-61), Some(-90)]
            .map(|offset| watch.observe(offset));
        assert_eq!(told, [false, false, true, false, false, false, true, false]);
    }

    #[test]
    fn the_direction_is_named() {
        assert_eq!(describe(90), "the local clock is 90 s behind Entra's");
        assert_eq!(describe(-90), "the local clock is 90 s ahead of Entra's");
    }
}
