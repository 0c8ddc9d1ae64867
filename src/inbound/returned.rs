//! What a mail that came back does: to the address, to the score, to the administrator's page. Only for reports whose token
//! is ours; the caller sees to that.
//!
//! A hard bounce marks the address bad, at most so many a day, since a fault of ours can look like a county of bad addresses.
//! A soft one is scored as Mailman does: half a point a day, forgotten after a quiet week, bad at five. A refusal for what we
//! are is the administrator's matter and is never held against the person. A complaint suppresses.

use diesel::QueryResult;

use super::classify::bounce::{Fate, Kind};
use super::filing::Filer;
use crate::domain::At;
use crate::store::bounce_scores::{self, BounceScoreRow};
use crate::store::deliveries::DeliveryRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::notices::{self, NoticeRow};
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::{Conn, deliveries, residents};

/// Addresses that bounces may mark as bad in a day.
pub(super) const MOST_BAD_A_DAY: i64 = 500;

/// People whom complaints may take off the list in a day: a mail provider's mistake must not empty the county.
const MOST_COMPLAINTS_A_DAY: i64 = 200;

const BAD_AT: f64 = 5.0;
const SOFT: f64 = 0.5;
const QUIET_DAYS: i64 = 7;

/// What the score becomes; `None` if this one does not count, since one came back today already.
fn scored(before: Option<&BounceScoreRow>, now: At) -> Option<f64> {
    match before {
        Some(row) if now.since_ms(row.last_at) < 86_400_000 => None,
        Some(row) if now.since_ms(row.last_at) <= QUIET_DAYS * 86_400_000 => Some(row.score + SOFT),
        _ => Some(SOFT),
    }
}

pub(super) async fn take_effect(conn: &mut Conn, filer: &Filer<'_>, envelope: &EnvelopeRow, delivery: &DeliveryRow, fate: &Fate) -> QueryResult<()> {
    match fate.kind {
        Some(Kind::Hard) => mark_bad(conn, filer, delivery).await,
        Some(Kind::Soft) => {
            let before = bounce_scores::find(conn, &delivery.match_key).await?;
            let Some(score) = scored(before.as_ref(), envelope.received_at) else { return Ok(()) };
            let bad = score >= BAD_AT;
            let row = BounceScoreRow { match_key: delivery.match_key.clone(), score: if bad { 0.0 } else { score }, last_at: envelope.received_at };
            bounce_scores::set(conn, &row).await?;
            if bad { mark_bad(conn, filer, delivery).await } else { Ok(()) }
        }
        Some(Kind::Policy) => {
            let domain = delivery.address.rsplit_once('@').map_or("", |(_, domain)| domain);
            // The server's words may name the person: only its code is told.
            let detail = format!("{domain} refuses our mail for what it is or where it comes from (code {})", fate.status.as_deref().unwrap_or("none"));
            notice(conn, filer, "policy_block", domain, detail).await
        }
        None => Ok(()),
    }
}

async fn mark_bad(conn: &mut Conn, filer: &Filer<'_>, delivery: &DeliveryRow) -> QueryResult<()> {
    if residents::count_bad_since(conn, filer.now.minus_days(1)).await? >= MOST_BAD_A_DAY {
        let detail = format!("More than {MOST_BAD_A_DAY} addresses bounced for good in a day: no more are marked as bad until somebody has looked");
        return notice(conn, filer, "bounce_cap", &delivery.channel, detail).await;
    }
    residents::mark_bad(conn, &delivery.match_key, filer.now).await.map(|_| ())
}

pub(super) async fn complained(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, delivery: &DeliveryRow, reason: &str) -> QueryResult<()> {
    if suppressions::count_since(conn, "complaint", filer.now.minus_days(1)).await? >= MOST_COMPLAINTS_A_DAY {
        let detail = format!("More than {MOST_COMPLAINTS_A_DAY} people complained in a day: no more are taken off until somebody has looked");
        return notice(conn, filer, "complaint_cap", &delivery.channel, detail).await;
    }
    let row = SuppressionRow {
        id: filer.app.next_id(),
        match_key: delivery.match_key.clone(),
        channel: "email".to_owned(),
        scope: "all".to_owned(),
        reason: "complaint".to_owned(),
        evidence: reason.to_owned(),
        source_envelope_id: Some(envelope.id),
        created_at: envelope.received_at,
        lifted_at: None,
        lifted_by: None,
    };
    if suppressions::suppress(conn, &row).await? > 0 {
        deliveries::suppress_waiting(conn, &delivery.match_key, "email", filer.now).await?;
        let about = match delivery.alert_id {
            Some(id) => filer.alert(conn, id).await?.reference,
            None => "an answer".to_owned(),
        };
        let detail = format!("Somebody who was sent {about} called it abuse: no more mail goes to them");
        notice(conn, filer, "complaint", &about, detail).await?;
    }
    Ok(())
}

async fn notice(conn: &mut Conn, filer: &Filer<'_>, kind: &str, subject: &str, detail: String) -> QueryResult<()> {
    let row = NoticeRow::of(filer.app.next_id(), kind, subject, detail, filer.now);
    notices::note(conn, &row).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_bounce_counts_once_a_day_and_a_quiet_week_wipes_the_slate() {
        let at = |day: i64| At::from_unix_ms(1_800_000_000_000 + day * 86_400_000);
        let row = |score, day| BounceScoreRow { match_key: Vec::new(), score, last_at: at(day) };
        assert_eq!(scored(None, at(0)), Some(0.5));
        assert_eq!(scored(Some(&row(0.5, 0)), at(0).plus_ms(3_600_000)), None);
        assert_eq!(scored(Some(&row(0.5, 0)), at(1)), Some(1.0));
        assert_eq!(scored(Some(&row(4.5, 0)), at(8)), Some(0.5));
        assert!(scored(Some(&row(4.5, 0)), at(2)).is_some_and(|score| score >= BAD_AT));
    }
}
