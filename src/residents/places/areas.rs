//! Importing areas: a GeoJSON FeatureCollection of the force's own areas, or of districts and sectors.
//!
//! Owns: what a feature must say, and who is a member of a custom area once it is there. Must not: take half a file; every
//! fault of every feature is told at once and nothing is written. Data: from the command line to `store::places`.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use diesel::QueryResult;
use geojson::{Feature, FeatureCollection};
use serde_json::Value;

use super::shape::{self, Shape};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::places::{self, AreaRow};

/// What an import of areas did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AreasImported {
    /// Areas that are new.
    pub added: usize,
    /// Areas whose code was known: name and shape were replaced.
    pub updated: usize,
    /// Members of the custom areas of this file: residents in each, added up.
    pub members: usize,
}

/// One sound feature.
struct NewArea {
    feature: String,
    code: String,
    name: String,
    kind: &'static str,
    district_code: Option<String>,
    shape: Value,
}

/// The areas that are there already, by code.
type Known = BTreeMap<String, AreaRow>;

/// Adds or replaces areas from a GeoJSON FeatureCollection in WGS 84.
///
/// Each feature is a Polygon or MultiPolygon with the properties `code` and `name`, and `kind`: `custom` (the default),
/// `district`, or `sector` with the `district_code` of its district, known already or in the same file. Who is a member of a
/// custom area is worked out anew. An error names every faulty feature and what it lacks; then nothing was changed.
pub async fn import_areas(app: &App, geojson: &str) -> anyhow::Result<AreasImported> {
    let collection = FeatureCollection::from_str(geojson).map_err(|error| anyhow::anyhow!("this is not a GeoJSON FeatureCollection: {error}"))?;
    anyhow::ensure!(!collection.features.is_empty(), "the FeatureCollection has no features");
    let (mut areas, mut faults) = (Vec::new(), Vec::new());
    for (index, feature) in collection.features.iter().enumerate() {
        match read_feature(index + 1, feature) {
            Ok(area) => areas.push(area),
            Err(fault) => faults.extend(fault),
        }
    }
    let known: Known = places::list_areas(&mut app.read().await?).await?.into_iter().map(|area| (area.code.clone(), area)).collect();
    faults.extend(misfits(&areas, &known));
    anyhow::ensure!(faults.is_empty(), "nothing was imported:\n{}", faults.join("\n"));
    let handed = app.clone();
    Ok(app.run(async move { write(&handed, areas, known).await }).await?)
}

/// Imports the areas in a GeoJSON file and prints what came of it. Errors: the file cannot be read, a feature lacks
/// something (then nothing was changed), or the database fails.
pub async fn run_areas(app: &App, path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let done = import_areas(app, text.trim_start_matches('\u{feff}')).await.with_context(|| format!("{shown} was not imported"))?;
    let AreasImported { added, updated, members } = done;
    writeln!(std::io::stdout().lock(), "{shown}: {added} areas added, {updated} updated; they have {members} members").context("cannot print what was done")
}

