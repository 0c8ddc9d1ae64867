//! Where residents live: from a postcode to its sector, its district and the force's own areas around it.
//!
//! Owns: the shape of a postcode, and which of the force's own polygons hold a point. Must not: know who lives there, or
//! ask the network. Data: areas and postcodes come from `store::places`; joining, imports and the demo read them here.

mod areas;
mod postcodes;
mod shape;

use std::collections::HashMap;

use diesel::QueryResult;

pub use areas::{AreasImported, import_areas, run_areas};
pub use postcodes::{PostcodeLine, PostcodesImported, import_postcodes, run_postcodes, settle};
use shape::Shape;

use crate::app::App;
use crate::store::Conn;
use crate::store::places::{self, AreaRow, GroupRow, Placed};

/// What a postcode says about where somebody lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// With its space, upper case: `DE1 3AB`.
    pub postcode: String,
    /// The sector first, then its district, then every custom area whose polygon holds the postcode.
    pub area_ids: Vec<i64>,
    /// For people: `DE1 3, Derby`.
    pub name: String,
}

/// Every known postcode in memory, loaded once for work on many: 44,000 postcodes take about 5 MB.
pub struct Whereabouts {
    spots: HashMap<String, Spot>,
    names: HashMap<i64, String>,
    shapes: Vec<Shape>,
}

struct Spot {
    sector_id: i64,
    district_id: Option<i64>,
    longitude: f64,
    latitude: f64,
}

impl Whereabouts {
    /// Reads every postcode, the areas' names and the shapes of the custom ones.
    pub async fn load(conn: &mut Conn) -> QueryResult<Self> {
        let placed = places::list_placed(conn).await?;
        let areas = places::list_areas(conn).await?;
        let customs = places::list_custom_areas(conn).await?;
        Ok(Self::from_rows(placed, areas, &customs))
    }

    /// From rows at hand: postcodes with sector and district, areas with their names, custom areas with their shapes.
    pub fn from_rows(placed: Vec<Placed>, areas: Vec<AreaRow>, customs: &[AreaRow]) -> Self {
        let spots = placed
            .into_iter()
            .map(|(row, sector_id, district_id)| (row.postcode, Spot { sector_id, district_id, longitude: row.longitude, latitude: row.latitude }))
            .collect();
        let names = areas.into_iter().map(|area| (area.id, area.name)).collect();
        Self { spots, names, shapes: customs.iter().filter_map(Shape::of).collect() }
    }

    /// The place of a postcode as people write it; `None` if it is no postcode or none that we know.
    pub fn find(&self, postcode: &str) -> Option<Place> {
        let postcode = normalise_postcode(postcode)?;
        let spot = self.spots.get(&postcode)?;
        let inside = self.shapes.iter().filter(|shape| shape.holds(spot.longitude, spot.latitude)).map(|shape| shape.area_id);
        let area_ids = std::iter::once(spot.sector_id).chain(spot.district_id).chain(inside).collect();
        let district = spot.district_id.and_then(|id| self.names.get(&id)).map(String::as_str);
        let name = place_name(self.names.get(&spot.sector_id).map_or("", String::as_str), district);
        Some(Place { postcode, area_ids, name })
    }
}

/// The place of one postcode as people write it, for a single look-up at joining.
pub async fn find(conn: &mut Conn, postcode: &str) -> QueryResult<Option<Place>> {
    let Some(postcode) = normalise_postcode(postcode) else { return Ok(None) };
    let Some((row, sector)) = places::find_postcode(conn, &postcode).await? else { return Ok(None) };
    let district = match sector.parent_id {
        Some(id) => places::list_areas(conn).await?.into_iter().find(|area| area.id == id),
        None => None,
    };
    let customs = places::list_custom_areas(conn).await?;
    let inside = customs.iter().filter_map(Shape::of).filter(|shape| shape.holds(row.longitude, row.latitude)).map(|shape| shape.area_id);
    let area_ids = std::iter::once(sector.id).chain(sector.parent_id).chain(inside).collect();
    let name = place_name(&sector.name, district.as_ref().map(|area| area.name.as_str()));
    Ok(Some(Place { postcode, area_ids, name }))
}

