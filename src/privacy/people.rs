//! What we hold of a person, found by their exact phone number or e-mail address. Looking is an entry in the audit log.
//!
//! A number may have changed hands: what is of whoever had it before is neither shown to its owner of today nor erased for them.

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{Address, MatchKey};
use crate::store::conversations::ConversationRow;
use crate::store::correspondents::{self, CorrespondentRow};
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
    /// Under which keys they are known.
    pub keys: Vec<MatchKey>,
    /// What they agreed to, oldest first.
    pub consents: Vec<ConsentRow>,
    /// What stands, or stood, against sending to them.
    pub suppressions: Vec<SuppressionRow>,
    /// Their conversations, oldest first.
    pub talks: Vec<Talk>,
    /// What was sent: purpose, channel kind, status, when.
    pub sent: Vec<(String, String, String, crate::domain::At)>,
    /// A number of theirs may have changed hands: what is of before it did is left out.
    pub passed_on: bool,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchOutcome {
    /// Somebody, by the id of their page.
    Found(String),
    /// Nobody; so many objections to sending stand under that address all the same.
    Nobody(usize),
    /// It is no address, for this reason.
    NotAnAddress(String),
}

/// Looks somebody up by their exact address; leaves an entry without it.
pub async fn search(app: &App, by: i64, text: &str) -> QueryResult<SearchOutcome> {
    let address = match Address::parse(text) {
        Ok(address) => address,
        Err(error) => return Ok(SearchOutcome::NotAnAddress(error.to_string())),
    };
    let key = app.match_key(&address);
    let mut conn = app.read().await?;
    let resident = residents::find_by_match_key(&mut conn, &key).await?.map(|(resident, _)| resident);
    let correspondent = correspondents::find_by_match_key(&mut conn, &key).await?;
    let objections = people::list_suppressions(&mut conn, &key).await?.len();
    drop(conn);
    let subject = match (&resident, &correspondent) {
        (Some(row), _) => ("resident", Some(row.id)),
        (None, Some(row)) => ("correspondent", Some(row.id)),
        (None, None) => ("person", None),
    };
    let found = subject.1.is_some();
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(by), "person.search", subject, json!({ "found": found })).await?;
    Ok(match resident.map(|row| row.public_id).or(correspondent.map(|row| row.public_id)) {
        Some(public_id) => SearchOutcome::Found(public_id),
        None => SearchOutcome::Nobody(objections),
    })
}

/// All that is held of the person of this public id.
pub async fn read(conn: &mut Conn, public_id: &str) -> QueryResult<Option<Person>> {
    let mut resident = people::find_resident(conn, public_id).await?;
    let mut keys: Vec<MatchKey> = Vec::new();
    if resident.is_none() {
        let Some(correspondent) = people::find_correspondent(conn, public_id).await? else { return Ok(None) };
        resident = residents::find_by_match_key(conn, &correspondent.match_key).await?.map(|(resident, _)| resident);
        keys.push(correspondent.match_key);
    }
    let (mut addresses, mut groups, mut places) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(row) = &resident {
        addresses = residents::list_addresses(conn, row.id).await?;
        groups = residents::list_groups(conn, row.id).await?.into_iter().map(|(_, name)| name).collect();
        places = residents::list_places(conn, row.id).await?;
        for address in &addresses {
            if !keys.contains(&address.match_key) {
                keys.push(address.match_key.clone());
            }
        }
    }
    let (mut correspondents, mut talks, mut passed_on) = (Vec::new(), Vec::new(), false);
    let (mut consents, mut suppressions, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for key in &keys {
        match correspondents::find_by_match_key(conn, key).await? {
            Some(row) if row.owner_doubt_at.is_some() => passed_on = true,
            Some(row) => {
                for talk in people::list_conversations(conn, row.id).await? {
                    let kept = retention::is_protected(conn, talk.id).await?;
                    talks.push(Talk { row: talk, kept });
                }
                passed_on |= correspondents::doubted_since(conn, key, row.created_at).await?.is_some();
                correspondents.push(row);
            }
            None => {}
        }
        consents.extend(residents::list_consent(conn, key).await?);
        suppressions.extend(people::list_suppressions(conn, key).await?);
        sent.extend(people::list_sent(conn, key).await?);
    }
    Ok(Some(Person {
        public_id: public_id.to_owned(),
        resident,
        addresses,
        groups,
        places,
        correspondents,
        keys,
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
