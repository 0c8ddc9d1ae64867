//! Where else a conversation may belong: the current alerts that reached this person by any of their addresses, the other
//! current ones, and which of them an officer means by what they typed.

use std::collections::BTreeMap;

use diesel::QueryResult;

use crate::app::App;
use crate::domain::reference::parse_reference;
use crate::domain::{Address, At};
use crate::store::Conn;
use crate::store::alerts::{self, AlertRow};
use crate::store::conversations::ConversationRow;
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::deliveries;
use crate::store::residents::{self, ResidentRow};

/// How long an alert counts as one that somebody may be answering.
const REACHED_DAYS: i64 = 90;
/// As many current alerts are looked through; a force has some tens.
const LOOKED_THROUGH: i64 = 500;
/// More that fit what was typed are no choice any more.
const MOST_FOUND: usize = 8;

/// Where else a conversation may belong.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// Current alerts that went to this person, with the address they went to, the latest first.
    pub reached: Vec<(AlertRow, String)>,
    /// Every other current one, the newest first.
    pub current: Vec<AlertRow>,
}

/// Where else a conversation with this person may belong.
pub(super) async fn of(
    conn: &mut Conn,
    now: At,
    conversation: &ConversationRow,
    person: &CorrespondentRow,
    resident: Option<&ResidentRow>,
) -> QueryResult<Elsewhere> {
    let mut current = alerts::list_current(conn, LOOKED_THROUGH).await?;
    current.retain(|alert| Some(alert.id) != conversation.alert_id);
    let reached = reached(conn, now, person, resident).await?;
    let mut there: Vec<(AlertRow, String, At)> = Vec::new();
    current.retain(|alert| match reached.get(&alert.id) {
        Some((at, how)) => {
            there.push((alert.clone(), how.clone(), *at));
            false
        }
        None => true,
    });
    there.sort_by_key(|(_, _, at)| std::cmp::Reverse(*at));
    Ok(Elsewhere { reached: there.into_iter().map(|(alert, how, _)| (alert, how)).collect(), current })
}

/// What went to this person lately, by alert: when last, and to which address.
async fn reached(conn: &mut Conn, now: At, person: &CorrespondentRow, resident: Option<&ResidentRow>) -> QueryResult<BTreeMap<i64, (At, String)>> {
    let kind = |stored: &str, value: &str| Address::from_stored(stored, value).channel_kind();
    let own_kind = kind(&person.kind, &person.address);
    let own = if own_kind == "sms" { "It went to this phone" } else { "It went to this address" };
    let mut addresses = vec![(person.match_key.clone(), own_kind, own.to_owned())];
    if let Some(resident) = resident {
        for row in residents::list_addresses(conn, resident.id).await?.into_iter().filter(|row| row.match_key != person.match_key) {
            let address = Address::from_stored(&row.kind, &row.value);
            let what = if address.channel_kind() == "sms" { "phone" } else { "e-mail address" };
            addresses.push((row.match_key, address.channel_kind(), format!("It went to their {what} {}", address.masked())));
        }
    }
    // Of a number that changed hands, what went to its other owner is not this person's.
    let before_them = correspondents::doubted_since(conn, &person.match_key, person.created_at).await?;
    let since = before_them.map_or(now.minus_days(REACHED_DAYS), |doubt| doubt.max(now.minus_days(REACHED_DAYS)));
    let mut reached: BTreeMap<i64, (At, String)> = BTreeMap::new();
    for (match_key, kind, how) in addresses {
        for delivery in deliveries::list_alerts_to(conn, &match_key, kind, since).await? {
            let (Some(alert_id), Some(at)) = (delivery.alert_id, delivery.sending_at) else { continue };
            if person.owner_doubt_at.is_none_or(|doubt| at <= doubt) {
                reached.entry(alert_id).or_insert_with(|| (at, how.clone()));
            }
        }
    }
    Ok(reached)
}

/// Which alert an officer means.
#[derive(Clone, Debug)]
pub enum Meant {
    /// The one of this reference, if there is one.
    Alert(String),
    /// One of these: what was typed fits all of them, and perhaps more.
    OneOf(Vec<AlertRow>),
    /// None that is current.
    None,
}

/// Which alert an officer means by a reference, by a part of a title, or by both as the page offers them.
pub async fn meant(app: &App, typed: &str) -> QueryResult<Meant> {
    if let Some(reference) = parse_reference(typed) {
        return Ok(Meant::Alert(reference));
    }
    let mut conn = app.read().await?;
    // As it stands in the list: the reference before the title.
    if let Some(reference) = typed.split_whitespace().next().and_then(parse_reference)
        && alerts::find_by_reference(&mut conn, &reference).await?.is_some_and(|alert| fits(typed, &alert.reference, &alert.title))
    {
        return Ok(Meant::Alert(reference));
    }
    let current = alerts::list_current(&mut conn, LOOKED_THROUGH).await?;
    let mut found: Vec<AlertRow> = current.into_iter().filter(|alert| fits(typed, &alert.reference, &alert.title)).collect();
    found.truncate(MOST_FOUND);
    Ok(match found.as_slice() {
        [] => Meant::None,
        [one] => Meant::Alert(one.reference.clone()),
        _ => Meant::OneOf(found),
    })
}

/// Whether every word that was typed stands in the reference or the title, in whatever case.
fn fits(typed: &str, reference: &str, title: &str) -> bool {
    let all = format!("{reference} {title}").to_lowercase();
    let typed = typed.to_lowercase();
    typed.split_whitespace().next().is_some() && typed.split_whitespace().all(|word| all.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_title_or_of_the_reference_is_enough() {
        for (typed, wanted) in
            [("van", true), ("WHITE  mill", true), ("8ph", true), ("8PH61 White van on Mill Lane", true), ("van church", false), ("", false), ("  ", false)]
        {
            assert_eq!(fits(typed, "8PH61", "White van on Mill Lane"), wanted, "{typed:?}");
        }
    }
}
