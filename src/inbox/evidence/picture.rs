//! `[pure]` Pictures that strangers sent, drawn anew by us: what a browser gets is ours, never theirs.
//!
//! A picture is measured before it is unpacked and unpacked within a bound of memory. What is drawn anew has its rotation
//! applied and carries nothing else over: no EXIF, no place, no thumbnail, no comment, no second picture behind the first.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgba};

/// A longer side than any camera's.
const LONGEST_SIDE: u32 = 20_000;
/// More than any phone takes.
const MOST_PIXELS: u64 = 120_000_000;
/// What unpacking may take.
const MOST_BYTES: u64 = 512 << 20;
/// The longer side of a preview.
const PREVIEW_SIDE: u32 = 1_600;
const PREVIEW_QUALITY: u8 = 82;
const COPY_QUALITY: u8 = 92;
/// As many boxes as a person draws.
pub const MOST_BOXES: usize = 100;

/// A picture that we drew.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub content_type: &'static str,
    /// Across, in pixels.
    pub width: u32,
    /// Down, in pixels.
    pub height: u32,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Not JPEG, PNG, GIF or WebP.
    #[error("it is not a picture that can be shown here")]
    NotShown,
    /// It says that it is larger than any camera takes.
    #[error("it says that it is {0} by {1} pixels, which is larger than any camera takes: it was not unpacked")]
    TooLarge(u32, u32),
    /// It cannot be unpacked, or not within the memory for it.
    #[error("it cannot be unpacked: its bytes are damaged, or take too much memory")]
    Broken,
}

/// A part of a picture to be covered, in hundredths of its width and height from its upper left.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Cover {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Across.
    pub w: f64,
    /// Down.
    pub h: f64,
}

/// What stands where a picture cannot be shown: a grey field with a cross.
pub fn placeholder() -> Picture {
    const SIDES: (u32, u32) = (320, 240);
    let field = image::RgbImage::from_fn(SIDES.0, SIDES.1, |x, y| {
        let (rising, falling) = (x * 3, y * 4);
        let crossed = rising.abs_diff(falling) < 8 || (SIDES.0 * 3 - rising).abs_diff(falling) < 8;
        image::Rgb(if crossed { [120, 128, 140] } else { [200, 206, 214] })
    });
    draw(&DynamicImage::ImageRgb8(field), PREVIEW_QUALITY).unwrap_or(Picture { bytes: Vec::new(), content_type: "image/jpeg", width: 0, height: 0 })
}

/// A small copy for a page.
pub fn preview(bytes: &[u8]) -> Result<Picture, PictureError> {
    let image = unpack(bytes)?;
    let small = if image.width() > PREVIEW_SIDE || image.height() > PREVIEW_SIDE { image.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE) } else { image };
    draw(&small, PREVIEW_QUALITY)
}

/// A copy at full size with parts of it covered in black.
pub fn covered(bytes: &[u8], covers: &[Cover]) -> Result<Picture, PictureError> {
    let mut image = unpack(bytes)?;
    for cover in covers {
        black_out(&mut image, *cover);
    }
    draw(&image, COPY_QUALITY)
}

fn unpack(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError::NotShown)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP)) {
        return Err(PictureError::NotShown);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| PictureError::Broken)?;
    let (width, height) = decoder.dimensions();
    if width > LONGEST_SIDE || height > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(PictureError::TooLarge(width, height));
    }
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| PictureError::Broken)?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// JPEG, unless something shows through.
fn draw(image: &DynamicImage, quality: u8) -> Result<Picture, PictureError> {
    let mut bytes = Vec::new();
    let content_type = if image.color().has_alpha() {
        // Colours and nothing else: what an encoder is not given, it cannot write.
        DynamicImage::ImageRgba8(image.to_rgba8()).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(|_| PictureError::Broken)?;
        "image/png"
    } else {
        JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&image.to_rgb8()).map_err(|_| PictureError::Broken)?;
        "image/jpeg"
    };
    Ok(Picture { bytes, content_type, width: image.width(), height: image.height() })
}

/// Grows outwards to whole pixels, so that nothing shows at an edge.
fn black_out(image: &mut DynamicImage, cover: Cover) {
    let (left, right) = span(cover.x, cover.w, image.width());
    let (top, bottom) = span(cover.y, cover.h, image.height());
    for y in top..bottom {
        for x in left..right {
            image.put_pixel(x, y, Rgba([0, 0, 0, 255]));
        }
    }
}

