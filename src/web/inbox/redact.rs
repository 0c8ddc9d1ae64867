//! `/inbox/{id}/redact/…`: making a working copy of a message's words or of a picture. The original stays as it is.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{evidence, may_read, originals};
use crate::inbox::evidence::picture::{Cover, MOST_BOXES};
use crate::inbox::evidence::{self as copies, CopyError, Item, redact};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell};

/// More words than this are not offered one by one.
const MOST_WORDS: usize = 1_500;
/// Rows for parts of a picture at first, and as many more each time.
const ROWS: usize = 3;

#[derive(Template)]
#[template(path = "inbox/redact_words.html")]
struct WordsPage {
    shell: Shell,
    id: String,
    action: String,
    lines: Vec<Vec<Word>>,
    too_many: bool,
    text: String,
    phrases: String,
    errors: Vec<FieldError>,
}

struct Word {
    number: usize,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "inbox/redact_picture.html")]
struct PicturePage {
    shell: Shell,
    id: String,
    action: String,
    name: String,
    preview_href: String,
    rows: Vec<Row>,
    errors: Vec<FieldError>,
}

/// What stands in a row of the form, as it was typed.
struct Row {
    number: usize,
    x: String,
    y: String,
    w: String,
    h: String,
    cover: Option<Cover>,
}

/// `GET /inbox/{id}/redact/{message}`
pub async fn words(officer: Officer, path: web::Path<(String, String)>) -> Result<HttpResponse, AppError> {
    let (conversation, message) = path.into_inner();
    let item = opened(&officer, conversation, message, None).await?;
    shell::page(&words_page(officer, &item, &BTreeSet::new(), "", Vec::new()).await?)
}

async fn opened(officer: &Officer, conversation: String, message: String, ordinal: Option<i64>) -> Result<Item, AppError> {
    let item = evidence::item(officer, conversation, message, ordinal).await?;
    let (app, row, id) = (officer.app().clone(), officer.row.clone(), item.message.id);
    app.clone().run(async move { originals::note(&app, &row, "message.redact", id).await }).await?;
    Ok(item)
}

async fn words_page(officer: Officer, item: &Item, chosen: &BTreeSet<usize>, phrases: &str, errors: Vec<FieldError>) -> Result<WordsPage, AppError> {
    let text = &item.message.text;
    let found = redact::words(text);
    let too_many = found.len() > MOST_WORDS;
    let mut lines = vec![Vec::new()];
    let mut end = 0;
    for (number, range) in found.into_iter().enumerate().take(MOST_WORDS) {
        if text.get(end..range.start).is_some_and(|gap| gap.contains('\n')) {
            lines.push(Vec::new());
        }
        end = range.end;
        if let Some(line) = lines.last_mut() {
            line.push(Word { number, text: text.get(range).unwrap_or_default().to_owned(), chosen: chosen.contains(&number) });
        }
    }
    Ok(WordsPage {
        shell: shell_of(&officer, item, "Take words out of a copy").await?,
        id: item.conversation.public_id.clone(),
        action: format!("/inbox/{}/redact/{}", item.conversation.public_id, item.message.public_id),
        lines: if too_many { Vec::new() } else { lines },
        too_many,
        text: text.clone(),
        phrases: phrases.to_owned(),
        errors,
    })
}

async fn shell_of(officer: &Officer, item: &Item, title: &'static str) -> Result<Shell, AppError> {
    let (app, officer) = (officer.app().clone(), officer.clone());
    let active = if item.conversation.alert_id.is_none() { "unattributed" } else { "inbox" };
    Ok(app.run(async move { shell::officer(&officer.visitor, &officer.row, title, active).await }).await?)
}

/// `POST /inbox/{id}/redact/{message}`
pub async fn copy_words(officer: Officer, path: web::Path<(String, String)>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (conversation, message) = path.into_inner();
    let item = evidence::item(&officer, conversation.clone(), message, None).await?;
    let chosen: BTreeSet<usize> = fields.all("word").iter().filter_map(|number| number.parse().ok()).collect();
    let typed = fields.one("phrases").to_owned();
    let phrases: Vec<String> = typed.lines().map(str::to_owned).collect();
    let (app, row, of, picked) = (officer.app().clone(), officer.row.clone(), item.clone(), chosen.clone());
    match app.clone().run(async move { copies::redact_words(&app, &row, &of, &picked, &phrases).await }).await {
        Ok(_) => Ok(done(&conversation)),
        Err(CopyError::Nothing) => {
            let error = FieldError::new("phrases", "Choose words, or write words that stand in the message. Nothing would be taken out.");
            shell::page_with_errors(&words_page(officer, &item, &chosen, &typed, vec![error]).await?)
        }
        Err(error) => Err(evidence::fault(error)),
    }
}

fn done(conversation: &str) -> HttpResponse {
    shell::redirect_with(&format!("/inbox/{conversation}/evidence"), "The copy was made. The original is as it was.")
}

