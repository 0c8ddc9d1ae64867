//! `[pure]` What becomes of a delivery when its hand-over failed, and when it is tried again.

use crate::channels::SendError;
use crate::domain::delivery::Status;

/// The next step and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after so many milliseconds.
    Later {
        /// From now.
        wait_ms: i64,
    },
    /// It ends here.
    End(Status),
    /// Nobody knows whether it was taken: ask the provider, else let the alert's choice decide.
    Doubt,
}

/// Attempts before a temporary fault counts as a failure: with the waits below, half a day to a day.
const MOST_ATTEMPTS: i64 = 18;
const FIRST_WAIT_MS: i64 = 2_000;
const LONGEST_WAIT_MS: i64 = 4 * 3_600_000;

/// Decides; `jitter` from 0 to 1 spreads the retries of many.
pub fn decide(error: &SendError, attempts: i64, jitter: f64) -> Next {
    if error.opted_out {
        return Next::End(Status::Suppressed);
    }
    if error.doubtful {
        return Next::Doubt;
    }
    if !error.retryable {
        return Next::End(if error.ours { Status::TechnicalFailure } else { Status::PermanentFailure });
    }
    // Until our account or configuration is mended it is nobody's failure: only its time can run out.
    if attempts >= MOST_ATTEMPTS && !error.ours {
        return Next::End(Status::TemporaryFailure);
    }
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let backoff = FIRST_WAIT_MS.saturating_mul(1_i64 << doublings).min(LONGEST_WAIT_MS);
    let floor = error.retry_after_ms.unwrap_or(0).clamp(0, 24 * 3_600_000);
    Next::Later { wait_ms: spread(backoff, jitter).max(floor) }
}

/// The same for what was refused for good, but may be once more tried: it was refused as a trial, of a channel that perhaps refuses all.
pub fn decide_trial(error: &SendError, attempts: i64, jitter: f64) -> Next {
    decide(&SendError { retryable: true, ours: true, ..error.clone() }, attempts, jitter)
}

/// Between half and the whole of the wait.
fn spread(wait_ms: i64, jitter: f64) -> i64 {
    let permille = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].iter().filter(|step| jitter > **step).count();
    let tenths = i64::try_from(permille).unwrap_or(0);
    wait_ms / 2 + wait_ms / 20 * tenths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_end() {
        assert_eq!(decide(&SendError::permanent("x", "y"), 1, 0.5), Next::End(Status::PermanentFailure));
        assert_eq!(decide(&SendError::ours("x", "y"), 1, 0.5), Next::End(Status::TechnicalFailure));
        assert_eq!(decide(&SendError::in_doubt("x", "y"), 1, 0.5), Next::Doubt);
        assert_eq!(decide(&SendError::temporary("x", "y"), MOST_ATTEMPTS, 0.5), Next::End(Status::TemporaryFailure));
        assert!(matches!(decide(&SendError::misconfigured("401", "y"), 10_000, 0.5), Next::Later { .. }), "kept until it is put right");
        assert!(matches!(decide_trial(&SendError::refused("550", "y"), 10_000, 0.5), Next::Later { .. }), "refused as all are, perhaps");
        assert_eq!(decide(&SendError { opted_out: true, ..SendError::permanent("21610", "") }, 1, 0.0), Next::End(Status::Suppressed));
    }

    #[test]
    fn waits_grow_are_bounded_and_heed_the_provider() {
        let wait = |attempts, jitter| match decide(&SendError::temporary("x", "y"), attempts, jitter) {
            Next::Later { wait_ms } => wait_ms,
            other => panic!("{other:?}"),
        };
        assert!(wait(1, 0.0) >= 1_000 && wait(1, 1.0) <= 2_000);
        assert!(wait(5, 0.5) > wait(2, 0.5));
        assert!(wait(11, 1.0) <= LONGEST_WAIT_MS);
        let asked = SendError { retry_after_ms: Some(60_000), ..SendError::temporary("429", "") };
        assert_eq!(decide(&asked, 1, 0.3), Next::Later { wait_ms: 60_000 });
    }
}