/// Adds an interest group; the error says what to mend.
pub async fn add_group(app: &App, slug: &str, name: &str, description: &str) -> anyhow::Result<()> {
    let sound = !slug.is_empty() && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !slug.starts_with('-');
    anyhow::ensure!(sound, "the slug must be small letters, digits and hyphens, such as dog-walkers");
    anyhow::ensure!(!name.trim().is_empty(), "the name must not be empty");
    let row = GroupRow {
        id: app.next_id(),
        slug: slug.to_owned(),
        name: name.trim().to_owned(),
        description: description.trim().to_owned(),
        created_at: app.now(),
        retired_at: None,
    };
    let mut conn = app.write().await?;
    anyhow::ensure!(places::insert_groups(&mut conn, vec![row]).await? == 1, "there is a group {slug:?} already");
    Ok(())
}

/// Upper case with one space before the last three characters: `de13ab` becomes `DE1 3AB`. `None` if it is not of the shape
/// of a UK postcode (BS 7666: A9 9AA, A99 9AA, AA9 9AA, AA99 9AA, A9A 9AA, AA9A 9AA); whether it exists is not looked at.
pub fn normalise_postcode(text: &str) -> Option<String> {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let (outward, inward) = joined.split_at_checked(joined.len().checked_sub(3)?)?;
    (outward_is_sound(outward) && inward_is_sound(inward)).then(|| format!("{outward} {inward}"))
}

fn outward_is_sound(outward: &str) -> bool {
    let shape: String = outward.chars().map(kind_of).collect();
    matches!(shape.as_str(), "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A")
}

fn inward_is_sound(inward: &str) -> bool {
    // These letters are never used there, since they are easily misread.
    let shape: String = inward.chars().map(kind_of).collect();
    shape == "9AA" && !inward.contains(['C', 'I', 'K', 'M', 'O', 'V'])
}

fn kind_of(c: char) -> char {
    match c {
        'A'..='Z' => 'A',
        '0'..='9' => '9',
        _ => '?',
    }
}

fn place_name(sector: &str, district: Option<&str>) -> String {
    match district {
        Some(district) => format!("{sector}, {district}"),
        None => sector.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::At;
    use crate::store::places::PostcodeRow;

    fn area(id: i64, code: &str, kind: &str, shape: Option<serde_json::Value>) -> AreaRow {
        let name = if kind == "district" { "Derby".to_owned() } else { code.to_owned() };
        AreaRow { id, code: code.to_owned(), name, kind: kind.to_owned(), parent_id: None, shape, created_at: At::from_unix_ms(0) }
    }

    /// Two postcodes of `DE1 3` in Derby (areas 2 and 1), the first in the custom area 3 as well.
    pub(in crate::residents) fn derby() -> Whereabouts {
        let square = json!({"type": "Polygon", "coordinates": [[[-1.5, 52.9], [-1.4, 52.9], [-1.4, 53.0], [-1.5, 53.0], [-1.5, 52.9]]]});
        let row = |postcode: &str, longitude| PostcodeRow { postcode: postcode.to_owned(), area_id: 2, latitude: 52.92, longitude };
        let customs = [area(3, "arboretum", "custom", Some(square)), area(4, "no-shape", "custom", None)];
        let areas = vec![area(1, "E06000015", "district", None), area(2, "DE1 3", "sector", None)];
        Whereabouts::from_rows(vec![(row("DE1 3AB", -1.47), 2, Some(1)), (row("DE1 3AD", -1.3), 2, Some(1))], areas, &customs)
    }

    #[test]
    fn a_postcode_gives_sector_district_and_the_custom_areas_around_it() {
        let places = derby();
        let found = places.find("de13ab").unwrap();
        assert_eq!((found.postcode.as_str(), found.name.as_str(), found.area_ids), ("DE1 3AB", "DE1 3, Derby", vec![2, 1, 3]));
        assert_eq!(places.find("DE1 3AD").unwrap().area_ids, vec![2, 1]);
        assert_eq!(places.find("DE1 3AE"), None);
    }

    #[test]
    fn postcodes_are_read_as_people_write_them() {
        for (text, normal) in [
            ("de13ab", "DE1 3AB"),
            (" De1  3aB ", "DE1 3AB"),
            ("m1 1ae", "M1 1AE"),
            ("DE557\u{a0}NX", "DE55 7NX"),
            ("ec1a1bb", "EC1A 1BB"),
            ("w1a0ax", "W1A 0AX"),
        ] {
            assert_eq!(normalise_postcode(text).as_deref(), Some(normal), "{text}");
        }
        for text in ["", "DE1", "DE1 3A", "DE1 3ABC", "D3 ABC", "1DE 3AB", "DE1-3AB", "DE1 3CB", "DEE1 3AB", "ÄE1 3AB", "é3", "DE1 3Aß"] {
            assert_eq!(normalise_postcode(text), None, "{text}");
        }
    }
}
