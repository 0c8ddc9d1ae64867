//! People who have replied with something to tell to several alerts in a year: supervisors are told, so that they can consider
//! whether guidance on repeat sources applies. A count and no judgement; officers are not shown it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;

use super::sight;
use crate::app::App;
use crate::domain::officer::Role;
use crate::domain::{At, address};
use crate::store::accounts::OfficerRow;
use crate::store::views::informants::{self, ReplyText};

/// The time that is counted.
const DAYS: i64 = 365;
/// The most people on the list.
const MOST: i64 = 200;

/// Somebody on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Informant {
    /// Their masked address.
    pub who: String,
    /// Alerts that they told something on.
    pub alerts: usize,
    /// When they last wrote.
    pub last_at: At,
    /// Their latest conversation that this supervisor sees, by its public id.
    pub conversation: String,
}

/// Words of which a reply may be made without telling anything.
const EMPTY: &[&str] = &[
    "thanks",
    "thank",
    "thankyou",
    "you",
    "very",
    "much",
    "many",
    "so",
    "ta",
    "cheers",
    "ok",
    "okay",
    "k",
    "yes",
    "no",
    "noted",
    "received",
    "great",
    "good",
    "for",
    "the",
    "info",
    "information",
    "update",
    "alert",
    "letting",
    "me",
    "us",
    "know",
    "will",
    "do",
    "hi",
    "hello",
    "dear",
    "sir",
    "regards",
    "kind",
    "a",
    "lot",
    "all",
    "your",
    "help",
    "sorry",
    "nothing",
    "seen",
    "stop",
    "diolch",
];

/// Whether a text tells anything: more than thanks, a nod, or a wish to be left alone.
pub fn tells(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).any(|word| !EMPTY.contains(&word))
}

/// In how many conversations, each about another alert, somebody told something.
pub fn count(replies: &[ReplyText]) -> usize {
    replies.iter().filter(|reply| tells(&reply.text)).map(|reply| reply.conversation_id).collect::<BTreeSet<_>>().len()
}

/// How many alerts this correspondent told something on in twelve months, if that is to be said to this officer.
pub async fn flag(app: &App, officer: &OfficerRow, correspondent_id: i64) -> QueryResult<Option<usize>> {
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    let after = app.config().inbox.informant_after;
    if !role.supervises() || after == 0 {
        return Ok(None);
    }
    let replies = informants::list_replies(&mut app.read().await?, &[correspondent_id], app.now().minus_days(DAYS)).await?;
    Ok(Some(count(&replies)).filter(|alerts| *alerts >= after))
}

/// Those whom a supervisor may be told of, the latest first.
pub async fn list(app: &App, officer: &OfficerRow) -> QueryResult<Vec<Informant>> {
    let (since, after) = (app.now().minus_days(DAYS), app.config().inbox.informant_after);
    if after == 0 {
        return Ok(Vec::new());
    }
    let sight = sight::of(app, officer).await?;
    let mut conn = app.read().await?;
    let candidates = informants::list_candidates(&mut conn, i64::try_from(after).unwrap_or(i64::MAX), since, MOST).await?;
    let ids: Vec<i64> = candidates.iter().map(|row| row.correspondent_id).collect::<BTreeSet<_>>().into_iter().collect();
    let mut told: BTreeMap<i64, Vec<ReplyText>> = BTreeMap::new();
    for reply in informants::list_replies(&mut conn, &ids, since).await? {
        told.entry(reply.correspondent_id).or_default().push(reply);
    }
    let mut found = Vec::new();
    for (correspondent_id, replies) in told {
        let alerts = count(&replies);
        // The first is the latest.
        let seen = candidates.iter().find(|row| row.correspondent_id == correspondent_id && sight.sees(row.alert_id, row.owner_id, row.team_id));
        if let Some(row) = seen.filter(|_| alerts >= after) {
            found.push(Informant { who: address::mask(&row.address), alerts, last_at: row.last_message_at, conversation: row.public_id.clone() });
        }
    }
    found.sort_by_key(|row| std::cmp::Reverse((row.last_at, row.conversation.clone())));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_and_nods_and_bare_stops_tell_nothing() {
        for (text, expected) in [
            ("Thank you very much!", false),
            ("OK, thanks for letting me know.", false),
            ("STOP", false),
            ("👍", false),
            ("", false),
            ("Thanks. It was a white van by the church", true),
            ("AB12 CDE", true),
            ("No. 14 has a camera", true),
        ] {
            assert_eq!(tells(text), expected, "{text:?}");
        }
    }

    #[test]
    fn each_alert_counts_once_however_much_was_said() {
        let reply = |conversation_id, text: &str| ReplyText { correspondent_id: 1, conversation_id, text: text.to_owned() };
        assert_eq!(count(&[reply(1, "A van"), reply(1, "A red van"), reply(2, "Thanks"), reply(3, "By the church")]), 2);
    }
}
