//! `/alerts/new`: write an alert, see whom it reaches and why others not, publish it.

use std::ops::Deref;

use actix_web::HttpResponse;
use askama::Template;
use diesel::QueryResult;

use super::Exclusion;
use super::show::{about, agreed_per_s, on};
use crate::app::App;
use crate::audit::Actor;
use crate::channels::registry::ChannelKind;
use crate::domain::alert::{AlertKind, Urgency};
use crate::domain::ids;
use crate::domain::officer::Role;
use crate::domain::quiet::{self, Start, Wait};
use crate::outbound::compose::{self, Draft};
use crate::outbound::forecast::{Forecast, Known, forecast};
use crate::outbound::publish::{self, PublishOutcome};
use crate::outbound::segments::{self, Cost};
use crate::store::accounts;
use crate::store::places::{self, AreaRow, Headcount};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "alerts/compose.html")]
struct ComposePage {
    shell: Shell,
    form: ComposeForm,
    errors: Vec<FieldError>,
    districts: Vec<DistrictChoice>,
    groups: Vec<GroupChoice>,
    preview: Option<Preview>,
    token: String,
    has_quiet_hours: bool,
}

#[derive(Template)]
#[template(path = "alerts/preview.html")]
struct PreviewOnly<'a>(&'a PreviewPart);

struct PreviewPart {
    preview: Option<Preview>,
}

impl Deref for PreviewOnly<'_> {
    type Target = PreviewPart;
    fn deref(&self) -> &PreviewPart {
        self.0
    }
}

struct ComposeForm {
    title: String,
    kind: String,
    urgency: String,
    sms_text: String,
    email_subject: String,
    email_body: String,
    one_way: bool,
    starts_at: String,
}

struct DistrictChoice {
    code: String,
    name: String,
    checked: bool,
    residents: i64,
    sectors: Vec<AreaChoice>,
    open: bool,
}

struct AreaChoice {
    code: String,
    name: String,
    checked: bool,
    residents: i64,
}

/// A group to choose.
pub struct GroupChoice {
    /// Value.
    pub slug: String,
    /// Label.
    pub name: String,
    /// Hint.
    pub description: String,
    /// Is it chosen.
    pub checked: bool,
    /// How many are in it.
    pub residents: i64,
}

struct Preview {
    sms: i64,
    email: i64,
    residents: i64,
    excluded: Vec<Exclusion>,
    sms_rendered: String,
    segments: i64,
    units_left: i64,
    /// Which characters make it dear.
    dear: String,
    /// Plain punctuation would make fewer parts.
    saving: Option<Plainer>,
    /// Of all texts together.
    parts: i64,
    /// In pounds, if the channel's price is known.
    cost: String,
    warnings: Vec<String>,
    /// How long it takes to send.
    takes: String,
    /// When it goes out, if not at once.
    later: String,
    /// What is still to be done before it can go.
    missing: Vec<String>,
    ready: bool,
}

/// What the button for plain punctuation offers.
struct Plainer {
    /// The officer's text, folded: for the script.
    text: String,
    after: i64,
}

fn draft(fields: &Fields) -> Draft {
    let text = |name: &str| fields.one(name).replace("\r\n", "\n");
    Draft {
        title: text("title"),
        kind: text("kind"),
        urgency: text("urgency"),
        sms_text: text("sms_text"),
        email_subject: text("email_subject"),
        email_body: text("email_body"),
        areas: fields.all("area"),
        groups: fields.all("group"),
        one_way: fields.one("one_way") == "1",
        starts_at: fields.one("starts_at").trim().to_owned(),
    }
}

/// `GET /alerts/new`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    let (app, team_id) = (officer.app().clone(), officer.row.team_id);
    let areas = app.clone().run(async move { own_areas(&app, team_id).await }).await?;
    let empty = Draft { kind: "appeal".to_owned(), urgency: "routine".to_owned(), areas, ..Draft::default() };
    shell::page(&page(officer, empty, Vec::new(), ids::public_id(), false).await?)
}

/// The area of the officer's team: what most of their alerts are about.
async fn own_areas(app: &App, team_id: Option<i64>) -> QueryResult<Vec<String>> {
    let Some(team_id) = team_id else { return Ok(Vec::new()) };
    let mut conn = app.read().await?;
    let Some(area_id) = accounts::find_team_by_id(&mut conn, team_id).await?.and_then(|team| team.area_id) else { return Ok(Vec::new()) };
    Ok(places::list_areas(&mut conn).await?.into_iter().filter(|area| area.id == area_id).map(|area| area.code).collect())
}

