//! The only place that reads the time in the process. Leases do not use it: they go by the database's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::At;

/// The time, or in tests the time and an offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Now, in UTC.
    pub fn now(&self) -> At {
        At::from(chrono::Utc::now()).plus_ms(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Puts this clock so far from the system's, and clones with it. For tests of a clock that is put on and back.
    pub fn set_offset_ms(&self, ms: i64) {
        self.offset_ms.store(ms, Ordering::Relaxed);
    }

    /// Moves this clock on; clones move with it. For tests of expiry.
    pub fn advance_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Puts this clock as a file says, as soon as it says so, for ever. For tests of a process of its own.
    #[cfg(debug_assertions)]
    pub async fn follow(self, file: std::path::PathBuf) {
        loop {
            if let Some(offset_ms) = tokio::fs::read_to_string(&file).await.ok().and_then(|text| text.trim().parse().ok()) {
                self.set_offset_ms(offset_ms);
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}
