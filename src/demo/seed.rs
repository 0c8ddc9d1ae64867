//! What the demonstration starts with: Derbyshire's places, officers for each district, and 2,000 invented residents.
//!
//! Owns: what is invented, the same at every planting, and that it is planted once. Must not: run outside the demonstration
//! and tests. Data: places from `fixtures/derbyshire` (ONS Postcode Directory, Open Government Licence v3.0; the polygons
//! are approximate), people from tables of names; all of it goes through `store` in one transaction.

mod answers;
mod names;
mod people;
mod places;
mod recall;
mod staff;

use anyhow::Context as _;

use self::people::Rows;
use self::places::Ground;
use self::staff::Staff;
use crate::accounts::hash_password;
use crate::app::App;
use crate::store::accounts as account_table;
use crate::store::places as place_table;
use crate::store::{Conn, canned_answers, residents, suppressions};

/// The password of every demonstration account.
pub const PASSWORD: &str = "demo-Derbyshire-1";

/// How many residents are invented.
pub const RESIDENTS: usize = 2_000;

/// What stands after planting.
#[derive(Clone, Debug, Default)]
pub struct Planted {
    /// Residents who have not left.
    pub residents: usize,
    /// Neighbourhood officers by team, all under `PASSWORD`: name, sign-in name, team. The press desk
    /// (`press@derbyshire.example`), the inspector, the duty desk and the administrator (`admin@derbyshire.example`) are not among them.
    pub officers: Vec<(String, String, String)>,
    /// Current residents, for the simulator's phones and mailboxes.
    pub people: Vec<SimPerson>,
}

/// A resident as the simulator shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimPerson {
    /// What to call them.
    pub name: String,
    /// E.164, from Ofcom's drama range.
    pub phone: Option<String>,
    /// At example.org.
    pub email: Option<String>,
    /// Where they live: `DE1 3, Derby`.
    pub place: String,
    /// What they chose, in words: `CCTV owners, Dog walkers`; empty if nothing.
    pub groups: String,
}

/// Plants the demonstration unless areas are there already; gives what stands either way.
///
/// Errors: the embedded places cannot be read, the password cannot be hashed, or the database fails; then nothing was planted.
pub async fn plant(app: &App) -> anyhow::Result<Planted> {
    let handed = app.clone();
    app.run(async move {
        if place_table::list_areas(&mut handed.read().await?).await?.is_empty() {
            plant_all(&handed).await?;
        }
        recall::recall(&handed).await
    })
    .await
}

/// Plants the areas, postcodes and interest groups alone, unless areas are there already: for tests and figures.
pub async fn plant_places(app: &App) -> anyhow::Result<()> {
    let handed = app.clone();
    app.run(async move {
        if !place_table::list_areas(&mut handed.read().await?).await?.is_empty() {
            return Ok(());
        }
        let ground = Ground::read(&handed)?;
        let mut conn = handed.write().await?;
        conn.transaction(async |conn| ground.write(conn).await).await.context("the places cannot be planted")
    })
    .await
}

async fn plant_all(app: &App) -> anyhow::Result<()> {
    let handed = app.clone();
    let (ground, staff, rows) = tokio::task::spawn_blocking(move || {
        let ground = Ground::read(&handed)?;
        let staff = Staff::appoint(&handed, &ground, &hash_password(PASSWORD)?);
        let rows = Rows::invent(&handed, &ground);
        Ok::<_, anyhow::Error>((ground, staff, rows))
    })
    .await??;
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        ground.write(conn).await?;
        account_table::insert_teams(conn, staff.teams).await?;
        account_table::insert_officers(conn, staff.officers).await?;
        for row in answers::write(app) {
            canned_answers::insert(conn, &row).await?;
        }
        write_people(conn, app, rows).await
    })
    .await
    .context("the demonstration cannot be planted")
}

async fn write_people(conn: &mut Conn, app: &App, rows: Rows) -> diesel::QueryResult<()> {
    residents::insert(conn, rows.residents).await?;
    residents::insert_addresses(conn, rows.addresses).await?;
    residents::insert_areas(conn, rows.areas).await?;
    residents::insert_groups(conn, rows.groups, app.now()).await?;
    residents::append_consent(conn, rows.consents).await?;
    for row in &rows.suppressions {
        suppressions::suppress(conn, row).await?;
    }
    Ok(())
}
