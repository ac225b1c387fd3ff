//! What the libraries are handed from outside: the clock, unique names, the log, and the user's wish to stop.
#![expect(clippy::disallowed_methods, reason = "the binary's one reader of clock and random source")]

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use lake::outside::Unwatched;
use lake::{Observer, Outside};

/// The time.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The time, in microseconds since 1970 UTC.
fn now_us() -> i64 {
    Utc::now().timestamp_micros()
}

/// A name that nobody else makes.
pub fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// An id as AWS writes its own.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().hyphenated().to_string()
}

/// A point in time to measure from.
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// What a lake needs, watched by somebody.
pub fn outside(threads: usize, observer: Arc<dyn Observer>) -> Outside {
    Outside { now_us, unique, observer, threads }
}

/// What a lake needs, watched by nobody.
pub fn unwatched(threads: usize) -> Outside {
    outside(threads, Arc::new(Unwatched))
}

/// Diagnostics for people who look for a fault in trailkeep itself: `TRAILKEEP_LOG=debug`.
pub fn start_logging(filter: Option<&str>) {
    let filter = tracing_subscriber::EnvFilter::new(filter.unwrap_or("error"));
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Only fails when a logger is there already, which is as good.
    let _ = logger.try_init();
}

/// Waits until the user or the system wants us to stop.
pub async fn interruption() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Ends the process in the middle of its work: what is not committed never was.
pub fn exit_at_once(code: i32) -> ! {
    std::process::exit(code)
}
