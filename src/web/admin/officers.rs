//! `/admin/officers`: every account, searched by name, address, role and team; and the form for a new one.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Choice, may_administer, query, role_in_words, roles};
use crate::accounts::officers::{self, Account, ChangeOutcome};
use crate::domain::officer::Role;
use crate::store::accounts::{self, TeamRow};
use crate::store::factors;
use crate::store::views::administration;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "admin/officers.html")]
struct OfficersPage {
    shell: Shell,
    officers: Vec<OfficerView>,
    /// Accounts in all.
    total: usize,
    asked: String,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    /// Disabled ones are shown as well.
    closed: bool,
    as_of: When,
}

struct OfficerView {
    id: i64,
    name: String,
    email: String,
    role: &'static str,
    reads_replies: bool,
    team: String,
    away: Option<When>,
    disabled: bool,
    has_codes: bool,
    seen: Option<When>,
}

#[derive(Template)]
#[template(path = "admin/officer_new.html")]
struct NewPage {
    shell: Shell,
    email: String,
    name: String,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    reads_replies: bool,
    errors: Vec<FieldError>,
}

/// The teams to choose from, with "no team" first.
pub(super) fn team_choices(teams: &[TeamRow], chosen: &str, none: &str) -> Vec<Choice> {
    let first = Choice::new("", none, chosen);
    std::iter::once(first).chain(teams.iter().map(|team| Choice::new(&team.id.to_string(), &team.name, chosen))).collect()
}

/// `GET /admin/officers`
pub async fn list(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let (asked, role, team) = (query(&request, "q"), query(&request, "role"), query(&request, "team"));
    let closed = query(&request, "closed") == "1";
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Officers", "admin").await?, app.now());
            let mut conn = app.read().await?;
            let rows = accounts::list_officers(&mut conn).await?;
            let teams = accounts::list_teams(&mut conn).await?;
            let (codes, seen) = (factors::list_standing(&mut conn).await?, administration::list_last_seen(&mut conn, now).await?);
            let total = rows.len();
            let words: Vec<String> = asked.to_lowercase().split_whitespace().map(str::to_owned).collect();
            let fits = |row: &&accounts::OfficerRow| {
                let text = format!("{} {}", row.name.to_lowercase(), row.email);
                words.iter().all(|word| text.contains(word))
                    && (role.is_empty() || row.role == role)
                    && (team.is_empty() || row.team_id.is_some_and(|id| id.to_string() == team))
                    && (closed || row.disabled_at.is_none())
            };
            let view = |row: &accounts::OfficerRow| OfficerView {
                id: row.id,
                name: row.name.clone(),
                email: row.email.clone(),
                role: role_in_words(&row.role),
                reads_replies: row.reads_replies,
                team: teams.iter().find(|team| Some(team.id) == row.team_id).map(|team| team.name.clone()).unwrap_or_default(),
                away: row.away_until.filter(|until| *until > now).map(|until| When::at(until, now)),
                disabled: row.disabled_at.is_some(),
                has_codes: codes.contains(&row.id),
                seen: seen.iter().find(|seen| seen.officer_id == row.id).map(|seen| When::at(seen.last_at, now)),
            };
            let officers = rows.iter().filter(fits).map(view).collect();
            let mut roles = roles(&role);
            roles.insert(0, Choice::new("", "Any role", &role));
            let teams = team_choices(&teams, &team, "Any team");
            Ok::<_, AppError>(OfficersPage { shell, officers, total, asked, roles, teams, closed, as_of: When::at(now, now) })
        })
        .await?;
    shell::page(&page)
}

async fn new_page(officer: &Officer, account: Option<&Account>, errors: Vec<FieldError>) -> Result<NewPage, AppError> {
    let (visitor, row, app) = (officer.visitor.clone(), officer.row.clone(), officer.app().clone());
    let (shell, teams) = app
        .clone()
        .run(async move {
            let shell = shell::officer(&visitor, &row, "Add an officer", "admin").await?;
            Ok::<_, AppError>((shell, accounts::list_teams(&mut app.read().await?).await?))
        })
        .await?;
    let team = account.and_then(|account| account.team_id).map(|id| id.to_string()).unwrap_or_default();
    Ok(NewPage {
        shell,
        email: account.map(|account| account.email.clone()).unwrap_or_default(),
        name: account.map(|account| account.name.clone()).unwrap_or_default(),
        roles: roles(account.map_or("officer", |account| account.role.as_str())),
        teams: team_choices(&teams, &team, "No team"),
        reads_replies: account.is_some_and(|account| account.reads_replies),
        errors,
    })
}

/// `GET /admin/officers/new`
pub async fn new(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&new_page(&officer, None, Vec::new()).await?)
}

/// The account as the form has it.
pub(super) fn account_in(fields: &Fields) -> Result<Account, AppError> {
    let role: Role = fields.one("role").parse().map_err(|_| AppError::Invalid("Choose a role from the list.".to_owned()))?;
    Ok(Account {
        email: fields.one("email").trim().to_owned(),
        name: fields.one("name").trim().to_owned(),
        role,
        team_id: fields.one("team").parse().ok(),
        reads_replies: fields.has("reads_replies"),
    })
}

/// `POST /admin/officers`
pub async fn add(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let account = account_in(&fields)?;
    let (app, by, asked) = (officer.app().clone(), officer.row.id, account.clone());
    match app.clone().run(async move { officers::add(&app, by, &asked).await }).await? {
        Ok(id) => Ok(shell::redirect_with(&format!("/admin/officers/{id}"), "Added. Make a link below, by which they choose a password.")),
        Err(ChangeOutcome::Refused(field, sentence)) => {
            shell::page_with_errors(&new_page(&officer, Some(&account), vec![FieldError::new(field, &sentence)]).await?)
        }
        Err(ChangeOutcome::Nobody | ChangeOutcome::Done) => Err(AppError::NotFound),
    }
}
