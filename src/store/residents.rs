//! Tables `residents`, `addresses`, `resident_areas`, `subscriptions`, `consent_events`: who signed up for what.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::correspondents::{self, CorrespondentRow};
use super::schema::{addresses, areas, consent_events, interest_groups, resident_areas, residents, subscriptions};
use crate::domain::At;
use crate::{insert_all, on};

/// A member of the public who registered.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = residents, treat_none_as_default_value = false)]
pub struct ResidentRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs and the API.
    pub public_id: String,
    /// As they gave it.
    pub name: String,
    /// With its space, upper case.
    pub postcode: String,
    /// BCP 47: `en`, `cy`.
    pub language: String,
    /// `website`, `import`, …
    pub source: String,
    /// When they joined.
    pub created_at: At,
    /// When they left; their row stays until retention removes it.
    pub left_at: Option<At>,
}

/// A phone number or mailbox of theirs.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = addresses, treat_none_as_default_value = false)]
pub struct AddressRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose.
    pub resident_id: i64,
    /// `phone` or `email`.
    pub kind: String,
    /// E.164 or the mailbox.
    pub value: String,
    /// HMAC of the normalised address.
    pub match_key: Vec<u8>,
    /// Whether they want alerts here.
    pub enabled: bool,
    /// When they proved that it is theirs.
    pub verified_at: Option<At>,
    /// When it was found not to work any more.
    pub bad_at: Option<At>,
    /// When it was entered.
    pub created_at: At,
}

/// One entry of the append-only record of consent.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_events, treat_none_as_default_value = false)]
pub struct ConsentRow {
    /// Time-ordered id.
    pub id: i64,
    /// The resident, while there is one.
    pub resident_id: Option<i64>,
    /// The address it is about.
    pub match_key: Vec<u8>,
    /// `joined`, `changed`, `left`, `stopped`, `taken_back` (by the officer who had just left them out), `started`, `imported`.
    pub action: String,
    /// `sms`, `email` or `all`.
    pub channel: String,
    /// `website`, `sms`, `one_click`, `officer:…`, `import:…`.
    pub source: String,
    /// Which wording they saw.
    pub wording: String,
    /// The exact text they sent, or what they ticked.
    pub evidence: String,
    /// When.
    pub created_at: At,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = resident_areas)]
struct ResidentArea {
    resident_id: i64,
    area_id: i64,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = subscriptions)]
struct Subscription {
    resident_id: i64,
    interest_group_id: i64,
    created_at: At,
}

/// Adds residents; a row that is there already is passed over.
pub async fn insert(conn: &mut Conn, rows: Vec<ResidentRow>) -> QueryResult<usize> {
    insert_all!(conn, residents::table, rows)
}

/// Adds addresses; one that somebody has already is passed over.
pub async fn insert_addresses(conn: &mut Conn, rows: Vec<AddressRow>) -> QueryResult<usize> {
    insert_all!(conn, addresses::table, rows)
}

/// Appends to the record of consent.
pub async fn append_consent(conn: &mut Conn, rows: Vec<ConsentRow>) -> QueryResult<usize> {
    insert_all!(conn, consent_events::table, rows)
}

/// Puts residents into areas: pairs of resident and area.
pub async fn insert_areas(conn: &mut Conn, pairs: Vec<(i64, i64)>) -> QueryResult<usize> {
    let rows: Vec<_> = pairs.into_iter().map(|(resident_id, area_id)| ResidentArea { resident_id, area_id }).collect();
    insert_all!(conn, resident_areas::table, rows)
}

/// Puts residents into groups: pairs of resident and group.
pub async fn insert_groups(conn: &mut Conn, pairs: Vec<(i64, i64)>, now: At) -> QueryResult<usize> {
    let rows: Vec<_> = pairs.into_iter().map(|(resident_id, interest_group_id)| Subscription { resident_id, interest_group_id, created_at: now }).collect();
    insert_all!(conn, subscriptions::table, rows)
}

