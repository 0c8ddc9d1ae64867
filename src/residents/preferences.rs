//! A signed-in resident's own page: what we hold, and changes to it.

use diesel::QueryResult;

use super::{join, places};
use crate::app::App;
use crate::domain::Address;
use crate::store::places as areas;
use crate::store::residents::{self, AddressRow, ResidentRow};
use crate::store::suppressions::{self, SuppressionRow};

/// What we hold.
pub struct Held {
    /// The resident.
    pub resident: ResidentRow,
    /// Their addresses with what stands against each.
    pub addresses: Vec<(AddressRow, Option<SuppressionRow>)>,
    /// Ids of their groups.
    pub groups: Vec<i64>,
    /// Their places, sector first.
    pub places: Vec<String>,
}

/// Reads it.
pub async fn read(app: &App, resident: ResidentRow) -> QueryResult<Held> {
    let mut conn = app.read().await?;
    let mut addresses = Vec::new();
    for row in residents::list_addresses(&mut conn, resident.id).await? {
        let kind = if row.kind == "phone" { "sms" } else { "email" };
        let standing = suppressions::find_standing(&mut conn, &row.match_key, kind).await?;
        addresses.push((row, standing));
    }
    let groups = residents::list_groups(&mut conn, resident.id).await?.into_iter().map(|(id, _)| id).collect();
    let places = residents::list_places(&mut conn, resident.id).await?;
    Ok(Held { resident, addresses, groups, places })
}

/// What a resident wants changed; already checked.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Name.
    pub name: String,
    /// Postcode with its space.
    pub postcode: String,
    /// Slugs.
    pub groups: Vec<String>,
    /// Ids of the addresses that alerts should go to.
    pub on: Vec<i64>,
}

/// Makes the changes; switching an address on is a signed-in act and lifts a STOP.
pub async fn change(app: &App, resident_id: i64, changes: &Changes) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        residents::update(conn, resident_id, &changes.name, &changes.postcode).await?;
        if let Some(place) = places::find(conn, &changes.postcode).await? {
            residents::replace_areas(conn, resident_id, &place.area_ids).await?;
        }
        let groups: Vec<i64> =
            areas::list_open_groups(conn).await?.into_iter().filter(|group| changes.groups.contains(&group.slug)).map(|group| group.id).collect();
        residents::replace_groups(conn, resident_id, &groups, now).await?;
        for row in residents::list_addresses(conn, resident_id).await? {
            let on = changes.on.contains(&row.id);
            let address = Address::from_stored(&row.kind, &row.value);
            // Who ticks a group that they left by text wants it again.
            suppressions::lift_groups(conn, &row.match_key, &changes.groups, "signed_in", now).await?;
            let lifted = if on { suppressions::lift(conn, &row.match_key, address.channel_kind(), "signed_in", now).await? } else { 0 };
            if on != row.enabled || lifted > 0 {
                residents::set_enabled(conn, row.id, on).await?;
                join::note(conn, app, resident_id, &address, if on { "started" } else { "stopped" }, "changed on the account page").await?;
            }
        }
        Ok(())
    })
    .await
}