/// `POST /alerts/new`: `action` is `preview`, `plain` or `publish`.
pub async fn act(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let mut draft = draft(&fields);
    let token = match fields.one("token") {
        token if token.len() == 16 => token.to_owned(),
        _ => ids::public_id(),
    };
    if fields.one("action") == "plain" {
        // Asked for while writing: what is still missing is told beside the preview, not as errors.
        draft.sms_text = segments::fold(&draft.sms_text).text;
        return shell::page(&page(officer, draft, Vec::new(), token, true).await?);
    }
    if fields.one("action") != "publish" {
        let errors = compose::check(&draft, publish::is_answerable(officer.app()), officer.app().now()).err().unwrap_or_default();
        return shell::page(&page(officer, draft, fields_of(errors), token, true).await?);
    }
    let app = officer.app().clone();
    let (row, wanted, once) = (officer.row.clone(), draft.clone(), token.clone());
    let publisher = app.clone();
    let outcome =
        app.clone().run(async move { publish::publish(&publisher, &wanted, &row, &Actor::Officer(row.id), Some(format!("form:{once}"))).await }).await?;
    match outcome {
        PublishOutcome::Published(alert, reach) => {
            let (texts, mails) = (many(reach.sms, "text"), many(reach.email, "e-mail"));
            let notice = match alert.starts_at {
                Some(at) => format!("Accepted as {}: {texts} and {mails} are to go out {}.", alert.reference, on(at, app.now())),
                None => format!("Published as {}: {texts} and {mails} are on their way.", alert.reference),
            };
            Ok(shell::redirect_with(&format!("/alerts/{}", alert.reference), &notice))
        }
        PublishOutcome::Before(alert) => {
            Ok(shell::redirect_with(&format!("/alerts/{}", alert.reference), "This alert was published already. Nothing was sent twice."))
        }
        PublishOutcome::Faults(faults) => shell::page_with_errors(&page(officer, draft, fields_of(faults), token, true).await?),
    }
}

/// `POST /alerts/preview`: the preview alone, as the form changes.
pub async fn preview(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let draft = draft(&fields);
    let app = officer.app().clone();
    let preview = app.clone().run(async move { look(&app, &draft).await }).await?;
    shell::page(&PreviewOnly(&PreviewPart { preview: Some(preview) }))
}

fn fields_of(faults: Vec<compose::DraftFault>) -> Vec<FieldError> {
    let id = |field| match field {
        "areas" => "area",
        "groups" => "group",
        other => other,
    };
    faults.into_iter().map(|fault| FieldError::new(id(fault.field), &fault.message)).collect()
}

async fn page(officer: Officer, draft: Draft, errors: Vec<FieldError>, token: String, with_preview: bool) -> Result<ComposePage, AppError> {
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "New alert", "alerts").await?;
            let preview = if with_preview { Some(look(&app, &draft).await?) } else { None };
            let mut conn = app.read().await?;
            let districts = districts(&places::list_areas(&mut conn).await?, &places::count_residents_by_area(&mut conn).await?, &draft.areas);
            let groups = group_choices(&mut conn, &draft.groups).await?;
            let form = ComposeForm {
                title: draft.title,
                kind: draft.kind,
                urgency: draft.urgency,
                sms_text: draft.sms_text,
                email_subject: draft.email_subject,
                email_body: draft.email_body,
                one_way: draft.one_way,
                starts_at: draft.starts_at,
            };
            let has_quiet_hours = app.config().quiet_hours.routine.is_some();
            Ok(ComposePage { shell, form, errors, districts, groups, preview, token, has_quiet_hours })
        })
        .await
}

/// Every group as a choice, those in `chosen` ticked.
pub async fn group_choices(conn: &mut crate::store::Conn, chosen: &[String]) -> QueryResult<Vec<GroupChoice>> {
    let heads = places::count_residents_by_group(conn).await?;
    let groups = places::list_open_groups(conn).await?;
    Ok(groups
        .into_iter()
        .map(|group| GroupChoice {
            checked: chosen.contains(&group.slug),
            residents: heads.iter().find(|head| head.id == group.id).map_or(0, |head| head.residents),
            slug: group.slug,
            name: group.name,
            description: group.description,
        })
        .collect())
}

