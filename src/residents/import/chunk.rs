//! A chunk of good rows into the database, in one transaction: residents, addresses, places, groups, the record of consent.

use std::collections::HashSet;

use diesel::result::Error as DieselError;
use serde_json::json;

use super::row::Applicant;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{Address, At, MatchKey, ids};
use crate::store::Conn;
use crate::store::residents::{self, AddressRow, ConsentRow, ResidentRow};

/// How often a chunk is tried when somebody joins with one of its addresses at the same moment.
const TRIES: u32 = 3;

/// Why a chunk was rolled back.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkError {
    /// An address was taken between the look and the insert; the next try sees it as known.
    #[error("addresses of these rows are being registered at the same time")]
    Raced,
    /// The database.
    #[error(transparent)]
    Store(#[from] DieselError),
}

/// A sound row with the match keys of its addresses.
struct Keyed {
    applicant: Applicant,
    keys: Vec<MatchKey>,
}

#[derive(Clone, Default)]
struct Rows {
    residents: Vec<ResidentRow>,
    addresses: Vec<AddressRow>,
    areas: Vec<(i64, i64)>,
    groups: Vec<(i64, i64)>,
    consents: Vec<ConsentRow>,
}

/// Adds those of the rows none of whose addresses anybody has; gives how many were added.
pub(super) async fn write(app: &App, applicants: Vec<Applicant>) -> Result<u64, ChunkError> {
    let keyed: Vec<_> = applicants
        .into_iter()
        .map(|applicant| Keyed { keys: applicant.addresses.iter().map(|(address, _)| app.match_key(address)).collect(), applicant })
        .collect();
    let mut conn = app.write().await?;
    let mut tries = 1;
    loop {
        match conn.transaction(async |conn| write_in(conn, app, &keyed).await).await {
            Err(ChunkError::Raced) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn write_in(conn: &mut Conn, app: &App, keyed: &[Keyed]) -> Result<u64, ChunkError> {
    let keys: Vec<_> = keyed.iter().flat_map(|row| row.keys.iter().cloned()).collect();
    let mut taken: HashSet<MatchKey> = residents::known_match_keys(conn, &keys).await?.into_iter().map(|(key, _)| key).collect();
    let (mut rows, now) = (Rows::default(), app.now());
    for row in keyed {
        if row.keys.iter().any(|key| taken.contains(key)) {
            continue;
        }
        taken.extend(row.keys.iter().cloned());
        rows.add(app, row, now);
    }
    let added = u64::try_from(rows.residents.len()).unwrap_or(u64::MAX);
    if added == 0 {
        return Ok(0);
    }
    let wanted = rows.addresses.len();
    residents::insert(conn, rows.residents).await?;
    if residents::insert_addresses(conn, rows.addresses).await? < wanted {
        return Err(ChunkError::Raced);
    }
    residents::insert_areas(conn, rows.areas).await?;
    residents::insert_groups(conn, rows.groups, now).await?;
    residents::append_consent(conn, rows.consents).await?;
    audit::note(conn, app.ids(), now, &Actor::System, "residents.import", ("resident", None), json!({ "added": added })).await?;
    Ok(added)
}

impl Rows {
    fn add(&mut self, app: &App, row: &Keyed, now: At) {
        let (applicant, id) = (&row.applicant, app.next_id());
        self.residents.push(ResidentRow {
            id,
            public_id: ids::public_id(),
            name: applicant.name.clone(),
            postcode: applicant.place.postcode.clone(),
            language: "en".to_owned(),
            source: "import".to_owned(),
            created_at: now,
            left_at: None,
        });
        for ((address, wanted), key) in applicant.addresses.iter().zip(&row.keys) {
            self.addresses.push(AddressRow {
                id: app.next_id(),
                resident_id: id,
                kind: address.kind().to_owned(),
                value: address.reveal().to_owned(),
                match_key: key.clone(),
                enabled: *wanted,
                // The force vouches that they proved it when they agreed.
                verified_at: Some(applicant.consent_at),
                bad_at: None,
                created_at: now,
            });
            if *wanted {
                self.consents.push(consent(app, id, applicant, address, key, now));
            }
        }
        self.areas.extend(applicant.place.area_ids.iter().map(|area| (id, *area)));
        self.groups.extend(applicant.groups.iter().map(|(_, group)| (id, *group)));
    }
}

fn consent(app: &App, resident_id: i64, applicant: &Applicant, address: &Address, key: &MatchKey, now: At) -> ConsentRow {
    let groups: Vec<_> = applicant.groups.iter().map(|(slug, _)| slug.as_str()).collect();
    ConsentRow {
        id: app.next_id(),
        resident_id: Some(resident_id),
        match_key: key.clone(),
        action: "imported".to_owned(),
        channel: address.channel_kind().to_owned(),
        source: format!("import:{}", applicant.consent_source),
        // The force keeps what they signed; the import says where and when.
        wording: String::new(),
        evidence: format!(
            "agreed at {} ({}); postcode {}; groups {}; line {} of the import",
            applicant.consent_at.rfc3339(),
            applicant.consent_source,
            applicant.place.postcode,
            groups.join(", "),
            applicant.line
        ),
        created_at: now,
    }
}
