//! Tables `areas`, `postcodes`, `interest_groups`: where residents live and what they chose.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{areas, interest_groups, postcodes, resident_areas, residents};
use crate::domain::At;
use crate::{insert_all, on};

/// An area: a district, a postcode sector, or a force's own.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = areas, treat_none_as_default_value = false)]
pub struct AreaRow {
    /// Time-ordered id.
    pub id: i64,
    /// ONS code, sector such as `DE1 3`, or the force's own.
    pub code: String,
    /// For people.
    pub name: String,
    /// `district`, `sector` or `custom`.
    pub kind: String,
    /// The district that a sector lies in.
    pub parent_id: Option<i64>,
    /// GeoJSON geometry, WGS 84.
    pub shape: Option<serde_json::Value>,
    /// When it was loaded.
    pub created_at: At,
}

/// A postcode and the sector it lies in.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = postcodes)]
pub struct PostcodeRow {
    /// With its space, upper case: `DE1 0AA`.
    pub postcode: String,
    /// Its sector.
    pub area_id: i64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// A self-chosen group such as CCTV owners.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = interest_groups, treat_none_as_default_value = false)]
pub struct GroupRow {
    /// Time-ordered id.
    pub id: i64,
    /// In URLs and imports: `cctv-owners`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// One sentence for the join page.
    pub description: String,
    /// When it was made.
    pub created_at: At,
    /// Since when it is offered to nobody.
    pub retired_at: Option<At>,
}

/// Something with the number of current residents in it.
#[derive(Clone, Debug, QueryableByName)]
pub struct Headcount {
    /// Area or group id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Residents who have not left.
    #[diesel(sql_type = BigInt)]
    pub residents: i64,
}

/// Adds areas; those whose code is there already are passed over.
pub async fn insert_areas(conn: &mut Conn, rows: Vec<AreaRow>) -> QueryResult<usize> {
    insert_all!(conn, areas::table, rows)
}

/// Adds postcodes; known ones are passed over.
pub async fn insert_postcodes(conn: &mut Conn, rows: Vec<PostcodeRow>) -> QueryResult<usize> {
    insert_all!(conn, postcodes::table, rows)
}

/// Adds groups; those whose slug is there already are passed over.
pub async fn insert_groups(conn: &mut Conn, rows: Vec<GroupRow>) -> QueryResult<usize> {
    insert_all!(conn, interest_groups::table, rows)
}

/// Every area without its shape, by kind and name.
pub async fn list_areas(conn: &mut Conn) -> QueryResult<Vec<AreaRow>> {
    use diesel::dsl::sql;
    use diesel::sql_types::{Json, Nullable};
    on!(conn, c => areas::table
        .select((areas::id, areas::code, areas::name, areas::kind, areas::parent_id, sql::<Nullable<Json>>("NULL"), areas::created_at))
        .order((areas::kind, areas::name))
        .load(c)
        .await)
}

/// Areas of these codes, with their shapes.
pub async fn find_areas(conn: &mut Conn, codes: &[String]) -> QueryResult<Vec<AreaRow>> {
    on!(conn, c => areas::table.filter(areas::code.eq_any(codes)).select(AreaRow::as_select()).load(c).await)
}

/// The force's own areas, with their shapes, to see which a postcode lies in.
pub async fn list_custom_areas(conn: &mut Conn) -> QueryResult<Vec<AreaRow>> {
    on!(conn, c => areas::table.filter(areas::kind.eq("custom")).select(AreaRow::as_select()).load(c).await)
}

/// Replaces the name and shape of an area that is loaded again.
pub async fn update_area(conn: &mut Conn, code: &str, name: &str, shape: &serde_json::Value) -> QueryResult<usize> {
    on!(conn, c => diesel::update(areas::table.filter(areas::code.eq(code)))
        .set((areas::name.eq(name), areas::shape.eq(Some(shape))))
        .execute(c)
        .await)
}

/// A postcode with its sector.
pub async fn find_postcode(conn: &mut Conn, postcode: &str) -> QueryResult<Option<(PostcodeRow, AreaRow)>> {
    on!(conn, c => postcodes::table
        .inner_join(areas::table)
        .filter(postcodes::postcode.eq(postcode))
        .select((PostcodeRow::as_select(), AreaRow::as_select()))
        .first(c)
        .await
        .optional())
}

/// Every postcode, for matching against a new area's shape.
pub async fn list_postcodes(conn: &mut Conn) -> QueryResult<Vec<PostcodeRow>> {
    on!(conn, c => postcodes::table.select(PostcodeRow::as_select()).load(c).await)
}

/// A postcode with its sector's id and its district's.
pub type Placed = (PostcodeRow, i64, Option<i64>);

/// Every postcode with its sector and district, for imports.
pub async fn list_placed(conn: &mut Conn) -> QueryResult<Vec<Placed>> {
    on!(conn, c => postcodes::table
        .inner_join(areas::table)
        .select((PostcodeRow::as_select(), areas::id, areas::parent_id))
        .load(c)
        .await)
}

/// The groups that may be chosen, by name.
pub async fn list_open_groups(conn: &mut Conn) -> QueryResult<Vec<GroupRow>> {
    on!(conn, c => interest_groups::table
        .filter(interest_groups::retired_at.is_null())
        .order(interest_groups::name)
        .select(GroupRow::as_select())
        .load(c)
        .await)
}

/// Renames a group, for people.
pub async fn change_group(conn: &mut Conn, id: i64, name: &str, description: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(interest_groups::table.find(id))
        .set((interest_groups::name.eq(name), interest_groups::description.eq(description)))
        .execute(c)
        .await)
}

