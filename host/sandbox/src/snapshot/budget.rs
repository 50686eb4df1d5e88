//! How many bytes the recording may still have.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are left.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) limit: u64,
    left: AtomicU64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: AtomicU64::new(limit) }
    }

    /// Takes that many, if there are as many.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    /// Gives back what was taken for something that was thrown away.
    pub(super) fn refund(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}