fn districts(areas: &[AreaRow], heads: &[Headcount], chosen: &[String]) -> Vec<DistrictChoice> {
    let residents = |id: i64| heads.iter().find(|head| head.id == id).map_or(0, |head| head.residents);
    let choice =
        |area: &AreaRow| AreaChoice { code: area.code.clone(), name: area.name.clone(), checked: chosen.contains(&area.code), residents: residents(area.id) };
    let tops = areas.iter().filter(|area| area.kind != "sector");
    tops.map(|top| {
        let sectors: Vec<AreaChoice> = areas.iter().filter(|area| area.kind == "sector" && area.parent_id == Some(top.id)).map(choice).collect();
        DistrictChoice {
            code: top.code.clone(),
            name: top.name.clone(),
            checked: chosen.contains(&top.code),
            residents: residents(top.id),
            open: sectors.iter().any(|sector| sector.checked),
            sectors,
        }
    })
    .collect()
}

/// As long as every reference.
const SOME_REFERENCE: &str = "K7Q2M";

async fn look(app: &App, draft: &Draft) -> QueryResult<Preview> {
    let reach = publish::preview(app, draft).await?;
    let brand = app.config().branding.name.clone();
    let as_sent = |text: &str| {
        if draft.one_way {
            compose::render_one_way_sms(&brand, text.trim(), SOME_REFERENCE, &app.url("/account"))
        } else {
            compose::render_sms(&brand, text.trim(), SOME_REFERENCE)
        }
    };
    let rendered = as_sent(&draft.sms_text);
    let cost = segments::count(&rendered);
    let mut warnings = Vec::new();
    if cost.segments > 3 {
        warnings.push(format!("The text is {} parts long: shorter texts are read sooner and cost less.", cost.segments));
    }
    if !draft.areas.is_empty()
        && let Some(nobody) = publish::nobody(&reach)
    {
        warnings.push(format!("{}.", nobody.message));
    }
    if draft.urgency == Urgency::LifeAtRisk.as_str() && draft.kind == AlertKind::Appeal.as_str() {
        warnings.push("A life is at risk, and the kind is an appeal for information. If people are to act on it, choose Warning.".to_owned());
    }
    if draft.sms_text.contains("http://") || draft.sms_text.contains("https://") {
        warnings.push("There is a link in the text: people are told to distrust links in texts. Leave it out if you can.".to_owned());
    }
    let missing: Vec<String> = compose::check(draft, publish::is_answerable(app), app.now()).err().into_iter().flatten().map(|fault| fault.message).collect();
    let ready = missing.is_empty() && reach.sms + reach.email > 0;
    Ok(Preview {
        sms: reach.sms,
        email: reach.email,
        residents: reach.residents,
        excluded: reach.excluded.iter().map(|(word, count)| Exclusion { reason: compose::exclusion_sentence(word), count: *count }).collect(),
        // An alert has no reference before it is published: dots, so that nobody writes down another.
        sms_rendered: rendered.replace(SOME_REFERENCE, "\u{b7}\u{b7}\u{b7}\u{b7}\u{b7}"),
        segments: i64::try_from(cost.segments).unwrap_or(0),
        units_left: i64::try_from(cost.units_left).unwrap_or(0),
        parts: i64::try_from(cost.segments).unwrap_or(0).saturating_mul(reach.sms),
        dear: [dear(&cost), not_plainer(&draft.sms_text, &cost, as_sent)].concat(),
        saving: segments::saving_as(&draft.sms_text, as_sent).map(|saving| Plainer { text: saving.text, after: i64::try_from(saving.after).unwrap_or(0) }),
        cost: estimate(app, i64::try_from(cost.segments).unwrap_or(0).saturating_mul(reach.sms)),
        warnings,
        takes: takes(app, &reach),
        later: later(app, draft),
        missing,
        ready,
    })
}

/// How long it takes by the agreed rates: what decides whether it has to be urgent.
fn takes(app: &App, reach: &publish::Reach) -> String {
    let known = Known { left: [reach.sms, reach.email], agreed_per_s: agreed_per_s(app), ..Known::default() };
    match forecast(&known, false) {
        Forecast::Agreed(seconds) => format!("Takes {} to send at the agreed rate, if no other alert goes first.", about(seconds)),
        _ => String::new(),
    }
}