/// Offers a group no longer, or again.
pub async fn retire_group(conn: &mut Conn, id: i64, at: Option<At>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(interest_groups::table.find(id)).set(interest_groups::retired_at.eq(at)).execute(c).await)
}

/// Every group by name, retired ones among them: who is in one may still leave it.
pub async fn list_groups(conn: &mut Conn) -> QueryResult<Vec<GroupRow>> {
    on!(conn, c => interest_groups::table.order(interest_groups::name).select(GroupRow::as_select()).load(c).await)
}

/// How many current residents each area has.
pub async fn count_residents_by_area(conn: &mut Conn) -> QueryResult<Vec<Headcount>> {
    let query = "SELECT ra.area_id AS id, COUNT(*) AS residents FROM resident_areas ra JOIN residents r ON r.id = ra.resident_id \
                 WHERE r.left_at IS NULL GROUP BY ra.area_id";
    on!(conn, c => diesel::sql_query(query).load(c).await)
}

/// How many current residents each group has.
pub async fn count_residents_by_group(conn: &mut Conn) -> QueryResult<Vec<Headcount>> {
    let query = "SELECT s.interest_group_id AS id, COUNT(*) AS residents FROM subscriptions s JOIN residents r ON r.id = s.resident_id \
                 WHERE r.left_at IS NULL GROUP BY s.interest_group_id";
    on!(conn, c => diesel::sql_query(query).load(c).await)
}

/// Puts every resident whose postcode is among these into the area, and takes the others out of it.
pub async fn replace_area_members(conn: &mut Conn, area_id: i64, postcodes: &[String]) -> QueryResult<usize> {
    on!(conn, c => diesel::sql_query("DELETE FROM resident_areas WHERE area_id = $1").bind::<BigInt, _>(area_id).execute(c).await)?;
    let mut members = 0;
    for chunk in postcodes.chunks(500) {
        members += on!(conn, c => diesel::insert_into(resident_areas::table)
            .values(
                residents::table
                    .filter(residents::postcode.eq_any(chunk).and(residents::left_at.is_null()))
                    .select((residents::id, area_id.into_sql::<BigInt>())),
            )
            .into_columns((resident_areas::resident_id, resident_areas::area_id))
            .execute(c)
            .await)?;
    }
    Ok(members)
}

/// Each area with the one it lies in, without their shapes.
pub async fn list_parents(conn: &mut Conn) -> QueryResult<Vec<(i64, Option<i64>)>> {
    on!(conn, c => areas::table.select((areas::id, areas::parent_id)).load(c).await)
}
