//! Seeing a correspondent's address in full: asked for with a reason, shown to that officer alone for ten minutes, on the record.
//!
//! The audit log keeps the reason's word; the officer's own words stand in the view log, and go with the conversation.

use diesel::QueryResult;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{Address, At};
use crate::store::accounts::OfficerRow;
use crate::store::conversations::ConversationRow;
use crate::store::unmasks::{self, UnmaskRow};
use crate::store::{Conn, correspondents};

crate::words! {
    /// Why an officer needs an address in full.
    UnmaskReason {
        /// To ring or write to them otherwise.
        Contact = "contact",
        /// Somebody may be in danger.
        Welfare = "welfare",
        /// To find them in another system of the force's.
        Records = "records",
        /// For a statement or a court.
        Evidence = "evidence",
        /// In their own words.
        Other = "other",
    }
}

impl UnmaskReason {
    /// As the form and the view log say it.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Contact => "To ring them or write to them otherwise",
            Self::Welfare => "Somebody may be in danger",
            Self::Records => "To find them in another system",
            Self::Evidence => "For a statement or a court",
            Self::Other => "Another reason",
        }
    }
}

/// How long the page shows it.
pub const SHOWN_MS: i64 = 10 * 60_000;
/// The longest own words, in characters.
pub const LONGEST_WORDS: usize = 200;

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmaskOutcome {
    /// The page shows it until then.
    Shown(At),
    /// This field must be mended, so.
    Refused(&'static str, &'static str),
}

/// Whether the reason is one: a word of the list, with own words where it has to say more. The address itself is no reason.
pub fn judge(reason: &str, words: &str, address: &Address) -> Result<UnmaskReason, (&'static str, &'static str)> {
    let reason: UnmaskReason = reason.parse().map_err(|_| ("unmask-reason", "Choose why you need the address: it is on the record"))?;
    if reason == UnmaskReason::Other && words.chars().filter(|c| c.is_alphanumeric()).count() < 5 {
        return Err(("unmask-words", "Say in your own words why you need the address"));
    }
    if words.chars().count() > LONGEST_WORDS {
        return Err(("unmask-words", "Use 200 characters or fewer"));
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let held = match address {
        Address::Phone(_) => {
            let number = digits(address.reveal());
            let end = number.get(number.len().saturating_sub(9)..).unwrap_or_default();
            end.len() == 9 && digits(words).contains(end)
        }
        Address::Email(_) => words.to_lowercase().contains(&address.reveal().to_lowercase()),
    };
    if held { Err(("unmask-words", "Leave the address itself out: what you write here is kept")) } else { Ok(reason) }
}

/// Shows an officer the address of a conversation's correspondent for ten minutes, and leaves an entry.
pub async fn unmask(app: &App, officer: &OfficerRow, conversation: &ConversationRow, reason: &str, words: &str) -> QueryResult<UnmaskOutcome> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let correspondent = correspondents::get(conn, conversation.correspondent_id).await?;
        let reason = match judge(reason, &words, &Address::from_stored(&correspondent.kind, &correspondent.address)) {
            Ok(reason) => reason,
            Err((field, sentence)) => return Ok(UnmaskOutcome::Refused(field, sentence)),
        };
        let row = UnmaskRow {
            id: app.next_id(),
            conversation_id: conversation.id,
            officer_id: officer.id,
            reason: reason.as_str().to_owned(),
            words: words.clone(),
            created_at: now,
            until_at: now.plus_ms(SHOWN_MS),
        };
        unmasks::insert(conn, &row).await?;
        let detail = serde_json::json!({ "reason": reason.as_str(), "unmask": row.id });
        let subject = ("conversation", Some(conversation.id));
        audit::note(conn, app.ids(), now, &Actor::Officer(officer.id), "conversation.unmask", subject, detail).await?;
        Ok::<_, diesel::result::Error>(UnmaskOutcome::Shown(row.until_at))
    })
    .await
}

/// The address as this officer may see it now: masked, or in full with the moment at which that ends.
pub async fn address_for(conn: &mut Conn, officer: &OfficerRow, conversation: &ConversationRow, now: At) -> QueryResult<(String, Option<At>)> {
    let correspondent = correspondents::get(conn, conversation.correspondent_id).await?;
    let address = Address::from_stored(&correspondent.kind, &correspondent.address);
    let until = unmasks::shown_until(conn, conversation.id, officer.id, now).await?;
    Ok(match until {
        Some(_) => (address.reveal().to_owned(), until),
        None => (address.masked(), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_word_of_the_list_with_words_where_it_must_say_more() {
        let (phone, mail) = (Address::from_stored("phone", "+447700900123"), Address::from_stored("email", "Bob@example.org"));
        for (reason, words, address, expected) in [
            ("welfare", "", &phone, Ok(UnmaskReason::Welfare)),
            ("records", "Crime 26/123456", &phone, Ok(UnmaskReason::Records)),
            ("", "", &phone, Err("unmask-reason")),
            ("curious", "", &phone, Err("unmask-reason")),
            ("other", "  ?", &phone, Err("unmask-words")),
            ("other", "To call back", &phone, Ok(UnmaskReason::Other)),
            ("contact", "ring 07700 900 123", &phone, Err("unmask-words")),
            ("contact", "ring 07700 900 124", &phone, Ok(UnmaskReason::Contact)),
            ("contact", "write to bob@EXAMPLE.org", &mail, Err("unmask-words")),
        ] {
            assert_eq!(judge(reason, words, address).map_err(|(field, _)| field), expected, "{reason:?} {words:?}");
        }
        assert!(judge("welfare", &"x".repeat(201), &phone).is_err());
    }
}