/// Checks one feature by itself; the errors name it.
fn read_feature(number: usize, feature: &Feature) -> Result<NewArea, Vec<String>> {
    let text = |key: &str| match feature.property(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("its property {key} must be text")),
    };
    let required = |key: &str| text(key).and_then(|found| found.ok_or_else(|| format!("it has no property {key}")));
    let code = required("code");
    // Maps of sectors have nothing but their codes.
    let is_sector = matches!(text("kind"), Ok(Some(kind)) if kind == "sector") || matches!((text("kind"), text("district_code")), (Ok(None), Ok(Some(_))));
    let name = if is_sector { text("name").and_then(|found| found.map_or_else(|| code.clone(), Ok)) } else { required("name") };
    let label = code.as_ref().or(name.as_ref()).map_or_else(|_| format!("feature {number}"), |known| format!("feature {number} (\"{known}\")"));
    let kind = text("kind").and_then(|found| match found.as_deref() {
        Some("custom") => Ok("custom"),
        // As the Office for National Statistics writes them: a code of nine, and sectors with their district beside them.
        None if code.as_ref().is_ok_and(|code| is_district_code(code)) => Ok("district"),
        None if matches!(text("district_code"), Ok(Some(_))) => Ok("sector"),
        None => Ok("custom"),
        Some("district") => Ok("district"),
        Some("sector") => Ok("sector"),
        Some(other) => Err(format!("its kind \"{other}\" is none of custom, district, sector")),
    });
    let district_code = text("district_code").and_then(|found| match (kind.as_ref(), found) {
        (Ok(&"sector"), None) => Err("it is a sector and has no property district_code".to_owned()),
        (Ok(&"sector"), found) => Ok(found),
        _ => Ok(None),
    });
    let shape = feature.geometry.as_ref().ok_or_else(|| "it has no geometry".to_owned()).and_then(|geometry| {
        let value = serde_json::to_value(geometry).map_err(|error| error.to_string())?;
        shape::read(&value).map(|_| value)
    });
    match (code, name, kind, district_code, shape) {
        (Ok(code), Ok(name), Ok(kind), Ok(district_code), Ok(shape)) => Ok(NewArea { feature: label, code, name, kind, district_code, shape }),
        (code, name, kind, district_code, shape) => {
            let faults = [code.err(), name.err(), kind.err(), district_code.err(), shape.err()];
            Err(faults.into_iter().flatten().map(|fault| format!("{label}: {fault}")).collect())
        }
    }
}

/// E06 to E09, N09, S12, W06 and six digits (ONS coding of local authorities).
fn is_district_code(code: &str) -> bool {
    let (kind, number) = code.split_at_checked(3).unwrap_or((code, ""));
    matches!(kind, "E06" | "E07" | "E08" | "E09" | "N09" | "S12" | "W06") && number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is wrong among the features, and between them and what is there.
fn misfits(areas: &[NewArea], known: &Known) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    let new_districts: HashSet<_> = areas.iter().filter(|area| area.kind == "district").map(|area| area.code.as_str()).collect();
    for area in areas {
        let label = &area.feature;
        if !seen.insert(area.code.as_str()) {
            faults.push(format!("{label}: its code is used by an earlier feature too"));
        }
        let stands = known.get(&area.code);
        if let Some(stands) = stands.filter(|stands| stands.kind != area.kind) {
            faults.push(format!("{label}: its code belongs to a {} already, \"{}\"", stands.kind, stands.name));
        }
        if let Some(district) = &area.district_code {
            let parent = known.get(district).filter(|parent| parent.kind == "district");
            if parent.is_none() && !new_districts.contains(district.as_str()) {
                faults.push(format!("{label}: there is no district \"{district}\""));
            }
            if stands.is_some_and(|stands| stands.kind == "sector" && stands.parent_id != parent.map(|parent| parent.id)) {
                faults.push(format!("{label}: it lies in another district already; a sector cannot be moved by an import"));
            }
        }
    }
    faults
}

