//! `[pure]` The polygon of an area, and whether a postcode's point lies in it. Degrees, WGS 84, longitude before latitude.

use geo::{BoundingRect, Contains, Geometry, MultiPolygon, Point, Rect};
use serde::Deserialize;
use serde_json::Value;

use crate::store::places::AreaRow;

/// An area's polygons with the box around them, which settles most questions quickly.
pub(super) struct Shape {
    /// Whose.
    pub(super) area_id: i64,
    polygons: MultiPolygon<f64>,
    bounds: Rect<f64>,
}

impl Shape {
    /// The shape of an area; `None` if it has none that can be read.
    pub(super) fn of(area: &AreaRow) -> Option<Self> {
        let (polygons, bounds) = read(area.shape.as_ref()?).ok()?;
        Some(Self { area_id: area.id, polygons, bounds })
    }

    /// Whether the point lies inside; a point on the very edge does not.
    pub(super) fn holds(&self, longitude: f64, latitude: f64) -> bool {
        let point = Point::new(longitude, latitude);
        self.bounds.contains(&point) && self.polygons.contains(&point)
    }
}

/// Reads a GeoJSON geometry, which must be a polygon or several in degrees; the error says what it is instead.
pub(super) fn read(geometry: &Value) -> Result<(MultiPolygon<f64>, Rect<f64>), String> {
    let geometry = geojson::Geometry::deserialize(geometry).map_err(|error| format!("its geometry cannot be read: {error}"))?;
    let polygons = match Geometry::<f64>::try_from(geometry) {
        Ok(Geometry::Polygon(polygon)) => MultiPolygon::new(vec![polygon]),
        Ok(Geometry::MultiPolygon(polygons)) => polygons,
        Ok(_) => return Err("its geometry must be a Polygon or a MultiPolygon".to_owned()),
        Err(error) => return Err(format!("its geometry cannot be read: {error}")),
    };
    let Some(bounds) = polygons.bounding_rect().filter(|bounds| bounds.width() > 0.0 && bounds.height() > 0.0) else {
        return Err("its polygon encloses nothing".to_owned());
    };
    let (low, high) = (bounds.min(), bounds.max());
    if low.x < -180.0 || high.x > 180.0 || low.y < -90.0 || high.y > 90.0 {
        return Err("its coordinates are not degrees of longitude and latitude (WGS 84)".to_owned());
    }
    Ok((polygons, bounds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_polygons_in_degrees_are_taken() {
        let ring = json!([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 0.0]]);
        assert!(read(&json!({"type": "Polygon", "coordinates": [ring]})).is_ok());
        assert!(read(&json!({"type": "MultiPolygon", "coordinates": [[ring]]})).is_ok());
        for (geometry, says) in [
            (json!({"type": "Point", "coordinates": [0.0, 0.0]}), "must be a Polygon"),
            (json!({"type": "Polygon", "coordinates": []}), "encloses nothing"),
            (json!({"type": "Polygon", "coordinates": [[[435_000, 336_000], [436_000, 336_000], [436_000, 337_000], [435_000, 336_000]]]}), "not degrees"),
            (json!({"type": "Pentagon"}), "cannot be read"),
        ] {
            let error = read(&geometry).unwrap_err();
            assert!(error.contains(says), "{geometry}: {error}");
        }
    }

    #[test]
    fn holes_are_not_inside() {
        let area = AreaRow {
            id: 1,
            code: "ring".into(),
            name: "Ring".into(),
            kind: "custom".into(),
            parent_id: None,
            shape: Some(json!({"type": "Polygon", "coordinates": [
                [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0], [0.0, 0.0]],
                [[3.0, 3.0], [6.0, 3.0], [6.0, 6.0], [3.0, 6.0], [3.0, 3.0]]]})),
            created_at: crate::domain::At::from_unix_ms(0),
        };
        let shape = Shape::of(&area).unwrap();
        assert!(shape.holds(1.0, 1.0) && !shape.holds(4.0, 4.0) && !shape.holds(10.0, 1.0));
    }
}
