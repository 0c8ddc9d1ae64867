//! What we hold of a person, found by their exact phone number or e-mail address. Looking is an entry in the audit log.
//!
//! A number may have changed hands: what is of whoever had it before is neither shown to its owner of today nor erased for them.

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::Address;
use crate::store::conversations::ConversationRow;
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::people::{Sent, Span};
use crate::store::residents::{self, AddressRow, ConsentRow, ResidentRow};
use crate::store::suppressions::SuppressionRow;
use crate::store::{Conn, people, retention};

/// A conversation of theirs.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The conversation.
    pub row: ConversationRow,
    /// It is held, or evidence: it cannot be erased.
    pub kept: bool,
}

/// All of it.
pub struct Person {
    /// By which pages name them: the resident's public id, or the correspondent's.
    pub public_id: String,
    /// If they registered.
    pub resident: Option<ResidentRow>,
    /// Their registered addresses.
    pub addresses: Vec<AddressRow>,
    /// The groups that they chose.
    pub groups: Vec<String>,
    /// The places that they are in.
    pub places: Vec<String>,
    /// As who they wrote.
    pub correspondents: Vec<CorrespondentRow>,
    /// Under which keys they are known, and when each was theirs.
    pub spans: Vec<Span>,
    /// What they agreed to, oldest first.
    pub consents: Vec<ConsentRow>,
    /// What stands, or stood, against sending to them.
    pub suppressions: Vec<SuppressionRow>,
    /// Their conversations, oldest first.
    pub talks: Vec<Talk>,
    /// What was sent, oldest first under each key.
    pub sent: Vec<Sent>,
    /// A number of theirs may have changed hands: what is of before it did is left out.
    pub passed_on: bool,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchOutcome {
    /// Somebody, by the id of their page.
    Found(String),
    /// Two people: who registered the address before it may have changed hands, and who has it since.
    Several(Vec<(String, &'static str)>),
    /// Nobody; so many objections to sending stand under that address all the same.
    Nobody(usize),
    /// It is no address, for this reason.
    NotAnAddress(String),
}

/// How the page of a key that nobody bears is called.
const BY_KEY: &str = "key-";

/// Looks somebody up by their exact address; leaves an entry without it.
pub async fn search(app: &App, by: i64, text: &str) -> QueryResult<SearchOutcome> {
    let address = match Address::parse(text) {
        Ok(address) => address,
        Err(error) => return Ok(SearchOutcome::NotAnAddress(error.to_string())),
    };
    let key = app.match_key(&address);
    let mut conn = app.read().await?;
    let registered = residents::find_by_match_key(&mut conn, &key).await?.map(|(resident, _)| resident);
    let correspondent = correspondents::find_by_match_key(&mut conn, &key).await?;
    let same = match &correspondent {
        Some(row) => residents::find_of(&mut conn, row).await?.is_some(),
        None => true,
    };
    // Who left has no address any more; the record of consent still says whose it was.
    let resident = match registered {
        Some(row) => Some(row),
        None if correspondent.is_none() => residents::find_by_consent(&mut conn, &key).await?,
        None => None,
    };
    let whole = Span { key: key.clone(), after: None, until: None };
    let objections = people::list_suppressions(&mut conn, &whole).await?.len();
    let traces = !people::list_sent(&mut conn, &whole).await?.is_empty() || !people::list_consent(&mut conn, &whole).await?.is_empty();
    drop(conn);
    let subject = match (&resident, &correspondent) {
        (Some(row), _) => ("resident", Some(row.id)),
        (None, Some(row)) => ("correspondent", Some(row.id)),
        (None, None) => ("person", None),
    };
    let found = subject.1.is_some() || traces;
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(by), "person.search", subject, json!({ "found": found })).await?;
    Ok(match (resident, correspondent) {
        (Some(registered), Some(writes)) if !same => SearchOutcome::Several(vec![
            (registered.public_id, "Whoever registered it, before it may have changed hands"),
            (writes.public_id, "Whoever has written from it since"),
        ]),
        (Some(row), _) => SearchOutcome::Found(row.public_id),
        (None, Some(row)) => SearchOutcome::Found(row.public_id),
        (None, None) if traces => SearchOutcome::Found(format!("{BY_KEY}{}", hex::encode(key))),
        (None, None) => SearchOutcome::Nobody(objections),
    })
}

/// Who a page is about: the registration, and the keys with the time in which each was theirs.
async fn identify(conn: &mut Conn, public_id: &str) -> QueryResult<Option<(Option<ResidentRow>, Vec<Span>)>> {
    if let Some(key) = public_id.strip_prefix(BY_KEY) {
        let Ok(key) = hex::decode(key) else { return Ok(None) };
        return Ok(Some((None, vec![Span { key, after: None, until: None }])));
    }
    let mut spans = Vec::new();
    let resident = match people::find_resident(conn, public_id).await? {
        Some(row) => Some(row),
        None => {
            let Some(row) = people::find_correspondent(conn, public_id).await? else { return Ok(None) };
            // Whoever had the number before is known by their registration, or not at all.
            if correspondents::find_by_match_key(conn, &row.match_key).await?.is_none_or(|current| current.id != row.id) {
                return Ok(None);
            }
            let before = correspondents::doubted_since(conn, &row.match_key, row.created_at).await?;
            let resident = residents::find_of(conn, &row).await?.map(|(resident, _)| resident);
            if resident.is_none() || row.owner_doubt_at.is_none() {
                // Who asks today has it since the doubt, if there is one.
                spans.push(Span { after: row.owner_doubt_at.or(before), until: None, key: row.match_key });
            }
            resident
        }
    };
    let Some(row) = resident else { return Ok(Some((None, spans))) };
    for address in residents::list_addresses(conn, row.id).await? {
        if !spans.iter().any(|span| span.key == address.match_key) {
            spans.push(span_of(conn, address).await?);
        }
    }
    if row.left_at.is_some() {
        for key in residents::list_consented_keys(conn, row.id).await? {
            spans.push(Span { key, after: None, until: row.left_at });
        }
    }
    Ok(Some((Some(row), spans)))
}

/// When a registered address was its resident's: until the first doubt after they proved it, since the last before.
async fn span_of(conn: &mut Conn, address: AddressRow) -> QueryResult<Span> {
    let (mut after, mut until) = (None, None);
    if let Some(current) = correspondents::find_by_match_key(conn, &address.match_key).await? {
        let before = correspondents::doubted_since(conn, &address.match_key, current.created_at).await?;
        for doubt in [before, current.owner_doubt_at].into_iter().flatten() {
            match address.verified_at {
                Some(verified) if verified <= doubt => {
                    until.get_or_insert(doubt);
                }
                _ => after = Some(doubt),
            }
        }
    }
    Ok(Span { key: address.match_key, after, until })
}

/// All that is held of the person of this public id.
pub async fn read(conn: &mut Conn, public_id: &str) -> QueryResult<Option<Person>> {
    let Some((resident, spans)) = identify(conn, public_id).await? else { return Ok(None) };
    let (mut addresses, mut groups, mut places) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(row) = &resident {
        addresses = residents::list_addresses(conn, row.id).await?;
        groups = residents::list_groups(conn, row.id).await?.into_iter().map(|(_, name)| name).collect();
        places = residents::list_places(conn, row.id).await?;
    }
    let (mut correspondents, mut talks, mut passed_on) = (Vec::new(), Vec::new(), false);
    let (mut consents, mut suppressions, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for span in &spans {
        passed_on |= span.after.is_some() || span.until.is_some_and(|until| resident.as_ref().is_none_or(|row| row.left_at != Some(until)));
        // One whose number may be somebody else's is neither shown nor erased; one who came after the time is somebody else.
        let current = correspondents::find_by_match_key(conn, &span.key).await?;
        if let Some(row) = current.filter(|row| row.owner_doubt_at.is_none() && span.until.is_none_or(|until| row.created_at <= until)) {
            for talk in people::list_conversations(conn, row.id).await? {
                let kept = retention::is_protected(conn, talk.id).await?;
                talks.push(Talk { row: talk, kept });
            }
            correspondents.push(row);
        }
        consents.extend(people::list_consent(conn, span).await?);
        suppressions.extend(people::list_suppressions(conn, span).await?);
        sent.extend(people::list_sent(conn, span).await?);
    }
    if resident.is_none() && correspondents.is_empty() && consents.is_empty() && sent.is_empty() && !passed_on {
        return Ok(None);
    }
    Ok(Some(Person {
        public_id: public_id.to_owned(),
        resident,
        addresses,
        groups,
        places,
        correspondents,
        spans,
        consents,
        suppressions,
        talks,
        sent,
        passed_on,
    }))
}

impl Person {
    /// As the audit log names them.
    pub fn subject(&self) -> (&'static str, Option<i64>) {
        match (&self.resident, self.correspondents.first()) {
            (Some(row), _) => ("resident", Some(row.id)),
            (None, Some(row)) => ("correspondent", Some(row.id)),
            (None, None) => ("person", None),
        }
    }
}

/// The page of a person; leaves an entry.
pub async fn open(app: &App, by: i64, public_id: &str) -> QueryResult<Option<Person>> {
    let Some(person) = read(&mut app.read().await?, public_id).await? else { return Ok(None) };
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(by), "person.view", person.subject(), json!({})).await?;
    Ok(Some(person))
}