/// Writes the areas in one transaction, then the members of each custom one in a transaction of its own.
async fn write(app: &App, areas: Vec<NewArea>, known: Known) -> QueryResult<AreasImported> {
    let mut ids: BTreeMap<String, i64> = known.iter().map(|(code, area)| (code.clone(), area.id)).collect();
    for area in &areas {
        ids.entry(area.code.clone()).or_insert_with(|| app.next_id());
    }
    let (old, new): (Vec<_>, Vec<_>) = areas.into_iter().partition(|area| known.contains_key(&area.code));
    let row = |area: &NewArea| AreaRow {
        id: ids.get(&area.code).copied().unwrap_or_default(),
        code: area.code.clone(),
        name: area.name.clone(),
        kind: area.kind.to_owned(),
        parent_id: area.district_code.as_ref().and_then(|code| ids.get(code)).copied(),
        shape: Some(area.shape.clone()),
        created_at: app.now(),
    };
    let (districts, others): (Vec<_>, Vec<_>) = new.iter().map(row).partition(|area| area.kind == "district");
    let customs: Vec<_> = old.iter().chain(&new).filter(|area| area.kind == "custom").filter_map(|area| Shape::of(&row(area))).collect();
    let mut conn = app.write().await?;
    let done = conn
        .transaction(async |conn| {
            let mut done = AreasImported::default();
            // Sectors name their district, so that goes first.
            done.added += places::insert_areas(conn, districts.clone()).await?;
            done.added += places::insert_areas(conn, others.clone()).await?;
            for area in &old {
                done.updated += places::update_area(conn, &area.code, &area.name, &area.shape).await?;
            }
            let detail = serde_json::json!({ "added": done.added, "updated": done.updated });
            audit::note(conn, app.ids(), app.now(), &Actor::System, "areas.import", ("area", None), detail).await?;
            Ok::<_, diesel::result::Error>(done)
        })
        .await?;
    drop(conn);
    Ok(AreasImported { members: settle_members(app, &customs).await?, ..done })
}

/// Puts the residents of the postcodes inside into each custom area, and takes the others out.
async fn settle_members(app: &App, customs: &[Shape]) -> QueryResult<usize> {
    if customs.is_empty() {
        return Ok(0);
    }
    let postcodes = places::list_postcodes(&mut app.read().await?).await?;
    let mut members = 0;
    for shape in customs {
        let inside: Vec<_> = postcodes.iter().filter(|row| shape.holds(row.longitude, row.latitude)).map(|row| row.postcode.clone()).collect();
        // The connection is given back after each area, so that others get their turn to write.
        let mut conn = app.write().await?;
        members += conn.transaction(async |conn| places::replace_area_members(conn, shape.area_id, &inside).await).await?;
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(properties: Value) -> Result<NewArea, Vec<String>> {
        let square = json!({"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]});
        let feature = serde_json::from_value(json!({"type": "Feature", "geometry": square, "properties": properties})).unwrap();
        read_feature(3, &feature)
    }

    #[test]
    fn a_fault_names_the_feature_and_what_is_missing() {
        for (properties, fault) in [
            (json!({}), "feature 3: it has no property code; feature 3: it has no property name"),
            (json!({"code": "park"}), "feature 3 (\"park\"): it has no property name"),
            (json!({"code": 7, "name": "Park"}), "feature 3 (\"Park\"): its property code must be text"),
            (json!({"code": "a", "name": "A", "kind": "ward"}), "feature 3 (\"a\"): its kind \"ward\" is none of custom, district, sector"),
            (json!({"code": "a", "name": "A", "kind": "sector"}), "feature 3 (\"a\"): it is a sector and has no property district_code"),
        ] {
            assert_eq!(read_one(properties).err().unwrap().join("; "), fault);
        }
        let bare = serde_json::from_value(json!({"type": "Feature", "geometry": null, "properties": {"code": "a", "name": "A"}})).unwrap();
        assert_eq!(read_feature(1, &bare).err().unwrap(), ["feature 1 (\"a\"): it has no geometry"]);
    }

    #[test]
    fn features_must_fit_each_other_and_what_is_there() {
        let sector = |district: &str| read_one(json!({"code": "DE1 3", "name": "DE1 3", "kind": "sector", "district_code": district})).ok().unwrap();
        let district = || read_one(json!({"code": "D", "name": "Derby", "kind": "district"})).ok().unwrap();
        assert!(misfits(&[sector("D"), district()], &Known::new()).is_empty());
        assert!(misfits(&[sector("X")], &Known::new()).concat().contains("no district \"X\""));
        assert!(misfits(&[district(), district()], &Known::new()).concat().contains("earlier feature"));
        assert_eq!(read_one(json!({"code": "park", "name": "Park"})).ok().unwrap().kind, "custom");
    }
}
