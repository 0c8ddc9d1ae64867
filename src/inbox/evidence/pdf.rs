//! `[pure]` The conversation on paper: PDF/A-2b, with its typefaces in it, in the same words as `conversation.json`.
//!
//! What the typeface cannot draw is written as its number, `[U+1F600]`, so that a reader sees that something stood there.

use chrono::{Datelike, Timelike};
use chrono_tz::Europe::London;
use krilla::Document;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::text::{Font, TextDirection};
use krilla::{Data, SerializeSettings};

use super::record::{Message, Record};
use crate::domain::At;

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.0;
const FOOT: f32 = 40.0;
const LEADING: f32 = 1.4;

/// The document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the PDF could not be made: {0}")]
pub struct PdfError(String);

/// Draws the record.
pub fn render(record: &Record) -> Result<Vec<u8>, PdfError> {
    let lines = lines_of(record);
    // A script that cannot be shaped by the typeface after all is written by its numbers.
    draw(record, &lines, |_| true).or_else(|_| draw(record, &lines, |c| u32::from(c) < 0x250))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Regular,
    Bold,
    Mono,
}

/// A paragraph, or room between two.
struct Line {
    face: Face,
    size: f32,
    indent: f32,
    text: String,
    /// Room above it.
    above: f32,
}

impl Line {
    fn new(face: Face, size: f32, text: impl Into<String>) -> Self {
        Self { face, size, indent: 0.0, text: text.into(), above: 0.0 }
    }

    fn above(self, above: f32) -> Self {
        Self { above, ..self }
    }

    fn indent(self, indent: f32) -> Self {
        Self { indent, ..self }
    }
}

fn body(text: impl Into<String>) -> Line {
    Line::new(Face::Regular, 10.0, text)
}

fn small(text: impl Into<String>) -> Line {
    Line::new(Face::Regular, 8.5, text)
}

fn when(at: At) -> String {
    format!("{} ({} UTC)", at.utc().with_timezone(&London).format("%-d %B %Y, %H:%M:%S %Z"), at.utc().format("%Y-%m-%d %H:%M:%S"))
}

fn lines_of(record: &Record) -> Vec<Line> {
    let c = &record.conversation;
    let mut lines =
        vec![Line::new(Face::Bold, 17.0, title(record)), small(format!("{}. Conversation {}, export {}.", record.export.force, c.id, record.export.id))];
    let who = c.with.name.as_ref().map_or_else(|| c.with.address.clone(), |name| format!("{name}, {}", c.with.address));
    lines.push(body(format!("With {who}")).above(8.0));
    lines.push(body(format!("At {}", c.our_address)));
    lines.push(body(format!("Began {}; {} when this was made", when(c.began_at), c.status)));
    match &c.alert {
        Some(alert) => {
            lines.push(Line::new(Face::Bold, 10.0, format!("Alert {}: {}", alert.reference, alert.title)).above(8.0));
            if let Some(at) = alert.published_at {
                lines.push(small(format!("Sent {}. The tie to it is {}.", when(at), c.certainty)));
            }
            lines.push(body(&alert.text).indent(12.0));
        }
        None => lines.push(body("Not tied to an alert").above(8.0)),
    }
    lines.push(small(format!("Made {} for {}. All times are as in London, with UTC beside.", when(record.export.made_at), record.export.made_by)).above(8.0));
    lines.push(Line::new(Face::Bold, 13.0, format!("{} messages", record.messages.len())).above(16.0));
    for message in &record.messages {
        message_lines(message, &mut lines);
    }
    if !record.working_copies.is_empty() {
        lines.push(Line::new(Face::Bold, 13.0, "Working copies").above(16.0));
        for copy in &record.working_copies {
            let of = copy.attachment.map_or_else(|| format!("message {}", copy.message), |number| format!("file {number} of message {}", copy.message));
            lines.push(body(format!("Of {of}: {} By {}, {}.", copy.done, copy.by, when(copy.made_at))).above(6.0));
            lines.push(Line::new(Face::Mono, 7.5, format!("{}  {}", copy.sha256, copy.file)));
        }
    }
    lines.push(Line::new(Face::Bold, 13.0, "What happened").above(16.0));
    for event in &record.events {
        let by = event.by.as_ref().map_or_else(String::new, |name| format!(", by {name}"));
        lines.push(body(format!("{}: {}{by}", when(event.at), event.detail.trim_end_matches('.'))));
    }
    if record.events.is_empty() {
        lines.push(body("Nothing but the messages."));
    }
    lines.push(small("The audit log was sealed up to here when this was made:").above(12.0));
    lines.push(Line::new(Face::Mono, 7.5, &record.audit_head));
    lines
}

