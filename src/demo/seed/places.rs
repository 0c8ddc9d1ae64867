//! Derbyshire's districts, sectors and postcodes from the embedded fixtures, and the interest groups.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use diesel::QueryResult;
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::app::App;
use crate::residents::places::{PostcodeLine, settle};
use crate::store::Conn;
use crate::store::places::{self, AreaRow, GroupRow, PostcodeRow};

const DISTRICTS: &str = include_str!("../../../fixtures/derbyshire/districts.geojson");
const SECTORS: &str = include_str!("../../../fixtures/derbyshire/sectors.geojson");
const POSTCODES: &[u8] = include_bytes!("../../../fixtures/derbyshire/postcodes.csv.gz");

/// Slug, name, the sentence on the join page, and how many in a hundred residents choose it.
const GROUPS: [(&str, &str, &str, f64); 7] = [
    ("cctv-owners", "CCTV owners", "You have a camera or a video doorbell, and may be asked to look at what it saw.", 0.26),
    ("dog-walkers", "Dog walkers", "You are out and about at all hours, and notice what is not as it should be.", 0.20),
    ("church-watch", "Church watch", "You look after a church, mosque, temple, gurdwara or chapel, or worship there.", 0.03),
    ("school-watch", "School watch", "You work at a school, take children there, or live within sight of one.", 0.11),
    ("rural-watch", "Rural watch", "You farm, keep horses or live in the countryside, where help is further away.", 0.09),
    ("business-watch", "Business watch", "You run a shop, a pub, a workshop or an office, and hear about what affects trade.", 0.08),
    ("neighbourhood-watch", "Neighbourhood watch", "You and your neighbours keep an eye on each other's homes.", 0.22),
];

/// Everything about places, ready to be written.
pub(super) struct Ground {
    /// The nine districts.
    pub(super) districts: Vec<AreaRow>,
    sectors: Vec<AreaRow>,
    postcodes: Vec<PostcodeRow>,
    groups: Vec<GroupRow>,
}

/// Where an invented resident can live.
pub(super) struct Home<'a> {
    /// With its space.
    pub(super) postcode: &'a str,
    /// Its sector.
    pub(super) sector_id: i64,
    /// Its district.
    pub(super) district_id: Option<i64>,
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: serde_json::Value,
}

#[derive(Deserialize)]
struct Properties {
    code: String,
    name: Option<String>,
    district_code: Option<String>,
}

impl Ground {
    /// Reads the embedded fixtures.
    pub(super) fn read(app: &App) -> anyhow::Result<Self> {
        let districts = read_areas(app, DISTRICTS, "district", &HashMap::new())?;
        let district_ids: HashMap<_, _> = districts.iter().map(|area| (area.code.clone(), area.id)).collect();
        let sectors = read_areas(app, SECTORS, "sector", &district_ids)?;
        let sector_ids: BTreeMap<_, _> = sectors.iter().map(|area| (area.code.clone(), area.id)).collect();
        let lines = csv::Reader::from_reader(GzDecoder::new(POSTCODES)).into_deserialize().collect::<Result<Vec<PostcodeLine>, _>>();
        let (postcodes, _) = settle(lines.context("fixtures/derbyshire/postcodes.csv.gz")?, &sector_ids);
        let groups = GROUPS.map(|(slug, name, description, _)| GroupRow {
            id: app.next_id(),
            slug: slug.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            created_at: app.now(),
            retired_at: None,
        });
        Ok(Self { districts, sectors, postcodes, groups: groups.into() })
    }

    /// Writes all of it; what is there already is passed over.
    pub(super) async fn write(self, conn: &mut Conn) -> QueryResult<()> {
        places::insert_areas(conn, self.districts).await?;
        places::insert_areas(conn, self.sectors).await?;
        places::insert_postcodes(conn, self.postcodes).await?;
        places::insert_groups(conn, self.groups).await.map(|_| ())
    }

    /// Every postcode with its sector and district, in order of postcode.
    pub(super) fn homes(&self) -> Vec<Home<'_>> {
        let parents: HashMap<_, _> = self.sectors.iter().map(|sector| (sector.id, sector.parent_id)).collect();
        let district_of = |sector_id| parents.get(&sector_id).copied().flatten();
        self.postcodes.iter().map(|row| Home { postcode: &row.postcode, sector_id: row.area_id, district_id: district_of(row.area_id) }).collect()
    }

    /// Each group's id and slug, with the share of residents who choose it.
    pub(super) fn groups(&self) -> impl Iterator<Item = (i64, &str, f64)> {
        self.groups.iter().zip(GROUPS).map(|(row, (_, _, _, share))| (row.id, row.slug.as_str(), share))
    }
}

fn read_areas(app: &App, geojson: &str, kind: &str, parents: &HashMap<String, i64>) -> anyhow::Result<Vec<AreaRow>> {
    let collection: Collection = serde_json::from_str(geojson).with_context(|| format!("fixtures/derbyshire: {kind}s"))?;
    let area = |Feature { properties, geometry }| {
        let Properties { code, name, district_code } = properties;
        AreaRow {
            id: app.next_id(),
            name: name.unwrap_or_else(|| code.clone()),
            code,
            kind: kind.to_owned(),
            parent_id: district_code.and_then(|district| parents.get(&district).copied()),
            shape: Some(geometry),
            created_at: app.now(),
        }
    };
    Ok(collection.features.into_iter().map(area).collect())
}
