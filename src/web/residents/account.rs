//! `/account`: what we hold of a resident, and changes to it.

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::sessions;
use crate::residents::{places, preferences};
use crate::store::places as groups_of;
use crate::web::alerts::compose::{GroupChoice, group_choices};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Realm, Resident, session_cookie_name};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "residents/account.html")]
struct AccountPage {
    shell: Shell,
    name: String,
    postcode: String,
    place: String,
    groups: Vec<GroupChoice>,
    addresses: Vec<AddressRow>,
    errors: Vec<FieldError>,
}

struct AddressRow {
    id: String,
    label: String,
    address: String,
    on: bool,
    stopped: Option<String>,
}

/// `GET /account`
pub async fn show(resident: Resident) -> Result<HttpResponse, AppError> {
    shell::page(&build(&resident, Vec::new()).await?)
}

async fn build(resident: &Resident, errors: Vec<FieldError>) -> Result<AccountPage, AppError> {
    let shell = shell::public(&resident.visitor, "Your account", "account");
    let (app, row) = (resident.visitor.app.clone(), resident.row.clone());
    let (held, groups, now) = app
        .clone()
        .run(async move {
            let held = preferences::read(&app, row).await?;
            let mut conn = app.read().await?;
            let slugs: Vec<String> =
                groups_of::list_groups(&mut conn).await?.into_iter().filter(|group| held.groups.contains(&group.id)).map(|group| group.slug).collect();
            let groups = group_choices(&mut conn, &slugs).await?;
            Ok::<_, AppError>((held, groups, app.now()))
        })
        .await?;
    let addresses = held
        .addresses
        .iter()
        .map(|(row, standing)| AddressRow {
            id: row.id.to_string(),
            label: if row.kind == "phone" { "Text messages" } else { "E-mail" }.to_owned(),
            address: if row.kind == "phone" { crate::domain::address::display_number(&row.value) } else { row.value.clone() },
            on: row.enabled && standing.is_none(),
            stopped: standing.as_ref().map(|standing| {
                let when = When::at(standing.created_at, now).text;
                match standing.reason.as_str() {
                    "stop" => format!("You texted STOP ({when})."),
                    "asked_by_mail" => format!("You asked by e-mail to stop ({when})."),
                    "one_click" => format!("You used the link in an e-mail to stop ({when})."),
                    _ => format!("Stopped ({when})."),
                }
            }),
        })
        .collect();
    Ok(AccountPage { shell, name: held.resident.name, postcode: held.resident.postcode, place: held.places.join(", "), groups, addresses, errors })
}

/// `POST /account`
pub async fn change(resident: Resident, fields: Fields) -> Result<HttpResponse, AppError> {
    resident.visitor.check_form(fields.one("csrf"))?;
    let (name, postcode) = (fields.one("name").trim().to_owned(), fields.one("postcode").trim().to_owned());
    let mut errors = Vec::new();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        errors.push(FieldError::new("name", "Enter your name, in 100 characters or fewer"));
    }
    let app = resident.visitor.app.clone();
    let asked = postcode.clone();
    let place = app.clone().run(async move { places::find(&mut app.read().await?, &asked).await }).await?;
    let Some(place) = place.filter(|_| errors.is_empty()) else {
        if errors.is_empty() {
            errors.push(FieldError::new("postcode", "Enter a postcode in Derbyshire, like DE1 3AB"));
        }
        let page = AccountPage { name, postcode, ..build(&resident, errors).await? };
        return shell::page_with_errors(&page);
    };
    let changes = preferences::Changes {
        name,
        postcode: place.postcode,
        groups: fields.all("group"),
        on: fields.with_prefix("use_").iter().filter_map(|id| id.parse().ok()).collect(),
    };
    let (app, id) = (resident.visitor.app.clone(), resident.row.id);
    app.clone().run(async move { preferences::change(&app, id, &changes).await }).await?;
    Ok(shell::redirect_with("/account", "Your changes are saved."))
}

/// `POST /account/sign-out`
pub async fn sign_out(resident: Resident, fields: Fields) -> Result<HttpResponse, AppError> {
    resident.visitor.check_form(fields.one("csrf"))?;
    if let Some(session) = resident.visitor.session.clone() {
        let app = resident.visitor.app.clone();
        app.clone().run(async move { sessions::end(&app, session.row.id).await }).await?;
    }
    let mut response = shell::redirect("/");
    let https = resident.visitor.app.config().server.is_https();
    let mut gone = actix_web::cookie::Cookie::build(session_cookie_name(&resident.visitor.app, Realm::Residents), "").path("/").secure(https).finish();
    gone.make_removal();
    response.add_cookie(&gone).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}
