//! Number hygiene: which numbers are worth texting. A failure for good is a suspicion, since carriers err and phones are lent;
//! another one a week later makes the number bad. What is temporary never counts, and what arrives clears.
//!
//! A number that is bad will be somebody else's one day: from then on its owner is in doubt (`correspondents.owner_doubt_at`),
//! and no alert goes there until somebody confirms it by a code.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::delivery::Status;
use crate::domain::{At, Ids, ids};
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::deliveries::DeliveryRow;
use crate::store::{Conn, number_faults, outbox, provider_blocks, residents};

/// How long a receipt is waited for.
const UNCONFIRMED_DAYS: i64 = 3;
const HOUR_MS: i64 = 3_600_000;
/// So long after the first failure the next one counts as proof.
const PROOF_MS: i64 = 7 * 24 * 3_600_000;

/// Takes the new status of a text into account.
pub async fn heed(conn: &mut Conn, app: &App, delivery: &DeliveryRow, status: Status, now: At) -> QueryResult<()> {
    let match_key = &delivery.match_key;
    match status {
        Status::PermanentFailure => {
            let fault = number_faults::note(conn, match_key, now).await?;
            if fault.is_some_and(|fault| is_bad(fault.times, fault.first_at, fault.last_at)) {
                residents::mark_bad(conn, match_key, now).await?;
                doubt_owner(conn, app, delivery, now).await?;
            }
        }
        Status::Delivered => {
            // The failure may have been the same text's, told before its arrival was: then it has proven nothing.
            clear(conn, match_key).await?;
            provider_blocks::lift_by_success(conn, &delivery.channel, &delivery.sender, match_key, now).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Holds nothing against a number any more.
pub async fn clear(conn: &mut Conn, match_key: &[u8]) -> QueryResult<()> {
    if let Some(fault) = number_faults::clear(conn, match_key).await?
        && is_bad(fault.times, fault.first_at, fault.last_at)
    {
        residents::unmark_bad(conn, match_key, fault.last_at).await?;
        correspondents::trust_owner(conn, match_key, fault.last_at).await?;
    }
    Ok(())
}

/// Whoever texts from the number next may be somebody new, whether or not its owner ever wrote to us.
async fn doubt_owner(conn: &mut Conn, app: &App, delivery: &DeliveryRow, now: At) -> QueryResult<()> {
    let row = CorrespondentRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        match_key: delivery.match_key.clone(),
        kind: "phone".to_owned(),
        address: delivery.address.clone(),
        name: None,
        created_at: now,
        owner_doubt_at: None,
    };
    correspondents::insert_or_find(conn, row).await?;
    correspondents::doubt_owner(conn, &delivery.match_key, now).await.map(|_| ())
}

/// Texts that a provider took three days ago and told nothing more of are unconfirmed. Looked at are those of up to two days
/// before that: one may have been retried so long before it was taken.
pub async fn give_up_waiting(app: &App) -> QueryResult<()> {
    let accepted_before = app.now().minus_days(UNCONFIRMED_DAYS);
    let mut given_up = 0;
    // An hour's deliveries at a time, so that nobody waits long for the writer.
    for hour in (0..48_i64).rev() {
        let end = accepted_before.plus_ms(-hour * HOUR_MS);
        let mut conn = app.write().await?;
        given_up += outbox::give_up_waiting(&mut conn, Ids::floor(end.plus_ms(-HOUR_MS)), Ids::floor(end), accepted_before).await?;
    }
    if given_up > 0 {
        tracing::info!(given_up, "texts without a receipt for 72 hours count as unconfirmed");
    }
    Ok(())
}

/// Two failures, a week or more apart.
fn is_bad(times: i64, first_at: At, last_at: At) -> bool {
    times >= 2 && last_at.since_ms(first_at) >= PROOF_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_is_a_suspicion_and_two_within_a_week_are_no_proof() {
        let at = |day: i64| At::from_unix_ms(1_800_000_000_000 + day * 24 * 3_600_000);
        assert!(!is_bad(1, at(0), at(0)));
        assert!(!is_bad(5, at(0), at(6)));
        assert!(is_bad(2, at(0), at(7)));
    }
}
