//! What every page has: brand, navigation, times as people read them, and the way a template becomes a response.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;
use chrono::Datelike;
use chrono_tz::Europe::London;
use diesel::QueryResult;

use super::error::AppError;
use super::extract::Visitor;
use super::officers::sign_in::home_of;
use crate::app::App;
use crate::domain::At;
use crate::domain::address::display_number;
use crate::domain::officer::Role;
use crate::inbox::sight;
use crate::inbox::undo::{self, Offer};
use crate::store::accounts::{self, OfficerRow};
use crate::store::views::inbox;

/// A moment for machines and for people.
#[derive(Clone, Debug, Default)]
pub struct When {
    /// For `<time datetime>`.
    pub iso: String,
    /// `14:32`, or `22 Nov, 14:32` on another day, with the year in another year.
    pub text: String,
}

impl When {
    /// As seen at `now`, in London.
    pub fn at(at: At, now: At) -> Self {
        let (local, today) = (at.utc().with_timezone(&London), now.utc().with_timezone(&London).date_naive());
        let pattern = match (local.date_naive() == today, local.year() == today.year()) {
            (true, _) => "%H:%M",
            (false, true) => "%-d %b, %H:%M",
            (false, false) => "%-d %b %Y, %H:%M",
        };
        Self { iso: at.rfc3339(), text: local.format(pattern).to_string() }
    }
}

/// Whose system this is.
#[derive(Clone, Debug)]
pub struct Brand {
    /// `Derbyshire Alert`.
    pub name: String,
    /// `Derbyshire Constabulary`.
    pub force: String,
    /// CSS colour, or empty.
    pub colour: String,
    /// Logo, or empty.
    pub logo_url: String,
    /// Published numbers, for people.
    pub numbers: Vec<String>,
    /// Published mail address.
    pub email: String,
}

/// The signed-in officer, in the header.
#[derive(Clone, Debug)]
pub struct Nav {
    /// Name.
    pub name: String,
    /// Role word.
    pub role: &'static str,
    /// Team, or empty.
    pub team: String,
    /// Conversations of theirs that nobody has opened.
    pub unread: i64,
    /// Conversations in the tray.
    pub unattributed: i64,
    /// May open the inbox.
    pub can_inbox: bool,
    /// May write alerts.
    pub can_compose: bool,
    /// May see volumes.
    pub can_press: bool,
    /// May see the administrator's pages.
    pub can_admin: bool,
    /// Where they begin.
    pub home: &'static str,
}

/// Something to mend in a form.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// Id of the input.
    pub field: String,
    /// What to do.
    pub message: String,
}

impl FieldError {
    /// For a field.
    pub fn new(field: &str, message: &str) -> Self {
        Self { field: field.to_owned(), message: message.to_owned() }
    }
}

/// On every page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Whose system.
    pub brand: Brand,
    /// Title of the page.
    pub title: String,
    /// Form token.
    pub csrf: String,
    /// The officer, if one is signed in.
    pub officer: Option<Nav>,
    /// Which entry of the navigation is current.
    pub active: &'static str,
    /// What was just done, after a redirect.
    pub notice: Option<String>,
    /// What the officer may still take back.
    pub undo: Option<Offer>,
    /// The page refreshes itself.
    pub live: bool,
}

/// The brand, from configuration.
pub fn brand(app: &App) -> Brand {
    let branding = &app.config().branding;
    Brand {
        name: branding.name.clone(),
        force: branding.force.clone(),
        colour: branding.colour.clone(),
        logo_url: branding.logo_url.clone(),
        numbers: app.channels().numbers().iter().map(|number| display_number(number)).collect(),
        email: app.channels().published_email().unwrap_or_default().to_owned(),
    }
}

/// The shell of a page for residents and the public.
pub fn public(visitor: &Visitor, title: &str, active: &'static str) -> Shell {
    Shell {
        brand: brand(&visitor.app),
        title: title.to_owned(),
        csrf: visitor.form_token.clone(),
        officer: None,
        active,
        notice: visitor.notice.clone(),
        undo: None,
        live: false,
    }
}

/// The shell of an officers' page, with counts as of now.
pub async fn officer(visitor: &Visitor, officer: &OfficerRow, title: &str, active: &'static str) -> QueryResult<Shell> {
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    let mut conn = visitor.app.read().await?;
    let counts = if officer.reads_replies() {
        let sight = sight::of_in(&mut conn, officer, visitor.app.now()).await?;
        inbox::counts(&mut conn, &sight).await?
    } else {
        inbox::Counts::default()
    };
    let team = match officer.team_id {
        Some(id) => accounts::list_teams(&mut conn).await?.into_iter().find(|team| team.id == id).map(|team| team.name).unwrap_or_default(),
        None => String::new(),
    };
    let nav = Nav {
        name: officer.name.clone(),
        role: role.as_str(),
        team,
        unread: counts.unread,
        unattributed: counts.unattributed,
        can_inbox: officer.reads_replies(),
        can_compose: role.writes_alerts(),
        can_press: role.sees_volumes(),
        can_admin: role.administers(),
        home: home_of(officer),
    };
    Ok(Shell {
        brand: brand(&visitor.app),
        title: title.to_owned(),
        csrf: visitor.form_token.clone(),
        officer: Some(nav),
        active,
        notice: visitor.notice.clone(),
        undo: undo::offered(&mut conn, officer.id, visitor.app.now()).await?,
        live: true,
    })
}

/// A rendered page.
pub fn page(template: &impl Template) -> Result<HttpResponse, AppError> {
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((header::CACHE_CONTROL, "no-store")).body(template.render()?))
}

/// A rendered page that asks for something to be mended.
pub fn page_with_errors(template: &impl Template) -> Result<HttpResponse, AppError> {
    Ok(HttpResponse::UnprocessableEntity().content_type("text/html; charset=utf-8").insert_header((header::CACHE_CONTROL, "no-store")).body(template.render()?))
}

/// On to another page, after something was done.
pub fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// The same with a sentence that the next page shows.
pub fn redirect_with(to: &str, notice: &str) -> HttpResponse {
    let notice: String = form_urlencoded::byte_serialize(notice.as_bytes()).collect();
    let cookie =
        actix_web::cookie::Cookie::build(super::extract::NOTICE_COOKIE, notice).path("/").http_only(true).same_site(actix_web::cookie::SameSite::Lax).finish();
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).cookie(cookie).finish()
}

/// A size for people.
pub fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