/// When the alert goes out, and what would change that; nothing if it goes at once.
fn later(app: &App, draft: &Draft) -> String {
    let (now, hours) = (app.now(), &app.config().quiet_hours);
    let (asked, urgency) = (compose::read_moment(&draft.starts_at), draft.urgency.parse().unwrap_or(Urgency::Routine));
    match quiet::decide(hours, urgency, asked, now) {
        Start::Now => String::new(),
        Start::Then(at, Wait::Asked) => format!("It goes out {}.", on(at, now)),
        Start::Then(at, Wait::Quiet) => {
            let sooner = match quiet::decide(hours, Urgency::Urgent, asked, now) {
                Start::Then(_, Wait::Quiet) => "it is marked as a risk to life",
                _ => "you mark it urgent",
            };
            format!("Quiet hours: it goes out {} unless {sooner}.", on(at, now))
        }
    }
}

/// What so many parts cost by the channel that alerts go out by, if its price is known.
fn estimate(app: &App, parts: i64) -> String {
    let price = app.channels().first_of("sms").and_then(|channel| match &channel.kind {
        ChannelKind::Sms { settings, .. } => settings.part_price_micros,
        ChannelKind::Email { .. } => None,
    });
    price.filter(|_| parts > 0).map(|price| pounds(parts.saturating_mul(price))).unwrap_or_default()
}

/// `1 text`, `19,138 texts`.
fn many(count: i64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A figure in groups of three.
fn grouped(count: i64) -> String {
    let digits = count.to_string();
    let threes: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|three| std::str::from_utf8(three).ok()).collect();
    threes.join(",")
}

/// Millionths of a pound as pounds and pence, rounded up.
pub(in crate::web) fn pounds(micros: i64) -> String {
    let pence = micros.saturating_add(9_999) / 10_000;
    format!("£{}.{:02}", grouped(pence / 100), pence % 100)
}

/// Why there is no button for plain punctuation, where the text is dear.
fn not_plainer(text: &str, cost: &Cost, as_sent: impl Fn(&str) -> String) -> String {
    if cost.dear_all.is_empty() || segments::saving_as(text, &as_sent).is_some() {
        return String::new();
    }
    let left = segments::count(&as_sent(&segments::fold(text).text)).dear_all;
    match left.first() {
        None => " Plain punctuation would make no fewer parts.".to_owned(),
        Some(_) if cost.welsh => String::new(),
        Some(first) => format!(" Plain punctuation would not help: {} has no plain form. Take it out to save.", character(*first)),
    }
}

/// Which characters cost so much, for people.
fn dear(cost: &Cost) -> String {
    const SHOWN: usize = 6;
    let Some((last, others)) = cost.dear_all.split_last() else { return String::new() };
    let (list, more) = if cost.dear_all.len() > SHOWN {
        let shown: Vec<String> = cost.dear_all.iter().take(SHOWN).map(|c| character(*c)).collect();
        (shown.join(", "), format!(" and {} more", cost.dear_all.len() - SHOWN))
    } else if others.is_empty() {
        (character(*last), String::new())
    } else {
        let others: Vec<String> = others.iter().map(|c| character(*c)).collect();
        (others.join(", "), format!(" and {}", character(*last)))
    };
    let room = if cost.segments > 1 { "67 characters instead of 153" } else { "70 characters instead of 160" };
    let welsh = if cost.welsh { " Welsh letters are right as they are." } else { "" };
    format!("Not in the phone alphabet: {list}{more}. A part holds {room}.{welsh}")
}

/// A character in a list; one that cannot be seen by its name.
fn character(c: char) -> String {
    match c {
        '\t' => "a tab".to_owned(),
        '\u{a0}' | '\u{202f}' => "a no-break space".to_owned(),
        c if c.is_whitespace() => "an unusual space".to_owned(),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {
            "an invisible character".to_owned()
        }
        c if c.is_control() => "a control character".to_owned(),
        '\u{300}'..='\u{36f}' => format!("◌{c}"),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_in_pounds_and_pence_rounded_up() {
        for (micros, text) in [(0, "£0.00"), (1, "£0.01"), (42_000, "£0.05"), (336_000_000, "£336.00"), (1_234_567_890_000, "£1,234,567.89")] {
            assert_eq!(pounds(micros), text);
        }
    }

    #[test]
    fn where_an_emoji_makes_it_dear_the_page_says_why_plain_punctuation_does_not_help() {
        let said = |text: &str| not_plainer(text, &segments::count(text), str::to_owned);
        assert!(said("Seen this van? 🚐").contains("🚐 has no plain form"));
        assert_eq!(said("Seen this van?"), "");
        assert_eq!(said("Seen it – please ring"), " Plain punctuation would make no fewer parts.");
        assert_eq!(said(&"It’s him. ".repeat(10)), "", "the button is there");
    }
}
