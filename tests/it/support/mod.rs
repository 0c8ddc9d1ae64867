//! What several tests need: databases, rows, a moment. Nothing here asserts anything about the product.

#[macro_use]
pub(crate) mod db;
pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod chromium;
pub(crate) mod rows;
pub(crate) mod server;

use std::sync::Once;

use huecry::domain::At;

/// The checkout that the tests run from. Asked when they run: a target folder may serve several checkouts, and cargo does
/// not build a binary anew because it moved.
pub(crate) fn checkout() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), Into::into)
}

/// Makes rustls usable in this process: reqwest, lettre and the database drivers come without a provider of their own.
pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error only says that somebody installed one before.
        let _before = rustls::crypto::ring::default_provider().install_default();
    });
}

/// The moment at which this test began, with microseconds, so that a database that cuts them is seen.
pub(crate) fn now() -> At {
    static BEGAN: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| chrono::Utc::now().timestamp());
    At::from_naive(chrono::DateTime::from_timestamp_micros(*BEGAN * 1_000_000 - 59_876_544).unwrap().naive_utc())
}