fn title(record: &Record) -> String {
    record.conversation.alert.as_ref().map_or_else(|| "Conversation without an alert".to_owned(), |alert| format!("Conversation on alert {}", alert.reference))
}

fn message_lines(message: &Message, lines: &mut Vec<Line>) {
    let (direction, who) = match message.direction.as_str() {
        "in" => ("In", String::new()),
        "out" => ("Out", message.officer.as_ref().map_or_else(String::new, |name| format!(", by {name}"))),
        _ => ("Note, not sent", message.officer.as_ref().map_or_else(String::new, |name| format!(", by {name}"))),
    };
    let kind = if message.channel_kind == "sms" { "text" } else { "e-mail" };
    let exhibit = message.exhibit.as_ref().map_or_else(String::new, |reference| format!("   Exhibit {reference}"));
    lines.push(Line::new(Face::Bold, 10.0, format!("{}. {direction}, {kind}{who}{exhibit}", message.number)).above(12.0));
    lines.push(small(when(message.at)));
    if let Some(subject) = message.subject.as_ref().filter(|subject| !subject.is_empty()) {
        lines.push(Line::new(Face::Bold, 10.0, subject).indent(12.0));
    }
    for paragraph in message.text.lines() {
        lines.push(body(paragraph).indent(12.0));
    }
    if message.text.trim().is_empty() {
        lines.push(small("(no words)").indent(12.0));
    }
    if !message.folded.trim().is_empty() {
        lines.push(small("Quoted text and signature:").indent(24.0).above(3.0));
        lines.extend(message.folded.lines().map(|line| small(line).indent(24.0)));
    }
    for file in &message.attachments {
        let exhibit = file.exhibit.as_ref().map_or_else(String::new, |reference| format!("   Exhibit {reference}"));
        lines.push(body(format!("File {}: {} ({}, {} bytes){exhibit}", file.number, file.name, file.content_type, file.size_bytes)).indent(12.0).above(3.0));
        lines.push(Line::new(Face::Mono, 7.5, format!("{}  {}", file.sha256, file.file)).indent(12.0));
    }
    if message.direction == "in" {
        lines.push(small(format!("Tied as {}: {}", message.confidence, message.evidence)).indent(12.0).above(3.0));
    }
    if let Some(delivery) = &message.delivery {
        let at = delivery.finished_at.or(delivery.accepted_at).map_or_else(String::new, |at| format!(", {}", when(at)));
        lines.push(small(format!("Delivery: {}{at}", delivery.status.replace('_', " "))).indent(12.0).above(3.0));
    }
    if let Some(original) = &message.original {
        lines.push(small("Original, sealed when it came in:").indent(12.0).above(3.0));
        lines.push(Line::new(Face::Mono, 7.5, format!("{}  {}", original.sha256, original.file)).indent(12.0));
    }
}

/// The typefaces: as the document embeds them, and as they are measured.
struct Faces {
    regular: (Font, ttf_parser::Face<'static>),
    bold: (Font, ttf_parser::Face<'static>),
    mono: (Font, ttf_parser::Face<'static>),
}

impl Faces {
    fn load() -> Result<Self, PdfError> {
        let load = |bytes: &'static [u8]| {
            let font = Font::new(Data::from(bytes), 0).ok_or_else(|| PdfError("a typeface cannot be read".to_owned()))?;
            let measured = ttf_parser::Face::parse(bytes, 0).map_err(|error| PdfError(error.to_string()))?;
            Ok::<_, PdfError>((font, measured))
        };
        Ok(Self { regular: load(dejavu::sans::regular())?, bold: load(dejavu::sans::bold())?, mono: load(dejavu::sans_mono::regular())? })
    }

    fn of(&self, face: Face) -> &(Font, ttf_parser::Face<'static>) {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
            Face::Mono => &self.mono,
        }
    }

    /// The width of a character, in points.
    fn width(&self, face: Face, size: f32, c: char) -> f32 {
        let face = &self.of(face).1;
        let advance = face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0);
        f32::from(advance) * size / f32::from(face.units_per_em())
    }

