//! `/admin/people`: what is held of a person who asks, for them to have or to have erased. The address is typed into a form and
//! stands in no URL and in no log.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use tokio::io::AsyncReadExt;

use super::may_administer;
use crate::domain::address::mask;
use crate::privacy::people::{self, Person, SearchOutcome};
use crate::privacy::{access, erasure};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::inbox::originals;
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage {
    shell: Shell,
    /// What there is of an address under which nobody is found.
    nobody: Option<String>,
    /// Two people who had it one after the other.
    several: Vec<(String, &'static str)>,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct PersonPage {
    shell: Shell,
    id: String,
    heading: String,
    registered: Option<When>,
    addresses: Vec<String>,
    places: Vec<String>,
    groups: Vec<String>,
    conversations: usize,
    kept: usize,
    sent: usize,
    consents: Vec<Line>,
    suppressions: Vec<Line>,
    passed_on: bool,
    /// Whether this administrator may read what they wrote.
    reads: bool,
    /// On the page that asks for the word.
    word: Option<&'static str>,
    errors: Vec<FieldError>,
}

struct Line {
    when: When,
    text: String,
}

async fn list(officer: &Officer, nobody: Option<String>, several: Vec<(String, &'static str)>, errors: Vec<FieldError>) -> Result<PeoplePage, AppError> {
    let officer = officer.clone();
    let app = officer.app().clone();
    app.run(async move { Ok(PeoplePage { shell: shell::officer(&officer.visitor, &officer.row, "People", "admin").await?, nobody, several, errors }) }).await
}

/// `GET /admin/people`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&list(&officer, None, Vec::new(), Vec::new()).await?)
}

/// `POST /admin/people`
pub async fn search(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, text) = (officer.app().clone(), officer.row.id, fields.one("address").to_owned());
    match app.clone().run(async move { people::search(&app, by, &text).await }).await? {
        SearchOutcome::Found(id) => Ok(shell::redirect(&format!("/admin/people/{id}"))),
        SearchOutcome::Several(people) => shell::page(&list(&officer, None, people, Vec::new()).await?),
        SearchOutcome::Nobody(objections) => {
            let told = match objections {
                0 => "Nothing is held under that address.".to_owned(),
                1 => "Nothing is held under that address but 1 objection to being sent anything, which stays so that it is heeded.".to_owned(),
                more => format!("Nothing is held under that address but {more} objections to being sent anything, which stay so that they are heeded."),
            };
            shell::page(&list(&officer, Some(told), Vec::new(), Vec::new()).await?)
        }
        SearchOutcome::NotAnAddress(sentence) => shell::page_with_errors(&list(&officer, None, Vec::new(), vec![FieldError::new("address", &sentence)]).await?),
    }
}

async fn page(officer: &Officer, id: String, word: Option<&'static str>, errors: Vec<FieldError>) -> Result<PersonPage, AppError> {
    let (officer, app) = (officer.clone(), officer.app().clone());
    app.clone()
        .run(async move {
            let person = people::open(&app, officer.row.id, &id).await?.ok_or(AppError::NotFound)?;
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "What we hold of a person", "admin").await?, app.now());
            Ok(view(&person, shell, now, officer.row.reads_replies(), word, errors))
        })
        .await
}

fn view(person: &Person, shell: Shell, now: crate::domain::At, reads: bool, word: Option<&'static str>, errors: Vec<FieldError>) -> PersonPage {
    let own = person.addresses.iter().map(|row| mask(&row.value));
    let wrote = person.correspondents.iter().filter(|row| !person.addresses.iter().any(|own| own.match_key == row.match_key)).map(|row| mask(&row.address));
    let addresses: Vec<String> = own.chain(wrote).collect();
    PersonPage {
        id: person.public_id.clone(),
        heading: match &person.resident {
            Some(row) => row.name.clone(),
            None => addresses.first().cloned().unwrap_or_else(|| "Somebody".to_owned()),
        },
        registered: person.resident.as_ref().map(|row| When::at(row.created_at, now)),
        addresses,
        places: person.places.clone(),
        groups: person.groups.clone(),
        conversations: person.talks.len(),
        kept: person.talks.iter().filter(|talk| talk.kept).count(),
        sent: person.sent.len(),
        consents: person
            .consents
            .iter()
            .map(|row| Line { when: When::at(row.created_at, now), text: format!("{} ({}), by {}", row.action, row.channel, row.source) })
            .collect(),
        suppressions: person
            .suppressions
            .iter()
            .map(|row| {
                let over = if row.lifted_at.is_some() { ", lifted since" } else { "" };
                Line { when: When::at(row.created_at, now), text: format!("{} ({}): {}{over}", row.channel, row.scope, row.reason) }
            })
            .collect(),
        passed_on: person.passed_on,
        reads,
        shell,
        word,
        errors,
    }
}

/// `GET /admin/people/{id}`
pub async fn person(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, id.into_inner(), None, Vec::new()).await?)
}

/// `GET /admin/people/{id}/erase`: what would go, and the word to type.
pub async fn ask(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, id.into_inner(), Some(erasure::WORD), Vec::new()).await?)
}

/// `POST /admin/people/{id}/erase`
pub async fn erase(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    if fields.one("word").trim() != erasure::WORD {
        let error = FieldError::new("word", "Type ERASE in capitals to erase: it cannot be undone");
        return shell::page_with_errors(&page(&officer, id.into_inner(), Some(erasure::WORD), vec![error]).await?);
    }
    let (app, by) = (officer.app().clone(), officer.row.id);
    let erased = app.clone().run(async move { erasure::erase(&app, by, &id).await }).await?.ok_or(AppError::NotFound)?;
    let told = format!("Erased. Conversations erased: {}; kept, since they are held or evidence: {}.", erased.conversations, erased.kept);
    Ok(shell::redirect_with("/admin/people", &told))
}

/// `POST /admin/people/{id}/export`
pub async fn export(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    // It holds what they wrote.
    if !officer.row.reads_replies() {
        return Err(AppError::Forbidden);
    }
    let (app, by, notes) = (officer.app().clone(), officer.row.id, fields.one("notes") == "1");
    let made = app.clone().run(async move { access::export(&app, by, &id, notes).await }).await.map_err(AppError::Internal)?;
    let parcel = made.ok_or(AppError::NotFound)?;
    let pieces = futures_util::stream::try_unfold(tokio::fs::File::from_std(parcel.file), |mut file| async move {
        let mut piece = vec![0; 128 << 10];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((web::Bytes::from(piece), file)))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(originals::disposition("what-we-hold.zip"))
        .no_chunking(parcel.size)
        .streaming(pieces))
}