/// `GET /inbox/{id}/redact/{message}/{ordinal}`
pub async fn picture(officer: Officer, path: web::Path<(String, String, i64)>) -> Result<HttpResponse, AppError> {
    let (conversation, message, ordinal) = path.into_inner();
    let item = opened(&officer, conversation, message, Some(ordinal)).await?;
    shell::page(&picture_page(officer, &item, rows(&[], ROWS), Vec::new()).await?)
}

/// As they were typed, and so many empty ones.
fn rows(typed: &[[String; 4]], empty: usize) -> Vec<Row> {
    let blank = [const { String::new() }; 4];
    let all = typed.iter().chain(std::iter::repeat_n(&blank, empty)).take(MOST_BOXES);
    all.enumerate().map(|(index, row)| row_of(index + 1, row.clone())).collect()
}

fn row_of(number: usize, typed: [String; 4]) -> Row {
    let cover = cover_of(&typed);
    let [x, y, w, h] = typed;
    Row { number, x, y, w, h, cover }
}

/// Four numbers from 0 to 100, the last two above 0.
fn cover_of(typed: &[String; 4]) -> Option<Cover> {
    let read = |text: &String| text.trim().trim_end_matches('%').replace(',', ".").parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value));
    let [x, y, w, h] = typed;
    let (w, h) = (read(w)?, read(h)?);
    (w > 0.0 && h > 0.0).then_some(Cover { x: read(x)?, y: read(y)?, w, h })
}

async fn picture_page(officer: Officer, item: &Item, rows: Vec<Row>, errors: Vec<FieldError>) -> Result<PicturePage, AppError> {
    let file = item.attachment.as_ref().filter(|file| originals::previewable(&file.content_type)).ok_or(AppError::NotFound)?;
    let (id, part) = (&item.conversation.public_id, format!("{}/{}", item.message.public_id, file.ordinal));
    Ok(PicturePage {
        shell: shell_of(&officer, item, "Cover parts of a picture").await?,
        id: id.clone(),
        action: format!("/inbox/{id}/redact/{part}"),
        name: file.filename.clone(),
        preview_href: format!("/inbox/{id}/preview/{part}"),
        rows,
        errors,
    })
}

/// `POST /inbox/{id}/redact/{message}/{ordinal}`
pub async fn copy_picture(officer: Officer, path: web::Path<(String, String, i64)>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (conversation, message, ordinal) = path.into_inner();
    let item = evidence::item(&officer, conversation.clone(), message, Some(ordinal)).await?;
    let columns = ["x", "y", "w", "h"].map(|name| fields.all(name));
    let [xs, ys, ws, hs] = &columns;
    let at = |column: &Vec<String>, index: usize| column.get(index).cloned().unwrap_or_default();
    let typed: Vec<[String; 4]> = (0..xs.len().min(MOST_BOXES))
        .map(|index| [at(xs, index), at(ys, index), at(ws, index), at(hs, index)])
        .filter(|row| row.iter().any(|value| !value.trim().is_empty()))
        .collect();
    if fields.one("action") == "more" || fields.one("action") == "look" {
        return shell::page(&picture_page(officer, &item, rows(&typed, ROWS), Vec::new()).await?);
    }
    let read: Vec<Option<Cover>> = typed.iter().map(cover_of).collect();
    let errors: Vec<FieldError> = read
        .iter()
        .enumerate()
        .filter(|(_, cover)| cover.is_none())
        .map(|(index, _)| {
            FieldError::new(&format!("x-{}", index + 1), &format!("Part {}: give four numbers from 0 to 100, with a width and a height", index + 1))
        })
        .collect();
    if !errors.is_empty() {
        return shell::page_with_errors(&picture_page(officer, &item, rows(&typed, ROWS), errors).await?);
    }
    let covers = read.into_iter().flatten().collect();
    let (app, row, of) = (officer.app().clone(), officer.row.clone(), item.clone());
    match app.clone().run(async move { copies::cover_picture(&app, &row, &of, covers).await }).await {
        Ok(_) => Ok(done(&conversation)),
        Err(error @ (CopyError::Picture(_) | CopyError::TooLong)) => {
            let error = FieldError::new("make", &format!("No copy was made: {error}."));
            shell::page_with_errors(&picture_page(officer, &item, rows(&typed, ROWS), vec![error]).await?)
        }
        Err(error) => Err(evidence::fault(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_four_numbers_within_the_picture() {
        let read = |row: [&str; 4]| cover_of(&row.map(str::to_owned)).map(|cover| (cover.x, cover.y, cover.w, cover.h));
        assert_eq!(read(["10", "20.5", " 30 ", "40%"]), Some((10.0, 20.5, 30.0, 40.0)));
        assert_eq!(read(["0", "0", "100", "100"]), Some((0.0, 0.0, 100.0, 100.0)));
        for wrong in [["", "0", "1", "1"], ["0", "0", "0", "1"], ["-1", "0", "1", "1"], ["0", "101", "1", "1"], ["0", "0", "NaN", "1"], ["a", "0", "1", "1"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