/// First pixel and the one after the last.
fn span(from: f64, length: f64, pixels: u32) -> (u32, u32) {
    let scale = f64::from(pixels) / 100.0;
    let whole = |value: f64| -> u32 {
        let value = value.clamp(0.0, f64::from(pixels));
        // Within the range of pixels by now.
        (0..=31).rev().fold(0_u32, |found, bit| if f64::from(found | (1 << bit)) <= value { found | (1 << bit) } else { found })
    };
    (whole((from * scale).floor()), whole(((from + length) * scale).ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn white(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(width, height, image::Rgb([255, 255, 255])));
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn what_is_covered_is_black_to_its_edges_and_the_rest_is_as_it_was() {
        let covers = [Cover { x: 25.0, y: 50.0, w: 50.0, h: 25.0 }];
        let drawn = covered(&white(40, 40, ImageFormat::Png), &covers).unwrap();
        let image = image::load_from_memory(&drawn.bytes).unwrap().to_luma8();
        assert_eq!((drawn.width, drawn.height, drawn.content_type), (40, 40, "image/jpeg"));
        for (x, y, dark) in [(10, 20, true), (29, 29, true), (20, 25, true), (3, 3, false), (36, 25, false), (20, 12, false)] {
            let light = image.get_pixel(x, y).0[0];
            assert!(if dark { light < 40 } else { light > 215 }, "{x},{y}: {light}");
        }
    }

    #[test]
    fn a_cover_beyond_the_picture_ends_at_its_edge() {
        for (from, length, pixels, expected) in [
            (0.0, 100.0, 40, (0, 40)),
            (-10.0, 20.0, 40, (0, 4)),
            (90.0, 50.0, 40, (36, 40)),
            (10.1, 0.1, 100, (10, 11)),
            (f64::NAN, 1.0, 40, (0, 0)),
            (1e300, 1e300, 40, (40, 40)),
        ] {
            assert_eq!(span(from, length, pixels), expected, "{from} {length}");
        }
    }

    #[test]
    fn a_picture_of_thirty_thousand_by_thirty_thousand_is_not_unpacked() {
        // A PNG of nine hundred million black pixels is this small: signature, IHDR, and nobody reads on.
        let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bomb.extend_from_slice(&30_000_u32.to_be_bytes());
        bomb.extend_from_slice(&30_000_u32.to_be_bytes());
        bomb.extend_from_slice(&[8, 2, 0, 0, 0]);
        let crc = crc(&bomb[12..]);
        bomb.extend_from_slice(&crc.to_be_bytes());
        bomb.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
        assert_eq!(preview(&bomb).unwrap_err(), PictureError::TooLarge(30_000, 30_000));
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }))
    }

    #[test]
    fn every_kind_that_is_shown_is_drawn_anew_and_nothing_else_is() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let drawn = preview(&white(2_000, 1_000, format)).unwrap();
            assert_eq!((drawn.width, drawn.height), (1_600, 800), "{format:?}");
        }
        let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        for other in [svg, b"%PDF-1.7", b"", b"<html>", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"] {
            assert_eq!(preview(other).unwrap_err(), PictureError::NotShown, "{other:?}");
        }
        let mut cut = white(100, 100, ImageFormat::Png);
        cut.truncate(60);
        assert_eq!(preview(&cut).unwrap_err(), PictureError::Broken);
    }

    /// A JPEG that says it lies on its side, was taken at a place, and has a comment.
    #[test]
    fn rotation_is_applied_and_the_place_where_it_was_taken_is_gone() {
        let plain = white(40, 20, ImageFormat::Jpeg);
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
        exif.extend_from_slice(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"); // orientation 6: turn right
        exif.extend_from_slice(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0"); // GPS
        exif.extend_from_slice(b"\0\x01\0\x01\0\x02\0\0\0\x02N\0\0\0\0\0\0\0");
        let mut marked = plain[..2].to_vec();
        marked.extend_from_slice(&[0xff, 0xe1]);
        marked.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        marked.extend_from_slice(&exif);
        marked.extend_from_slice(b"\xff\xfe\0\x0dat my house");
        marked.extend_from_slice(&plain[2..]);
        for drawn in [preview(&marked).unwrap(), covered(&marked, &[]).unwrap()] {
            assert_eq!((drawn.width, drawn.height), (20, 40), "it stands upright");
            let has = |needle: &[u8]| drawn.bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!has(b"Exif") && !has(b"my house") && !has(b"MM\0*"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fall(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), head in 0_usize..4) {
            let heads: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x10\0\0\0WEBP"];
            bytes.splice(0..0, heads[head].iter().copied());
            let _whatever = preview(&bytes);
        }
    }
}
