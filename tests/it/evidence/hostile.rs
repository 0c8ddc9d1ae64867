//! What strangers send in: it downloads under a safe name and nothing runs; what is shown was drawn by us.

use super::Case;
use crate::support::db::TestDb;

/// A PNG that says it is thirty thousand by thirty thousand.
fn bomb() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend_from_slice(&30_000_u32.to_be_bytes());
    bytes.extend_from_slice(&30_000_u32.to_be_bytes());
    bytes.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..]);
    bytes.extend_from_slice(&crc.sum().to_be_bytes());
    bytes.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}

/// A JPEG with a place and a comment in it, lying on its side.
fn photo_with_a_place() -> Vec<u8> {
    let mut plain = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 20, image::Rgb([90, 120, 60])).write_to(&mut plain, image::ImageFormat::Jpeg).unwrap();
    let plain = plain.into_inner();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend_from_slice(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0");
    exif.extend_from_slice(b"\0\x01\0\x01\0\x02\0\0\0\x02N\0\0\0\0\0\0\0");
    let mut marked = plain[..2].to_vec();
    marked.extend_from_slice(&[0xff, 0xe1]);
    marked.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    marked.extend_from_slice(&exif);
    marked.extend_from_slice(b"\xff\xfe\0\x0dat my house");
    marked.extend_from_slice(&plain[2..]);
    marked
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_file_downloads_and_none_is_opened_in_place() {
    let db = TestDb::sqlite().await;
    let html: &[u8] = b"<html><script>document.title='run'</script></html>";
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>";
    let pdf: &[u8] = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF";
    let nested: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let heic: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let polyglot: &[u8] = b"GIF89a/*\x01\0\x01\0\0\0\0*/=1;alert(1)//<script>alert(1)</script>";
    let (bomb, photo) = (bomb(), photo_with_a_place());
    let files: [(&str, &str, &[u8]); 9] = [
        ("page.html", "text/html", html),
        ("drawing.svg", "image/svg+xml", svg),
        ("paper.pdf", "application/pdf", pdf),
        ("inner.zip", "application/zip", nested),
        ("photo.heic", "image/heic", heic),
        ("..\\..\\CON", "application/octet-stream", b"x"),
        ("huge.png", "image/png", &bomb),
        ("holiday.jpg", "image/jpeg", &photo),
        ("innocent.gif", "image/gif", polyglot),
    ];
    let mut case = Case::of(&db, "Look at these.", &files).await;
    let mut conn = db.read().await;
    let message = huecry::store::messages::find(&mut conn, &case.message).await.unwrap().unwrap();
    let rows = huecry::store::messages::list_attachments(&mut conn, &[message.id]).await.unwrap();
    drop(conn);
    // A small GIF may be taken for an ornament of the mail; all that was kept is looked at.
    assert!(rows.len() >= 8, "{rows:?}");
    for row in &rows {
        let (status, headers, bytes) = case.fetch(&format!("attachment/MESSAGE/{}", row.ordinal)).await;
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let sent = files.iter().find(|(_, _, sent)| *sent == bytes.as_slice());
        assert!(status == 200 && sent.is_some(), "{}: as it was sent", row.filename);
        assert_eq!(header("content-type"), "application/octet-stream", "{}", row.filename);
        assert!(header("content-disposition").starts_with("attachment; filename=\""), "{headers:?}");
        assert_eq!((header("x-content-type-options"), header("content-security-policy")), ("nosniff".into(), "sandbox; default-src 'none'".into()));
        assert!(!header("content-disposition").contains(".."), "{headers:?}");

        let (status, headers, shown) = case.fetch(&format!("preview/MESSAGE/{}", row.ordinal)).await;
        if matches!(row.content_type.as_str(), "image/png" | "image/jpeg" | "image/gif") {
            assert_eq!(status, 200, "{}", row.filename);
            assert!(["image/jpeg", "image/png"].contains(&headers["content-type"].to_str().unwrap()), "{headers:?}");
            assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
            assert!(!shown.windows(6).any(|window| window == b"script" || window == b"Exif\0\0"), "{}", row.filename);
            assert!(!shown.windows(8).any(|window| window == b"my house"), "{}", row.filename);
            let drawn = image::load_from_memory(&shown).unwrap();
            if row.filename == "holiday.jpg" {
                assert_eq!((drawn.width(), drawn.height()), (20, 40), "it stands upright");
            } else if row.filename == "huge.png" {
                assert_eq!((drawn.width(), drawn.height()), (320, 240), "the sign for what cannot be shown");
            }
        } else {
            assert_eq!(status, 404, "{} ({}) has no preview", row.filename, row.content_type);
        }
    }
    let refused = case
        .officer
        .submit(&case.path(&format!("redact/MESSAGE/{}", rows.iter().find(|row| row.filename == "huge.png").unwrap().ordinal)), &[("action", "make")])
        .await;
    assert!(refused.status == 422 && refused.body.contains("30000 by 30000 pixels"), "{}", refused.body);
    case.t.stop().await;
}