/// Replaces a resident's areas.
pub async fn replace_areas(conn: &mut Conn, resident_id: i64, area_ids: &[i64]) -> QueryResult<()> {
    on!(conn, c => diesel::delete(resident_areas::table.filter(resident_areas::resident_id.eq(resident_id))).execute(c).await)?;
    insert_areas(conn, area_ids.iter().map(|area| (resident_id, *area)).collect()).await.map(|_| ())
}

/// Replaces a resident's groups.
pub async fn replace_groups(conn: &mut Conn, resident_id: i64, group_ids: &[i64], now: At) -> QueryResult<()> {
    on!(conn, c => diesel::delete(subscriptions::table.filter(subscriptions::resident_id.eq(resident_id))).execute(c).await)?;
    insert_groups(conn, group_ids.iter().map(|group| (resident_id, *group)).collect(), now).await.map(|_| ())
}

/// Sets name and postcode.
pub async fn update(conn: &mut Conn, id: i64, name: &str, postcode: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(residents::table.find(id)).set((residents::name.eq(name), residents::postcode.eq(postcode))).execute(c).await)
}

/// Marks a resident as gone, takes out who they were and where, and frees their addresses for a later joining.
pub async fn leave(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(addresses::table.filter(addresses::resident_id.eq(id))).execute(c).await)?;
    on!(conn, c => diesel::delete(subscriptions::table.filter(subscriptions::resident_id.eq(id))).execute(c).await)?;
    on!(conn, c => diesel::delete(resident_areas::table.filter(resident_areas::resident_id.eq(id))).execute(c).await)?;
    on!(conn, c => diesel::update(residents::table.find(id))
        .set((residents::left_at.eq(Some(now)), residents::name.eq(""), residents::postcode.eq("")))
        .execute(c)
        .await)
}

/// A resident by id.
pub async fn find(conn: &mut Conn, id: i64) -> QueryResult<Option<ResidentRow>> {
    on!(conn, c => residents::table.find(id).select(ResidentRow::as_select()).first(c).await.optional())
}