    /// A text in what the face can draw.
    fn drawable(&self, face: Face, text: &str, shaped: impl Fn(char) -> bool) -> String {
        let parsed = &self.of(face).1;
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\t' => out.push_str("    "),
                c if c.is_control() || matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff) => {}
                c if shaped(c) && parsed.glyph_index(c).is_some() => out.push(c),
                c => out.extend(["[U+", format!("{:04X}", u32::from(c)).as_str(), "]"]),
            }
        }
        out
    }

    /// A paragraph in lines no wider than this.
    fn wrapped(&self, line: &Line, text: &str, room: f32) -> Vec<String> {
        let (mut lines, mut now, mut width) = (Vec::new(), String::new(), 0.0);
        for word in text.split_inclusive(' ') {
            let wide: f32 = word.trim_end().chars().map(|c| self.width(line.face, line.size, c)).sum();
            if width + wide > room && !now.is_empty() {
                lines.push(std::mem::take(&mut now).trim_end().to_owned());
                width = 0.0;
            }
            // A word wider than the page goes on below.
            for c in word.chars() {
                let wide = self.width(line.face, line.size, c);
                if width + wide > room && !now.is_empty() {
                    lines.push(std::mem::take(&mut now).trim_end().to_owned());
                    width = 0.0;
                }
                now.push(c);
                width += wide;
            }
        }
        lines.push(now.trim_end().to_owned());
        lines
    }
}

/// A line where it stands on its page.
struct Placed {
    face: Face,
    size: f32,
    x: f32,
    y: f32,
    text: String,
}

fn pages_of(lines: &[Line], faces: &Faces, shaped: impl Fn(char) -> bool) -> Vec<Vec<Placed>> {
    let (mut pages, mut page, mut y) = (Vec::new(), Vec::new(), MARGIN);
    for line in lines {
        let text = faces.drawable(line.face, &line.text, &shaped);
        y += line.above;
        for part in faces.wrapped(line, &text, PAGE.0 - 2.0 * MARGIN - line.indent) {
            if y + line.size > PAGE.1 - MARGIN - FOOT {
                pages.push(std::mem::take(&mut page));
                y = MARGIN;
            }
            page.push(Placed { face: line.face, size: line.size, x: MARGIN + line.indent, y: y + line.size, text: part });
            y += line.size * LEADING;
        }
    }
    pages.push(page);
    pages
}

fn draw(record: &Record, lines: &[Line], shaped: impl Fn(char) -> bool) -> Result<Vec<u8>, PdfError> {
    let faces = Faces::load()?;
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish().map_err(|error| PdfError(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let pages = pages_of(lines, &faces, shaped);
    let count = pages.len();
    for (index, placed) in pages.into_iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| PdfError("the page has no size".to_owned()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let foot = Placed {
            face: Face::Regular,
            size: 8.0,
            x: MARGIN,
            y: PAGE.1 - FOOT,
            text: format!("Conversation {}, export {}, page {} of {count}", record.conversation.id, record.export.id, index + 1),
        };
        for line in placed.iter().chain([&foot]).filter(|line| !line.text.trim().is_empty()) {
            surface.draw_text(Point::from_xy(line.x, line.y), faces.of(line.face).0.clone(), line.size, &line.text, false, TextDirection::Auto);
        }
        surface.finish();
        page.finish();
    }
    document.set_metadata(
        Metadata::new()
            .title(title(record))
            .language("en-GB".to_owned())
            .creator("Hue and Cry".to_owned())
            .authors(vec![record.export.force.clone()])
            .creation_date(date(record.export.made_at))
            .document_id(record.export.id.clone()),
    );
    document.finish().map_err(|error| PdfError(format!("{error:?}")))
}

fn date(at: At) -> DateTime {
    let at = at.utc();
    let small = |value: u32| u8::try_from(value).unwrap_or(0);
    DateTime::new(u16::try_from(at.year()).unwrap_or(0))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