/// The resident and address behind a match key.
pub async fn find_by_match_key(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<(ResidentRow, AddressRow)>> {
    on!(conn, c => addresses::table
        .inner_join(residents::table)
        .filter(addresses::match_key.eq(match_key))
        .select((ResidentRow::as_select(), AddressRow::as_select()))
        .first(c)
        .await
        .optional())
}

/// The resident behind a correspondent. Whoever registered the number before it changed hands is not who has it since, nor the
/// other way about.
pub async fn find_of(conn: &mut Conn, correspondent: &CorrespondentRow) -> QueryResult<Option<(ResidentRow, AddressRow)>> {
    let before = correspondents::doubted_since(conn, &correspondent.match_key, correspondent.created_at).await?;
    let found = find_by_match_key(conn, &correspondent.match_key).await?;
    Ok(found.filter(|(_, address)| is_same_owner(address.verified_at, correspondent.owner_doubt_at, before)))
}

/// Whether an address that was proven then is the one of a correspondent whose number may be somebody else's since `doubt`,
/// and who has it since `before`.
pub fn is_same_owner(verified_at: Option<At>, doubt: Option<At>, before: Option<At>) -> bool {
    match (doubt, before) {
        (Some(doubt), _) => verified_at.is_some_and(|verified| verified <= doubt),
        (None, Some(before)) => verified_at.is_none_or(|verified| verified > before),
        (None, None) => true,
    }
}

/// The resident whose record of consent names a match key; the latest, whether they left or not.
pub async fn find_by_consent(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<ResidentRow>> {
    on!(conn, c => consent_events::table
        .inner_join(residents::table)
        .filter(consent_events::match_key.eq(match_key))
        .order(consent_events::id.desc())
        .select(ResidentRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Every match key that a resident's record of consent names.
pub async fn list_consented_keys(conn: &mut Conn, resident_id: i64) -> QueryResult<Vec<Vec<u8>>> {
    on!(conn, c => consent_events::table
        .filter(consent_events::resident_id.eq(resident_id))
        .select(consent_events::match_key)
        .distinct()
        .load(c)
        .await)
}

/// Which of these match keys belong to somebody.
pub async fn known_match_keys(conn: &mut Conn, keys: &[Vec<u8>]) -> QueryResult<Vec<(Vec<u8>, i64)>> {
    on!(conn, c => addresses::table
        .filter(addresses::match_key.eq_any(keys))
        .select((addresses::match_key, addresses::resident_id))
        .load(c)
        .await)
}

/// A resident's addresses, phones first.
pub async fn list_addresses(conn: &mut Conn, resident_id: i64) -> QueryResult<Vec<AddressRow>> {
    on!(conn, c => addresses::table
        .filter(addresses::resident_id.eq(resident_id))
        .order((addresses::kind.desc(), addresses::id))
        .select(AddressRow::as_select())
        .load(c)
        .await)
}

/// Switches alerts to an address on or off.
pub async fn set_enabled(conn: &mut Conn, address_id: i64, enabled: bool) -> QueryResult<usize> {
    on!(conn, c => diesel::update(addresses::table.find(address_id)).set(addresses::enabled.eq(enabled)).execute(c).await)
}

/// Marks an address as proven, working and wanted.
pub async fn confirm(conn: &mut Conn, address_id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(addresses::table.find(address_id))
        .set((addresses::verified_at.eq(Some(now)), addresses::bad_at.eq(None::<At>), addresses::enabled.eq(true)))
        .execute(c)
        .await)
}

/// Takes an address out of its account.
pub async fn delete_address(conn: &mut Conn, address_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(addresses::table.find(address_id)).execute(c).await)
}

/// Marks an address as not working.
pub async fn mark_bad(conn: &mut Conn, match_key: &[u8], now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(addresses::table.filter(addresses::match_key.eq(match_key).and(addresses::bad_at.is_null())))
        .set(addresses::bad_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// Takes back that an address does not work, as it was marked at that moment and by that alone.
pub async fn unmark_bad(conn: &mut Conn, match_key: &[u8], marked_at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(addresses::table.filter(addresses::match_key.eq(match_key).and(addresses::bad_at.eq(marked_at))))
        .set(addresses::bad_at.eq(None::<At>))
        .execute(c)
        .await)
}

/// How many addresses were marked as bad since then.
pub async fn count_bad_since(conn: &mut Conn, since: At) -> QueryResult<i64> {
    on!(conn, c => addresses::table.filter(addresses::bad_at.gt(since)).count().get_result(c).await)
}

/// The groups a resident chose.
pub async fn list_groups(conn: &mut Conn, resident_id: i64) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => subscriptions::table
        .inner_join(interest_groups::table)
        .filter(subscriptions::resident_id.eq(resident_id))
        .order(interest_groups::name)
        .select((interest_groups::id, interest_groups::name))
        .load(c)
        .await)
}

/// The places a resident is in, sector first.
pub async fn list_places(conn: &mut Conn, resident_id: i64) -> QueryResult<Vec<String>> {
    on!(conn, c => resident_areas::table
        .inner_join(areas::table)
        .filter(resident_areas::resident_id.eq(resident_id))
        .order(areas::kind.desc())
        .select(areas::name)
        .load(c)
        .await)
}

/// How many current residents there are.
pub async fn count(conn: &mut Conn) -> QueryResult<i64> {
    on!(conn, c => residents::table.filter(residents::left_at.is_null()).count().get_result(c).await)
}

/// The consent record of an address, oldest first.
pub async fn list_consent(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Vec<ConsentRow>> {
    on!(conn, c => consent_events::table
        .filter(consent_events::match_key.eq(match_key))
        .order(consent_events::id)
        .select(ConsentRow::as_select())
        .load(c)
        .await)
}

/// Takes a resident out of one group.
pub async fn leave_group(conn: &mut Conn, resident_id: i64, group_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(subscriptions::table.filter(
            subscriptions::resident_id.eq(resident_id).and(subscriptions::interest_group_id.eq(group_id))))
        .execute(c)
        .await)
}
